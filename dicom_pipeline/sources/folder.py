"""Folders and files of this machine as a source.

File names may name a person: a key repeats them, nothing else does.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from dicom_pipeline.sources.etags import etag
from dicom_pipeline.sources.source import (
    NOT_A_FILE,
    UNREADABLE,
    UNREADABLE_FOLDER,
    Expected,
    Failed,
    Found,
    Item,
    spelled,
)

__all__ = ["Folder", "etag"]


@dataclass(frozen=True)
class Folder:
    """A folder with everything below it, or one file.

    A key is the path below the given folder, after that folder's own name. Links are
    followed, each folder once.

    Attributes:
        path: As given.
    """

    path: Path = field(repr=False)

    @cached_property
    def _root(self) -> Path:
        return Path(os.path.abspath(self.path))  # noqa: PTH100  # a link keeps its name

    @cached_property
    def _name(self) -> str:
        return spelled(self._root.name or "root")

    @property
    def prefix(self) -> str:
        """Name of the folder or file."""
        return f"{self._name}/" if self._root.is_dir() else self._name

    def expected(self) -> Expected:
        """Walk once for names and sizes."""
        sizes = [item.bytes or 0 for item in self.items() if isinstance(item, Item)]
        return Expected(len(sizes), sum(sizes))

    def items(self) -> Iterator[Found]:
        """Yield files in path order."""
        if not self._root.is_dir():
            yield _item(self._root, self._name)
            return
        seen: set[tuple[int, int]] = set()
        _first(self._root, seen)
        unreadable: list[Found] = []

        def count(_: OSError) -> None:
            unreadable.append(Failed(UNREADABLE_FOLDER))

        walk = os.walk(self._root, onerror=count, followlinks=True)
        for folder, folders, files in walk:
            here = Path(folder)
            folders[:] = sorted(name for name in folders if _first(here / name, seen))
            for name in sorted(files):
                below = (here / name).relative_to(self._root).as_posix()
                yield _item(here / name, f"{self._name}/{spelled(below)}")
        yield from unreadable


def _first(folder: Path, seen: set[tuple[int, int]]) -> bool:
    """Whether the folder is met for the first time; a link may lead back to it."""
    try:
        status = folder.stat()
    except OSError:
        return True  # the walk itself will count it
    identity = (status.st_dev, status.st_ino)
    known = identity in seen
    seen.add(identity)
    return not known


def _item(path: Path, key: str) -> Found:
    try:
        status = path.stat()
    except OSError:
        return Failed(UNREADABLE)
    if not stat.S_ISREG(status.st_mode):
        return Failed(NOT_A_FILE)  # opening a pipe would wait for ever
    return Item(key, lambda: path.open("rb"), status.st_size, path=path)
