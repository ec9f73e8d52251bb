"""The one part of a multipart answer, as it comes (RFC 2046 5.1).

PS3.18 8.7.3.5 wraps every retrieved object in ``multipart/related``. Only a few
kilobytes of it are in memory at any time, and the bytes inside are handed on as they
are.
"""

from collections.abc import Iterator
from email.message import Message
from typing import Final

from dicom_pipeline.sources.source import INCOMPLETE, ItemError

BAD_MULTIPART: Final = "bad_multipart"
SEVERAL_PARTS: Final = "several_parts"
WRONG_TYPE: Final = "wrong_type"

_LONGEST_HEAD: Final = 64 * 1024  # before the first boundary, and of part headers
_TYPES: Final = ("application/dicom", "application/octet-stream")


def boundary_of(content_type: str) -> bytes:
    """Return the boundary that a ``multipart/related`` header names.

    Raises:
        ItemError: It is another type, or names none.
    """
    header = Message()
    header["Content-Type"] = content_type
    if header.get_content_type() != "multipart/related":
        raise ItemError(WRONG_TYPE)
    boundary = header.get_boundary()
    if not boundary or not boundary.isascii():
        raise ItemError(BAD_MULTIPART)
    return boundary.encode()


def only_part(chunks: Iterator[bytes], boundary: bytes) -> Iterator[bytes]:
    """Yield the body of the only part of an answer.

    Raises:
        ItemError: There is no part, more than one, or the end is missing; the last
            may be known only after the body was yielded.
    """
    arriving = _Arriving(chunks)
    arriving.until(b"--" + boundary)
    if arriving.until(b"\r\n").strip():
        raise ItemError(BAD_MULTIPART)
    _check_type(arriving)
    end = b"\r\n--" + boundary
    yield from arriving.stream_until(end)
    if not arriving.at_least(2).startswith(b"--"):
        raise ItemError(SEVERAL_PARTS)


def _check_type(arriving: "_Arriving") -> None:
    """Read the part's headers: an error page inside of a part is no object."""
    found = ""
    while line := arriving.until(b"\r\n"):
        name, _, value = line.decode("latin-1").partition(":")
        if name.strip().lower() == "content-type":
            found = value.split(";")[0].strip().lower()
    if found and found not in _TYPES:
        raise ItemError(WRONG_TYPE)


class _Arriving:
    """What has come and was not handed on yet."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._held = chunks, bytearray()

    def until(self, end: bytes) -> bytes:
        """Return what comes before ``end``, and go past that."""
        while (at := self._held.find(end)) < 0:
            if len(self._held) > _LONGEST_HEAD:
                raise ItemError(BAD_MULTIPART)
            self._more()
        found = bytes(self._held[:at])
        del self._held[: at + len(end)]
        return found

    def stream_until(self, end: bytes) -> Iterator[bytes]:
        """Yield what comes before ``end``, and go past that."""
        while (at := self._held.find(end)) < 0:
            sure = len(self._held) - len(end) + 1  # the rest may begin the end
            if sure > 0:
                yield bytes(self._held[:sure])
                del self._held[:sure]
            self._more()
        yield bytes(self._held[:at])
        del self._held[: at + len(end)]

    def at_least(self, size: int) -> bytes:
        """Return what has come, once it is ``size`` bytes."""
        while len(self._held) < size:
            self._more()
        return bytes(self._held)

    def _more(self) -> None:
        chunk = next(self._chunks, b"")
        if not chunk:
            raise ItemError(INCOMPLETE, passing=True)
        self._held += chunk
