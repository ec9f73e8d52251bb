"""What a JPEG says beside its picture."""

import re
from collections.abc import Iterator

_NEXT = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)
_BARE = range(0xD0, 0xDA)  # restart, start and end of image: no length follows
_EOI = 0xD9
_LENGTH_BYTES = 2


def beside_the_picture(jpeg: bytes) -> bytes:
    """Return every segment and what follows the picture, without entropy-coded data.

    DICOM: none; ISO/IEC 10918-1 B.1.1, markers and segments.
    """
    return b"\n".join(_segments(jpeg))


def _segments(jpeg: bytes) -> Iterator[bytes]:
    at = 0
    while found := _NEXT.search(jpeg, at):
        start, marker = found.end(), found[0][1]
        length = 0 if marker in _BARE else int.from_bytes(jpeg[start : start + 2])
        at = start + length
        yield jpeg[start + _LENGTH_BYTES : at]  # a length may look like a letter
        if marker == _EOI:
            yield jpeg[at:]
            return
        if length < _LENGTH_BYTES and marker not in _BARE:
            yield jpeg[at:]  # no segment has so little: say everything that is left
            return
