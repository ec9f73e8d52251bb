"""Members of a ZIP that has lost its directory: read forward until the damage.

A cut download ends without a directory, but each member before the cut still has a
header of its own (PKWARE APPNOTE 4.3.7) and a checksum to believe it by.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from dicom_pipeline.sources.archive.limits import (
    COMPRESSION,
    DAMAGED,
    ENCRYPTED,
    MEMBER_DAMAGED,
    Budget,
)
from dicom_pipeline.sources.archive.names import Names
from dicom_pipeline.sources.source import Failed, Found, Item
from dicom_pipeline.sources.spool import Spool

_HEADER: Final = struct.Struct("<4sHHHHHIIIHH")  # APPNOTE 4.3.7
_FIELD: Final = struct.Struct("<HH")  # APPNOTE 4.5.1
_SIZES: Final = struct.Struct("<QQ")
_SIGNATURE: Final = b"PK\x03\x04"
_DESCRIPTOR: Final = b"PK\x07\x08"  # APPNOTE 4.3.9, its signature is optional
_ENCRYPTED_BIT, _DESCRIPTOR_BIT, _UTF8_BIT = 0x1, 0x8, 0x800
_STORED, _DEFLATED = 0, 8
_ZIP64: Final = 0x0001  # APPNOTE 4.5.3
_IN_ZIP64: Final = 0xFFFFFFFF
_READ_BYTES: Final = 256 * 1024


@dataclass(frozen=True)
class _Local:
    """What the header before a member says."""

    name: str
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    start: int


class _DamageError(Exception):
    """Nothing after this can be believed."""


def salvaged_members(file: BinaryIO, names: Names, budget: Budget) -> Iterator[Found]:
    """Yield the whole members before the damage, then the damage itself.

    Raises:
        LimitError: A limit is passed.
    """
    position = 0
    try:
        while (local := _local(file, position)) is not None:
            spool = Spool()
            code, position = _read(file, local, spool, budget)
            yield from _found(local, spool, names, code)
    except _DamageError:
        yield Failed(MEMBER_DAMAGED)
    yield Failed(DAMAGED)


def _found(local: _Local, spool: Spool, names: Names, code: str) -> Iterator[Found]:
    if code:
        spool.close()
        yield Failed(code)
    elif not local.name.endswith("/"):
        key = names.key(local.name)
        yield Item(key, spool.open, spool.bytes, release=spool.close)


def _local(file: BinaryIO, position: int) -> _Local | None:
    """Read the header at a position; ``None`` where there is another thing."""
    file.seek(position)
    fixed = file.read(_HEADER.size)
    if len(fixed) < _HEADER.size or not fixed.startswith(_SIGNATURE):
        return None
    fields = _HEADER.unpack(fixed)
    flags, method, crc, compressed, size, name_bytes, extra_bytes = (
        *fields[2:4],
        *fields[6:11],
    )
    name, extra = file.read(name_bytes), file.read(extra_bytes)
    if not name:
        return None
    coding = "utf-8" if flags & _UTF8_BIT else "cp437"
    local = _Local(
        name.decode(coding, "replace"),
        flags,
        method,
        crc,
        compressed,
        size,
        position + _HEADER.size + name_bytes + extra_bytes,
    )
    return _with_zip64(local, extra) if _IN_ZIP64 in (size, compressed) else local


def _with_zip64(local: _Local, extra: bytes) -> _Local:
    while len(extra) >= _FIELD.size:
        kind, size = _FIELD.unpack_from(extra)
        extra = extra[_FIELD.size :]
        if kind == _ZIP64 and len(extra) >= _SIZES.size:
            whole, packed = _SIZES.unpack_from(extra)
            return replace(local, size=whole, compressed=packed)
        extra = extra[size:]
    return local


def _read(
    file: BinaryIO, local: _Local, spool: Spool, budget: Budget
) -> tuple[str, int]:
    """Copy one member; return the code of its failure, and where the next begins."""
    sized = not local.flags & _DESCRIPTOR_BIT
    after = local.start + local.compressed
    if local.flags & _ENCRYPTED_BIT:
        return _passed_over(ENCRYPTED, after, sized=sized)
    if local.method not in (_STORED, _DEFLATED):
        return _passed_over(COMPRESSION, after, sized=sized)
    budget.spend(local.size if sized else 0)
    file.seek(local.start)
    if local.method == _STORED:
        if not sized:
            raise _DamageError  # nothing says where it ends
        crc = _copy(file, spool, local.compressed)
        return _checked(crc, local.crc), after
    crc, after = _inflate(file, spool, budget, local)
    if sized:
        return _checked(crc, local.crc), local.start + local.compressed
    return _described(file, after, crc)


def _passed_over(code: str, after: int, *, sized: bool) -> tuple[str, int]:
    if not sized:
        raise _DamageError
    return code, after


def _checked(crc: int, said: int) -> str:
    return "" if crc == said else MEMBER_DAMAGED


def _copy(file: BinaryIO, spool: Spool, left: int) -> int:
    crc = 0
    while left > 0:
        chunk = file.read(min(left, _READ_BYTES))
        if not chunk:
            raise _DamageError
        crc = zlib.crc32(chunk, crc)
        spool.write(chunk)
        left -= len(chunk)
    return crc


def _inflate(
    file: BinaryIO, spool: Spool, budget: Budget, local: _Local
) -> tuple[int, int]:
    """Inflate to the end of the stream; return its checksum and where it ended."""
    inflater, crc, packed = zlib.decompressobj(-zlib.MAX_WBITS), 0, b""
    charged = local.size if not local.flags & _DESCRIPTOR_BIT else 0
    while not inflater.eof:
        packed = inflater.unconsumed_tail or file.read(_READ_BYTES)
        if not packed:
            raise _DamageError
        try:
            chunk = inflater.decompress(packed, _READ_BYTES)
        except zlib.error:
            raise _DamageError from None
        crc = zlib.crc32(chunk, crc)
        spool.write(chunk)
        if spool.bytes > charged:
            budget.spend_bytes(spool.bytes - charged)
            charged = spool.bytes
    return crc, file.tell() - len(inflater.unused_data)


def _described(file: BinaryIO, position: int, crc: int) -> tuple[str, int]:
    """Read past the data descriptor: checksum, then two sizes of 4 or 8 bytes."""
    file.seek(position)
    told = file.read(24)
    signed = 4 if told.startswith(_DESCRIPTOR) else 0
    if len(told) < signed + 12:
        raise _DamageError
    [said] = struct.unpack_from("<I", told, signed)
    for sizes in (8, 16):
        after = position + signed + 4 + sizes
        file.seek(after)
        if file.read(2) == b"PK":
            return _checked(crc, said), after
    return _checked(crc, said), after
