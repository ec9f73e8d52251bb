"""The files that a check looks at: those of folders, and the members of archives."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from dicom_pipeline.sources.archive import HEAD_BYTES, kind_of, members_of
from dicom_pipeline.sources.source import Failed, Found, Item, ItemError

UNREADABLE_FILE: Final = "no_permission_or_gone"
NOT_A_FILE: Final = "not_a_file"
_COPY_BYTES: Final = 1024**2


@dataclass(frozen=True)
class Candidate:
    """One file to look at.

    Attributes:
        path: What it is called in the report; below its archive for a member.
        file: Where its bytes are; ``None`` where they cannot be had.
        reason: Why they cannot be had.
        is_copy: Whether ``file`` is a copy that is to be deleted.
    """

    path: str
    file: Path | None
    reason: str = ""
    is_copy: bool = False


def files_of(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield files and the files below folders, in order of path.

    Links to folders are not followed.
    """
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if not file.is_dir())
        else:
            yield path


def candidates_of(paths: Iterable[Path], copies: Path) -> Iterator[Candidate]:
    """Yield what is to be looked at; members are copied to the folder ``copies``."""
    names = (copies / str(number) for number in count())
    for path in files_of(paths):
        if path.exists() and not path.is_file():
            yield Candidate(str(path), None, NOT_A_FILE)  # a pipe would never end
        elif _is_archive(path):
            yield from _members(path, names)
        else:
            yield Candidate(str(path), path)


def _is_archive(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return kind_of(file.read(HEAD_BYTES)) is not None
    except OSError:
        return False  # whoever reads it will say so


def _members(path: Path, names: Iterator[Path]) -> Iterator[Candidate]:
    archive = Item(str(path), lambda: path.open("rb"), path.stat().st_size, path=path)
    opened: list[Iterator[Found]] = [members_of(archive)]
    while opened:
        found = next(opened[-1], None)
        if found is None:
            opened.pop()
        elif isinstance(found, Failed):
            yield Candidate(str(path), None, found.code)
        elif isinstance(found, Item):
            copy = next(names)
            made = _copied(found, copy)
            if made.file is not None and _is_archive(copy) and found.expand:
                copy.unlink()
                opened.append(found.expand(found))
            else:
                found.release()
                yield made


def _copied(item: Item, copy: Path) -> Candidate:
    try:
        with item.open() as source, copy.open("wb") as target:
            while chunk := source.read(_COPY_BYTES):
                target.write(chunk)
    except ItemError as error:
        copy.unlink(missing_ok=True)
        return Candidate(item.key, None, error.code)
    return Candidate(item.key, copy, is_copy=True)
