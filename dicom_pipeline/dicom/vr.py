"""Which Value Representation an element has when the file leaves it open."""

from functools import lru_cache

from pydicom.datadict import dictionary_VR, private_dictionary_VR

UNKNOWN = "UN"
_LONGEST_TRUSTED_UN = 0xFFFF  # a longer UN may be what it is for (PS3.5 6.2.2)


@lru_cache(maxsize=8192)
def public_vr(tag: int) -> str:
    """VR of a standard element (PS3.6); ``UN`` where the dictionary has none."""
    if not tag & 0xFFFF:
        return "UL"  # group length, PS3.5 7.2
    try:
        return dictionary_VR(tag)
    except KeyError:
        return UNKNOWN


@lru_cache(maxsize=8192)
def private_vr(tag: int, creator: str) -> str:
    """VR of a private element of ``creator``; ``UN`` where pydicom knows none."""
    if 0x10 <= tag & 0xFFFF <= 0xFF:  # noqa: PLR2004  private creator, PS3.5 7.8.1
        return "LO"
    try:
        return private_dictionary_VR(tag, creator)
    except KeyError:
        return UNKNOWN


def creator_tag(tag: int) -> int:
    """Tag of the private creator that reserves the block of ``tag``, PS3.5 7.8.1."""
    return tag & 0xFFFF0000 | tag >> 8 & 0xFF


def is_private(tag: int) -> bool:
    """Whether the group is odd."""
    return bool(tag >> 16 & 1)


def written_vr(written: str | None, tag: int, length: int, creator: str) -> str:
    """VR of an element as written, or else as the dictionaries say.

    Args:
        written: VR in the file; ``None`` where it is implicit.
        tag: Group and element.
        length: Bytes of the value.
        creator: Private creator of the element's block; empty where there is none.

    Returns:
        Two letters, or a choice such as ``US or SS`` that the data set decides.
    """
    if written is not None and written != UNKNOWN:
        return written
    if is_private(tag):
        return private_vr(tag, creator)
    if written is None or length < _LONGEST_TRUSTED_UN:
        return public_vr(tag)
    return UNKNOWN


def decided_vr(choice: str, *, signed: bool) -> str:
    """Pick one of a choice of the dictionary, such as ``US or SS``.

    Every choice with a word in it becomes OW: implicit little endian is where a choice
    is open, and there it is OW (PS3.5 A.1).

    Args:
        choice: What PS3.6 leaves open.
        signed: Whether Pixel Representation (0028,0103) is 1.
    """
    if choice == "US or SS":
        return "SS" if signed else "US"
    return "OW"
