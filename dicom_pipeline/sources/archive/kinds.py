"""Which kind of archive the first bytes of a file begin, if any."""

import tarfile
from enum import StrEnum
from typing import Final

HEAD_BYTES: Final = 512  # one TAR block; more than the others need

_DICM: Final = slice(128, 132)  # after the preamble, PS3.10 7.1


class Kind(StrEnum):
    """What is opened; anything else is sent as it is."""

    ZIP = "zip"
    TAR = "tar"
    GZIP = "gz"
    BZIP2 = "bz2"
    XZ = "xz"
    ZSTD = "zst"


_MAGIC: Final = {
    b"PK\x03\x04": Kind.ZIP,
    b"PK\x05\x06": Kind.ZIP,  # without a member
    b"\x1f\x8b\x08": Kind.GZIP,
    b"BZh": Kind.BZIP2,
    b"\xfd7zXZ\x00": Kind.XZ,
    b"\x28\xb5\x2f\xfd": Kind.ZSTD,
}
_BLOCK: Final = b"1AY&SY"  # first block of bzip2, or the end of an empty one
_END: Final = b"\x17rE8P\x90"


def kind_of(head: bytes) -> Kind | None:
    """Tell by the first ``HEAD_BYTES`` of a file; DICOM is none, whatever it resembles.

    The preamble of a DICOM file may hold the beginning of another format.
    """
    if head[_DICM] == b"DICM":
        return None
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            bad = kind is Kind.BZIP2 and head[4:10] not in (_BLOCK, _END)
            return None if bad else kind
    return Kind.TAR if _is_tar(head) else None


def _is_tar(head: bytes) -> bool:
    """Whether the checksum of a TAR header holds; old ones have no magic."""
    try:
        tarfile.TarInfo.frombuf(head[:HEAD_BYTES], "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError):
        return False
    return True
