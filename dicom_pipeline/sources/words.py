"""From a word of the command line to the source that it means."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from dicom_pipeline.sources.dicomweb import DicomWeb
from dicom_pipeline.sources.folder import Folder
from dicom_pipeline.sources.source import Source
from dicom_pipeline.sources.url import Url


class UnknownSourceError(ValueError):
    """The word is neither a path that exists nor an address of a known kind."""


_SCHEMES: Final[Mapping[str, Callable[[str], Source]]] = {
    "http://": Url,
    "https://": Url,
    "dicomweb+http://": DicomWeb.parse,
    "dicomweb+https://": DicomWeb.parse,
}
"""What an address begins with, and what it is; the longest beginning wins."""

KNOWN: Final = ("folder or file", *_SCHEMES)


def source_of(word: str) -> Source:
    """Return the source that a word means.

    Raises:
        UnknownSourceError: It means none; the message lists what is known.
    """
    for scheme in sorted(_SCHEMES, key=len, reverse=True):
        if word.lower().startswith(scheme):
            return _SCHEMES[scheme](word)
    if Path(word).exists():
        return Folder(Path(word))
    what = "no such kind of address" if "://" in word else "no such file or folder"
    raise UnknownSourceError(f"{what}; a source is one of: {', '.join(KNOWN)}")
