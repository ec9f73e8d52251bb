"""Members of a TAR, in its order; POSIX pax, GNU and older headers by ``tarfile``."""

import lzma
import tarfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final, Self, cast

from dicom_pipeline.sources.archive.limits import (
    DAMAGED,
    LINK,
    Budget,
)
from dicom_pipeline.sources.archive.names import Names
from dicom_pipeline.sources.source import (
    NOT_A_FILE,
    Failed,
    Found,
    Item,
    Skipped,
)
from dicom_pipeline.sources.spool import Spool

DAMAGE: Final = (
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    RecursionError,  # a chain of extended headers
)
_LONGEST_EXTENDED: Final = 64 * 1024  # bytes; tarfile reads such a header at once
_EXTENDED: Final = {
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
}


def tar_members(stream: BinaryIO, names: Names, budget: Budget) -> Iterator[Found]:
    """Yield the members of a TAR that is read once, from its beginning to its end.

    Each is copied before the next is read. What ends without the two blocks that end
    a TAR was cut.

    Raises:
        LimitError: A limit is passed.
    """
    headers = _watched()
    try:
        with tarfile.open(fileobj=stream, mode="r|", tarinfo=headers) as opened:
            while (info := opened.next()) is not None:
                opened.members.clear()  # type: ignore[attr-defined]  # it remembers all
                budget.spend(max(info.size, 0))
                yield from _found(opened, info, names)
    except DAMAGE:
        yield Failed(DAMAGED)
        return
    if not headers.ended:
        yield Failed(DAMAGED)


def _found(
    opened: tarfile.TarFile, info: tarfile.TarInfo, names: Names
) -> Iterator[Found]:
    if info.issym() or info.islnk():
        yield Skipped(LINK)
    elif info.isfile():
        yield _copied(opened, info, names)
    elif not info.isdir():
        yield Skipped(NOT_A_FILE)


def _copied(opened: tarfile.TarFile, info: tarfile.TarInfo, names: Names) -> Item:
    """Copy a member, so that the next can be read while this one is sent."""
    spool = Spool()
    member = opened.extractfile(info)
    taken = spool.take(cast("BinaryIO", member), info.size) if member else 0
    if taken < info.size:
        spool.close()
        raise tarfile.ReadError
    return Item(names.key(info.name), spool.open, taken, release=spool.close)


class _Watched(tarfile.TarInfo):
    """A header reader that remembers whether it met the end of the archive.

    ``tarfile`` takes a bad header after the first one for the end and says nothing.
    """

    ended = False

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Read one block of 512 bytes.

        Raises:
            HeaderError: It is no header, or one that asks for too much memory.
        """
        if len(buf) == tarfile.BLOCKSIZE and not any(buf):
            cls.ended = True
        info = super().frombuf(buf, encoding, errors)
        if info.type in _EXTENDED and info.size > _LONGEST_EXTENDED:
            raise tarfile.ReadError
        return info


def _watched() -> type[_Watched]:
    """Return a class of its own for each archive, as it holds a fact about it."""
    return type("_Headers", (_Watched,), {})
