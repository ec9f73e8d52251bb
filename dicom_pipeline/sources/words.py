"""From a word of the command line to the source that it means."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from dicom_pipeline.dicom.header import FIRST_RANGE, Ignored, extract
from dicom_pipeline.dicom.reasons import IgnoredReason
from dicom_pipeline.sources.dicomweb import DicomWeb
from dicom_pipeline.sources.folder import Folder
from dicom_pipeline.sources.idc import Idc
from dicom_pipeline.sources.s3 import S3
from dicom_pipeline.sources.source import Source
from dicom_pipeline.sources.url import Url


class UnknownSourceError(ValueError):
    """The word is neither a path that exists nor an address of a known kind."""


_SCHEMES: Final[Mapping[str, Callable[[str], Source]]] = {
    "http://": Url,
    "https://": Url,
    "dicomweb+http://": DicomWeb.parse,
    "dicomweb+https://": DicomWeb.parse,
    "idc:": Idc.at,
    "s3://": S3.at,
}
"""What an address begins with, and what it is; the longest beginning wins."""

KNOWN: Final = ("folder, file, ZIP or TAR", *_SCHEMES)


def source_of(word: str) -> Source:
    """Return the source that a word means.

    Raises:
        UnknownSourceError: It means none; the message lists what is known.
    """
    for scheme in sorted(_SCHEMES, key=len, reverse=True):
        if word.lower().startswith(scheme) and word[len(scheme) :].strip():
            return _SCHEMES[scheme](word)
    path = Path(word)
    if word and path.exists():
        return Folder(path.absolute().parent if _is_dicomdir(path) else path)
    what = "no such kind of address" if "://" in word else "no such file or folder"
    raise UnknownSourceError(f"{what}; a source is one of: {', '.join(KNOWN)}")


def _is_dicomdir(path: Path) -> bool:
    """Whether it is the index of a medium, which means all its files."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            outcome = extract(file.read(FIRST_RANGE), path.stat().st_size)
    except OSError:
        return False  # the push counts it
    return isinstance(outcome, Ignored) and outcome.reason is IgnoredReason.DICOMDIR
