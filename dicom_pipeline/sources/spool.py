"""Bytes that can be read only once, kept on disk until they are sent."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final, cast

_IN_MEMORY_BYTES: Final = 1024**2  # more goes to the temporary folder (TMPDIR)
_COPY_BYTES: Final = 1024**2


class Spool:
    """A copy of a stream; small ones stay in memory."""

    def __init__(self) -> None:
        """Begin empty."""
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115
        self.bytes = 0

    @property
    def file(self) -> BinaryIO:
        """The copy, to be read and sought by one user."""
        return cast("BinaryIO", self._file)

    def take(self, source: BinaryIO, at_most: int | None = None) -> int:
        """Append what is left of ``source`` and return how much that was."""
        taken = 0
        while at_most is None or taken < at_most:
            size = _COPY_BYTES if at_most is None else min(_COPY_BYTES, at_most - taken)
            chunk = source.read(size)
            if not chunk:
                break
            self.write(chunk)
            taken += len(chunk)
        return taken

    def write(self, chunk: bytes) -> None:
        """Append bytes."""
        self._file.write(chunk)
        self.bytes += len(chunk)

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Give the bytes from their beginning; one reader at a time."""
        self._file.seek(0)
        yield self.file

    def close(self) -> None:
        """Forget the bytes."""
        self._file.close()
