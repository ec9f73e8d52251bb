"""The first bytes of an object as a file that knows where it was cut."""

import io
import zlib

UNPACKED_LIMIT = 16 * 1024 * 1024
"""Bytes of a deflated data set that are unpacked at most (PS3.5 A.5)."""

READ_LIMIT = 4_000_000
"""Reads of one file at most: about 1.5 million elements, 15 s (2026-11, noisy)."""

_ELEMENT_HEAD = 8  # tag, and length or VR with length (PS3.5 7.1)


class ShortReadError(Exception):
    """A read went beyond the prefix, or cannot be answered for good."""

    def __init__(self) -> None:
        """Say nothing of the bytes."""
        super().__init__("the prefix ends here")


class Prefix:
    """Reads the start of an object; a read beyond it is noted and refused.

    A parser may swallow the exception (pydicom does, inside sequences), so a result
    counts only while ``short`` is unset.

    Attributes:
        short: Whether a read went beyond the prefix but not beyond the object.
        wanted: Bytes from the start that such reads asked for.
        bad_deflate: Whether the stream did not inflate.
        overflowed: Whether there is more than is unpacked or read.
        has_torn_element: Whether the object ends within the head of an element.
    """

    def __init__(self, data: bytes, size: int) -> None:
        """Hold ``data``, the first bytes of an object of ``size`` bytes."""
        file = io.BytesIO(data)
        self._read = file.read
        self._reads_left = READ_LIMIT
        self._length = len(data)
        self._size = max(size, len(data))
        self.tell = file.tell
        self.seek = file.seek
        self.short = False
        self.wanted = 0
        self.bad_deflate = False
        self.overflowed = False
        self.has_torn_element = False

    @property
    def at_end(self) -> bool:
        """Whether everything was read."""
        return self.tell() >= self._size

    def read(self, count: int = -1) -> bytes:
        """Return ``count`` bytes, or fewer at the end of the object.

        Without a count (only a deflated data set is read so) the rest of the object.

        Raises:
            ShortReadError: The prefix has fewer, the object more.
        """
        start = self.tell()
        data = self._read(count)
        self._reads_left -= 1
        if len(data) == count and self._reads_left:
            return data
        return self._ended(data, start, count)

    def _ended(self, data: bytes, start: int, count: int) -> bytes:
        """Tell the end of the prefix from the end of the object."""
        if not self._reads_left:
            self.overflowed = True
            raise ShortReadError
        if self._length < self._size:
            end = self._size if count < 0 else start + count
            self.short = True
            self.wanted = max(self.wanted, min(end, self._size))
            raise ShortReadError
        if count < 0:
            return self._bounded(data)
        if count == _ELEMENT_HEAD and any(data):
            self.has_torn_element = True
        return data

    def _bounded(self, data: bytes) -> bytes:
        """Return the deflated ``data``; packed anew where it is too much, or cut."""
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            unpacked = inflater.decompress(data, UNPACKED_LIMIT)
        except zlib.error:
            self.bad_deflate = True
            raise ShortReadError from None
        if inflater.eof:
            return data
        self.overflowed = len(unpacked) >= UNPACKED_LIMIT
        self.bad_deflate = not self.overflowed
        packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
        return packer.compress(unpacked) + packer.flush()
