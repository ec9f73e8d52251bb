"""Compressed files as streams that are read once, in bounded memory."""

import bz2
import gzip
import lzma
from collections.abc import Callable
from typing import BinaryIO, Final, cast

import pyarrow as pa

from dicom_pipeline.sources.archive.kinds import Kind

_XZ_MEMORY_BYTES: Final = (
    256 * 1024**2
)  # xz -9 needs 65 MiB; a header may ask for 4 GiB
_READ_BYTES: Final = 256 * 1024


def inflated(kind: Kind, stream: BinaryIO) -> BinaryIO:
    """Return what a compressed stream holds; damage is an error while reading."""
    return _OPENERS[kind](stream)


class _Xz:
    """One or more xz streams; ``lzma.LZMAFile`` knows no memory limit."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._inflater = stream, _xz()
        self._left = b""

    def read(self, size: int = -1) -> bytes:
        """Read some bytes; none at the end."""
        return self._more(size)

    def _more(self, size: int) -> bytes:
        while True:
            if self._inflater.eof:
                self._left = self._inflater.unused_data.lstrip(b"\0")  # padding
                self._left = self._left or self._stream.read(_READ_BYTES)
                if not self._left:
                    return b""
                self._inflater = _xz()
            elif self._inflater.needs_input and not self._left:
                self._left = self._stream.read(_READ_BYTES)
                if not self._left:
                    raise EOFError
            packed, self._left = self._left, b""
            if chunk := self._inflater.decompress(packed, size):
                return chunk


def _xz() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY_BYTES)


class _Borrowed:
    """A stream that Arrow reads and may not close."""

    closed = False

    def __init__(self, stream: BinaryIO) -> None:
        self.read = stream.read

    def close(self) -> None:
        """Leave it to its owner."""


def _zstd(stream: BinaryIO) -> BinaryIO:
    """Zstandard by Arrow, as Python has it from 3.14; its window is 128 MiB at most."""
    file = pa.PythonFile(_Borrowed(stream), mode="r")
    return cast("BinaryIO", pa.CompressedInputStream(file, "zstd"))


_OPENERS: Final[dict[Kind, Callable[[BinaryIO], BinaryIO]]] = {
    Kind.GZIP: lambda stream: cast("BinaryIO", gzip.GzipFile(fileobj=stream)),
    Kind.BZIP2: lambda stream: cast("BinaryIO", bz2.BZ2File(stream)),
    Kind.XZ: lambda stream: cast("BinaryIO", _Xz(stream)),
    Kind.ZSTD: _zstd,
}
