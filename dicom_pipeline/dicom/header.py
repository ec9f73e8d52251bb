"""The seam: the first bytes of an object in, a header or the reason why not out."""

from dicom_pipeline.dicom.outcome import (
    Bulk,
    Header,
    Ignored,
    Json,
    NeedMore,
    ReadIssue,
    Refused,
    first_text,
)
from dicom_pipeline.dicom.plausible import begins_like_dicom
from dicom_pipeline.dicom.prefix import Prefix
from dicom_pipeline.dicom.quiet import silence
from dicom_pipeline.dicom.reasons import IgnoredReason, QuarantineReason
from dicom_pipeline.dicom.scan import BeyondPrefixError, Scanned, scan
from dicom_pipeline.dicom.tolerant import Stop, TooManyElementsError, is_recursion, read
from dicom_pipeline.dicom.walk import Walk

READER_VERSION = "2"
"""Changes whenever the same bytes may give another header."""

FIRST_RANGE = 64 * 1024
"""Bytes to fetch first: 83 % of 1,268 files need no more (2026-11)."""

LARGEST_RANGE = 64 * 1024 * 1024
"""Bytes to fetch at most; a longer header is refused."""

_AHEAD = 4096  # past the value that was asked for, the next elements follow

Outcome = Header | NeedMore | Refused | Ignored

__all__ = [
    "FIRST_RANGE",
    "LARGEST_RANGE",
    "READER_VERSION",
    "Bulk",
    "Header",
    "Ignored",
    "Json",
    "NeedMore",
    "Outcome",
    "ReadIssue",
    "Refused",
    "extract",
    "read_tolerantly",
]

MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"
"""SOP Class of a DICOMDIR (PS3.6 A)."""

_ODD = frozenset("13579BDF")  # last digit of a private group, PS3.5 7.8

_IDENTITY = (
    ("00080018", QuarantineReason.MISSING_SOP_INSTANCE_UID),
    ("0020000D", QuarantineReason.MISSING_STUDY_INSTANCE_UID),
    ("0020000E", QuarantineReason.MISSING_SERIES_INSTANCE_UID),
)


def extract(prefix: bytes, size: int) -> Outcome:
    """Read the header of one object from its first bytes.

    A prefix that ends inside the header is never taken for a short header. Nothing is
    raised, logged or warned of: what a parser says quotes the values of patients.

    Args:
        prefix: First bytes of the object, ``FIRST_RANGE`` to begin with.
        size: Bytes of the whole object.

    Returns:
        The header; or ``NeedMore``, to call again with the bytes that it wants; or
        ``Refused`` or ``Ignored`` with the reason.
    """
    if size == 0:
        return Refused(QuarantineReason.EMPTY)
    with silence():
        return _outcome(prefix, size)


def _outcome(prefix: bytes, size: int) -> Outcome:
    begins = begins_like_dicom(prefix, size)
    if begins is None:
        return NeedMore(min(size, FIRST_RANGE))
    if not begins:
        return Refused(QuarantineReason.NOT_DICOM)
    try:
        return _header(scan(prefix, size))
    except BeyondPrefixError as error:
        return _wish(error.needed, len(prefix), size)
    except Exception:  # noqa: BLE001  whatever it is, the tolerant reader may know it
        return read_tolerantly(prefix, size)


def read_tolerantly(prefix: bytes, size: int) -> Outcome:
    """Read with pydicom, as ``extract`` does with what is not strictly standard."""
    file, stop = Prefix(prefix, size), Stop()
    answer: Outcome
    try:
        dataset, meta = read(file, stop)
        refused = None if stop.at_pixels else _unfinished(file)
        found = Scanned(meta, dataset, file.tell(), stop.at_pixels)
        answer = Refused(refused) if refused else _header(found)
    except Exception as error:  # noqa: BLE001  a parser of any bytes raises anything
        answer = Refused(_reason(error, file))
    if stop.in_directory:
        return Ignored(IgnoredReason.DICOMDIR)
    return _wish(file.wanted, len(prefix), size) if file.short else answer


def _wish(needed: int, have: int, size: int) -> NeedMore | Refused:
    """Ask for four times as much: a header is parsed anew for every range."""
    if needed > LARGEST_RANGE:
        return Refused(QuarantineReason.HEADER_TOO_LARGE)
    return NeedMore(min(max(4 * have, needed + _AHEAD), LARGEST_RANGE, size))


def _reason(error: Exception, file: Prefix) -> QuarantineReason:
    """Say why a parser gave up; what it says itself is not repeated."""
    if is_recursion(error):
        return QuarantineReason.NESTED_TOO_DEEP
    if file.bad_deflate:
        return QuarantineReason.BAD_DEFLATE
    if file.overflowed or isinstance(error, TooManyElementsError | MemoryError):
        return QuarantineReason.HEADER_TOO_LARGE
    return QuarantineReason.TRUNCATED if file.at_end else QuarantineReason.UNREADABLE


def _header(found: Scanned) -> Outcome:
    walk = Walk()
    dataset, meta = walk.json(found.dataset), Walk().json(found.meta)
    if walk.cut:
        return Refused(QuarantineReason.TRUNCATED)
    private = [tag for tag in dataset if tag[3] in _ODD]
    header = Header(
        dataset=dataset,
        file_meta=meta,
        private_creators=_creators(dataset, private),
        private_element_count=len(private),
        element_count=walk.element_count,
        header_bytes=found.end,
        has_pixel_data=found.at_pixels,
        bulk=tuple(walk.bulk),
        issues=tuple(walk.issues),
    )
    return _named(header)


def _named(header: Header) -> Header | Refused | Ignored:
    """Refuse where an identifying UID is missing or not one; a directory has none."""
    for tag, missing in _IDENTITY:
        if not header.text(tag):
            if first_text(header.file_meta, "00020002") == MEDIA_STORAGE_DIRECTORY:
                return Ignored(IgnoredReason.DICOMDIR)
            return Refused(missing, header)
        if len(header.dataset[tag]["Value"]) > 1:
            return Refused(QuarantineReason.INVALID_UID, header)
    return header


def _unfinished(file: Prefix) -> QuarantineReason | None:
    """Whether reading ended before the object did."""
    if file.overflowed:
        return QuarantineReason.HEADER_TOO_LARGE
    if file.bad_deflate:
        return QuarantineReason.BAD_DEFLATE
    if not file.at_end:
        return QuarantineReason.UNREADABLE
    return QuarantineReason.TRUNCATED if file.has_torn_element else None


def _creators(dataset: Json, private: list[str]) -> tuple[str, ...]:
    """Private creators (gggg,0010-00FF), PS3.5 7.8.1."""
    reserved = [tag for tag in private if "0010" <= tag[4:] <= "00FF"]
    return tuple(text for tag in reserved if (text := first_text(dataset, tag)))
