"""Whether bytes begin like DICOM, so that a picture is not read as a patient."""

import struct

from pydicom.datadict import dictionary_has_tag
from pydicom.filereader import ENCODED_VR

_PREAMBLE = 128
_MAGIC = b"DICM"
_ENOUGH = _PREAMBLE + len(_MAGIC)
_FIRST_GROUPS = frozenset({0x0000, 0x0002, 0x0004, 0x0008})
_GROUP_LENGTH = 4
_SHORT_VALUE = 0x10000


def begins_like_dicom(prefix: bytes, size: int) -> bool | None:
    """Look for the preamble, or for a first element that DICOM begins with.

    Args:
        prefix: First bytes of the object.
        size: Bytes of the whole object.

    Returns:
        ``None`` where the prefix is too short to tell.

    DICOM:
        PS3.10 7.1: 128 bytes of anything, then ``DICM``. Older files begin with their
        first element (ACR-NEMA, or written without Part 10).
    """
    if len(prefix) < min(size, _ENOUGH):
        return None
    if prefix[_PREAMBLE:_ENOUGH] == _MAGIC:
        return True
    return any(_is_element(prefix[:8], size, order) for order in "<>")


def _is_element(head: bytes, size: int, order: str) -> bool:
    """Whether eight bytes are the start of an element that a data set begins with."""
    if len(head) < 8:  # noqa: PLR2004  tag, VR and length
        return False
    group, element, vr, _ = struct.unpack(f"{order}HH2sH", head)
    if group not in _FIRST_GROUPS or not _is_defined(group << 16 | element):
        return False
    if vr in ENCODED_VR:
        return True
    if order == ">":
        return False  # big endian is always explicit, PS3.5 A.3
    length = int.from_bytes(head[4:], "little")
    # A group length is one UL, PS3.5 7.2; two zero bytes are no sign of one.
    return length < min(size, _SHORT_VALUE) if element else length == _GROUP_LENGTH


def _is_defined(tag: int) -> bool:
    return not tag & 0xFFFF or dictionary_has_tag(tag)
