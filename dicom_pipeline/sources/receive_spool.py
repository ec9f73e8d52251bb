"""Where a received object lies until the bucket has it.

pynetdicom writes each data set to a temporary file as it comes in. A full disk would
end the association there, in the middle of a state machine; so the files that it gets
swallow what they cannot keep and say so afterwards, when the sender can be answered.
"""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkstemp
from typing import IO
from uuid import uuid4

from pynetdicom import dimse_messages


class SpoolFile:
    """One object on its way; takes every byte, keeps those that there is room for."""

    def __init__(self, spool: "Spool", file: IO[bytes] | None, name: str) -> None:
        """Begin with nothing written; without a file there is no room at all."""
        self.name = name
        self.writer = threading.current_thread()
        self.full = file is None
        self.bytes = 0
        self._spool, self._file = spool, file

    @property
    def file(self) -> "SpoolFile":
        """What pynetdicom flushes after each fragment."""
        return self

    def flush(self) -> None:
        """Every write has been flushed already, where an error can be kept."""

    def write(self, data: bytes) -> int:
        """Keep ``data``, unless this object is too much already."""
        self.full = self.full or not self._spool.take(len(data))
        if self._file is not None and not self.full:
            self.bytes += len(data)
            try:
                self._file.write(data)
                self._file.flush()
            except OSError:
                self.full = True
        return len(data)

    def close(self) -> None:
        """Remove the file and give its room back."""
        self._spool.release(self)
        with contextlib.suppress(OSError):  # what could not be flushed goes anyway
            if self._file is not None:
                self._file.close()
        Path(self.name).unlink(missing_ok=True)


@dataclass
class Spool:
    """A folder for objects in flight, with a limit over all of them.

    Attributes:
        folder: Made with mode 0700; what a killed receiver left there is removed.
        limit_bytes: Of all files together.
    """

    folder: Path
    limit_bytes: int
    _files: dict[str, SpoolFile] = field(default_factory=dict)
    _bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """Let pynetdicom write here, in this process, for as long as it receives.

        It has no setting for the folder, and cannot be told what to do when a write
        fails; ``NamedTemporaryFile`` is the name by which it asks for a file (3.0.4).
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in self.folder.iterdir():
            left.unlink()
        names = vars(dimse_messages)
        theirs = names["NamedTemporaryFile"]
        names["NamedTemporaryFile"] = self.open
        try:
            yield
        finally:
            names["NamedTemporaryFile"] = theirs

    def open(self, **_: object) -> SpoolFile:
        """Return a new file, readable by this user alone."""
        try:
            number, name = mkstemp(suffix=".dcm", dir=self.folder)
            made = SpoolFile(self, open(number, "wb"), name)  # noqa: PTH123, SIM115
        except OSError:
            made = SpoolFile(self, None, str(self.folder / uuid4().hex))
        with self._lock:
            self._files[made.name] = made
        return made

    def find(self, path: Path) -> SpoolFile:
        """Return the open file at ``path``."""
        with self._lock:
            return self._files[str(path)]

    def take(self, size: int) -> bool:
        """Ask for room; ``False`` where there is none left."""
        with self._lock:
            has_room = self._bytes + size <= self.limit_bytes
            self._bytes += size if has_room else 0
            return has_room

    def release(self, file: SpoolFile) -> None:
        """Forget a file; nothing happens the second time."""
        with self._lock:
            if self._files.pop(file.name, None) is not None:
                self._bytes -= file.bytes

    def drop_files_of(self, writer: threading.Thread) -> None:
        """Remove what a connection that has ended left unfinished."""
        with self._lock:
            left = [file for file in self._files.values() if file.writer is writer]
        for file in left:
            file.close()
