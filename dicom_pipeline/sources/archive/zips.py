"""Members of a ZIP, by its directory; PKWARE APPNOTE 4.3 and 4.4."""

import lzma
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, BinaryIO, Final, cast

from dicom_pipeline.sources.archive.limits import (
    COMPRESSION,
    DIRECTORY_TOO_LARGE,
    ENCRYPTED,
    LINK,
    MEMBER_DAMAGED,
    Budget,
    LimitError,
)
from dicom_pipeline.sources.archive.names import Names
from dicom_pipeline.sources.source import (
    NOT_A_FILE,
    Failed,
    Found,
    Item,
    ItemError,
    Skipped,
)

_ENCRYPTED_BIT: Final = 0x1
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,  # what bz2 says
    ValueError,
    OverflowError,
)


class NoDirectoryError(Exception):
    """The ZIP has no directory that can be read."""


def zip_members(file: BinaryIO, names: Names, budget: Budget) -> Iterator[Found]:
    """Yield the members of a ZIP; they are read from ``file`` later, by many threads.

    Raises:
        NoDirectoryError: It is cut or damaged at its end.
        LimitError: A limit is passed.
    """
    opened = _opened(file, budget)
    for info in opened.infolist():
        budget.spend(info.file_size)
        if not info.filename.endswith("/"):
            yield _found(opened, info, names)


def _opened(file: BinaryIO, budget: Budget) -> zipfile.ZipFile:
    guarded = _Guarded(file, budget.limits.directory_bytes)
    try:
        return zipfile.ZipFile(cast("IO[bytes]", guarded))
    except (*_DAMAGE, NotImplementedError):
        raise NoDirectoryError from None


def _found(opened: zipfile.ZipFile, info: zipfile.ZipInfo, names: Names) -> Found:
    mode = info.external_attr >> 16  # Unix mode, where a Unix made it
    if info.flag_bits & _ENCRYPTED_BIT:
        return Failed(ENCRYPTED)
    if stat.S_ISLNK(mode):
        return Skipped(LINK)
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return Skipped(NOT_A_FILE)

    @contextmanager
    def read() -> Iterator[BinaryIO]:
        with _typed():
            member = opened.open(info)
        with member:
            yield cast("BinaryIO", _Member(member))

    return Item(names.key(info.filename), read, info.file_size)


class _Member:
    """A member that is being read; its damage is an ``ItemError``."""

    def __init__(self, member: IO[bytes]) -> None:
        self._member = member

    def read(self, size: int = -1) -> bytes:
        with _typed():
            return self._member.read(size)


@contextmanager
def _typed() -> Iterator[None]:
    try:
        yield
    except NotImplementedError:
        raise ItemError(COMPRESSION) from None
    except _DAMAGE:
        raise ItemError(MEMBER_DAMAGED) from None


class _Guarded:
    """A file that refuses to give too much at once: zipfile reads its directory so."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file, self._most = file, most

    def read(self, size: int = -1) -> bytes:
        if size > self._most:
            raise LimitError(DIRECTORY_TOO_LARGE)
        return self._file.read(self._most if size < 0 else size)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # seek, tell and the like
        return getattr(self._file, name)
