"""A remote file read forward in parts, some ahead of the reader, each tried again."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO, Final, cast

from dicom_pipeline.sources.patience import patiently

PART_BYTES: Final = 4 * 1024**2
_AHEAD: Final = 4  # parts in memory for each file that is being read

Fetch = Callable[[int, int], bytes]
"""Gives the bytes from a start up to an end, all of them, or raises ``ItemError``."""


class PartReader:
    """The bytes of one version of a remote file; a cut costs one part.

    Attributes:
        fetch: Called by several threads; what it raises may pass.
        size: Bytes of the file.
        part_bytes: Bytes per request.
    """

    def __init__(self, fetch: Fetch, size: int, part_bytes: int = PART_BYTES) -> None:
        """Ask for nothing yet."""
        self._fetch, self._size, self._part = fetch, size, part_bytes
        self._starts = iter(range(0, size, part_bytes))
        self._flying: deque[Future[bytes]] = deque()
        self._pool = ThreadPoolExecutor(_AHEAD) if size > part_bytes else None
        self._left = b""

    def read(self, size: int = -1) -> bytes:
        """Read on, at most to the end of a part; nothing at the end of the file."""
        if not self._left:
            self._left = self._next()
        cut = len(self._left) if size < 0 else size
        chunk, self._left = self._left[:cut], self._left[cut:]
        return chunk

    def __enter__(self) -> BinaryIO:
        """Return itself, as far as a reader needs a file."""
        return cast("BinaryIO", self)

    def __exit__(self, *_: object) -> None:
        """Drop what was asked for ahead."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _next(self) -> bytes:
        if self._pool is None:
            start = next(self._starts, None)
            return b"" if start is None else self._part_at(start)
        while len(self._flying) < _AHEAD:
            start = next(self._starts, None)
            if start is None:
                break
            self._flying.append(self._pool.submit(self._part_at, start))
        return self._flying.popleft().result() if self._flying else b""

    def _part_at(self, start: int) -> bytes:
        end = min(start + self._part, self._size)
        return patiently(lambda: self._fetch(start, end))
