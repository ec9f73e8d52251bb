r"""What an element is called, whatever block its vendor's elements lie in.

A standard element is its tag, ``00180060``. A private one is its group, creator and
element, ``(0029,"SIEMENS CSA HEADER",10)``: the block between group and element is
another one in another file (PS3.5 7.8.1).
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from urllib.parse import quote, unquote

from pydicom.datadict import (  # type: ignore[attr-defined]
    dictionary_VM,
    dictionary_VR,
    keyword_for_tag,
    private_dictionaries,
    private_dictionary_description,
    private_dictionary_VM,
    private_dictionary_VR,
)

from dicom_pipeline.dicom.outcome import Json, first_text

ODD = frozenset("13579BDF")
_PRIVATE = re.compile(r'\(([0-9A-F]{4}),"([^"/]*)",([0-9A-F]{2}|[0-9A-F]{4})\)')
_SPELLED = re.compile(r'\(([0-9A-Fa-f]{4}), ?"(.+)", ?([0-9A-Fa-f]{2})\)')
_PLAIN = " !#$&'()*+,:;<=>?@[]^`{|}~"  # all but what would end a creator or a path
_REPEATING = re.compile(r"(?:50|60)(?!00)[01][0-9A-F][0-9A-F]{4}")  # PS3.5 7.6


def keyed(dataset: Json) -> Iterator[tuple[str, Json]]:
    """Yield each element of one data set or item with its key.

    The elements that reserve a block for a private creator are left out: the creator
    is part of the key of every element in the block.
    """
    creators: dict[str, str] = {}
    for tag, element in dataset.items():
        if tag[3] not in ODD:
            yield tag, element
            continue
        block = tag[:6]
        if block not in creators:
            creators[block] = _creator(dataset, block)
        creator = creators[block]
        if creator or block[4:] != "00" or tag[6:] < "10":
            yield private_key(tag, creator), element


def _creator(dataset: Json, block: str) -> str:
    """Private creator of a block, ``0029`` and ``10``; the block 00 has none."""
    if block[4:] == "00":
        return ""
    return first_text(dataset, f"{block[:4]}00{block[4:]}").strip(" \0")


@lru_cache(maxsize=65_536)
def private_key(tag: str, creator: str) -> str:
    """Name a private element; without a creator its block is part of the name."""
    element = tag[6:] if creator else tag[4:]
    return f'({tag[:4]},"{quote(creator, safe=_PLAIN)}",{element})'


def parts_of(key: str) -> tuple[str, str, str] | None:
    """Group, creator and element of a private key; ``None`` for a standard one."""
    match = _PRIVATE.fullmatch(key)
    return (match[1], unquote(match[2]), match[3]) if match else None


def read_private(text: str) -> str | None:
    """Read a private key as a person spells it; ``None`` where it is none."""
    match = _SPELLED.fullmatch(text.strip())
    if match is None or match[1][3].upper() not in ODD:
        return None
    return private_key(f"{match[1].upper()}10{match[3].upper()}", match[2].strip())


@lru_cache(maxsize=65_536)
def vr_of(key: str) -> str:
    """VR in the dictionaries, maybe a choice such as ``US or SS``; else empty."""
    return _looked_up(key, dictionary_VR, private_dictionary_VR)


@lru_cache(maxsize=65_536)
def vm_of(key: str) -> str:
    """VM in the dictionaries, such as ``1`` or ``2-n``; else empty."""
    return _looked_up(key, dictionary_VM, private_dictionary_VM)


@lru_cache(maxsize=65_536)
def words_of(key: str) -> str:
    """Keyword of a standard element, a vendor's words for a private one; else empty."""
    return _looked_up(key, keyword_for_tag, private_dictionary_description)


def is_known_creator(creator: str) -> bool:
    """Whether pydicom's private dictionary has it, so that it is a vendor's word."""
    return creator in private_dictionaries


@lru_cache(maxsize=65_536)
def column_of(key: str) -> str:
    """Name the column: the keyword, else the tag, else creator and element.

    The second and later of a repeating group bear their group: ``OverlayRows_6002``.
    """
    private = parts_of(key)
    if private is not None:
        group, creator, element = private
        spelled = re.sub("[^A-Za-z0-9]+", "_", creator).strip("_") or "private"
        return f"{spelled}_{group}_{element}"
    keyword = words_of(key)
    if not keyword:
        return f"tag_{key}"
    return f"{keyword}_{key[:4]}" if _REPEATING.fullmatch(key) else keyword


def spelled(key: str) -> str:
    """Name the element for a person: keyword, tag, or group, creator and element."""
    private = parts_of(key)
    if private is not None:
        return f'({private[0]},"{private[1]}",{private[2]})'
    return column_of(key) if words_of(key) else f"({key[:4]},{key[4:]})"


def _looked_up(
    key: str, public: Callable[[int], str], private: Callable[[int, str], str]
) -> str:
    """Ask pydicom's dictionaries (PS3.6, and its private one)."""
    try:
        parts = parts_of(key)
        if parts is None:
            return str(public(int(key, 16)))
        group, creator, element = parts
        tag = int(group + ("10" if creator else "") + element, 16)
        return str(private(tag, creator))
    except KeyError:
        return ""
