"""Which elements somebody wants: by keyword, or private by creator."""

import difflib
from collections.abc import Iterable, Sequence
from functools import cache

from pydicom.datadict import (  # type: ignore[attr-defined]
    DicomDictionary,
    RepeatersDictionary,
)

from dicom_pipeline.dicom.nested.keys import read_private
from dicom_pipeline.dicom.nested.seen import Element, Level
from dicom_pipeline.dicom.nested.types import Field, field_of

_NEAREST = 3


class UnknownFieldError(ValueError):
    """There is no such element; the message says what is near."""


def keys_of(words: Iterable[str]) -> tuple[str, ...]:
    """Read a list of elements; each once, in the order of the list.

    Args:
        words: Keywords of the dictionary, or ``(0029,"SIEMENS CSA HEADER",10)``.

    Raises:
        UnknownFieldError: A word is neither.
    """
    return tuple(dict.fromkeys(map(_key, words)))


def chosen(level: Level, keys: Sequence[str]) -> tuple[Field, ...]:
    """Return the columns of these elements; one in no header has the type of its VR."""
    return tuple(field_of(key, level.elements.get(key) or Element()) for key in keys)


def _key(word: str) -> str:
    word = word.strip()
    found = _keywords().get(word) or read_private(word)
    if found is None:
        raise UnknownFieldError(f"{word!r} is no DICOM keyword{_near(word)}")
    return found


def _near(word: str) -> str:
    if word.startswith("("):
        return ', and no private element such as (0029,"SIEMENS CSA HEADER",10)'
    by_small = {keyword.lower(): keyword for keyword in _keywords()}
    near = difflib.get_close_matches(word.lower(), by_small, _NEAREST, cutoff=0.6)
    found = ", ".join(by_small[small] for small in near)
    return f"; did you mean {found}?" if found else ""


@cache
def _keywords() -> dict[str, str]:
    """Key of each keyword of PS3.6; of a repeating group the first there is."""
    repeating = {
        words[4]: mask.replace("x", "0") for mask, words in RepeatersDictionary.items()
    }
    plain = {words[4]: f"{tag:08X}" for tag, words in DicomDictionary.items()}
    return {keyword: tag for keyword, tag in (repeating | plain).items() if keyword}
