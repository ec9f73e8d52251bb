"""Descriptions reduced to words of imaging; words of a person go first."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

_WORD = re.compile(r"\d{1,3}\.\d{1,3}[a-z]*|[^\W_]+")
_UNIT = "mm|cm|s|ms|min|hz|kv|kvp|kev|ma|mas|t|deg|x|ch|d"
_NUMBER = re.compile(rf"\d{{1,3}}(\.\d{{1,3}})?({_UNIT})?")
_BARE = re.compile(r"\d[\d.]*")
# Sequence names as scanners print them: tse2d1, fl3d, ep2d, tfl3d1.
_SEQUENCE = re.compile(
    r"(tse|tfl|gre|fl|se|ep|epfid|spc|spcir|tir|fi|fq|h|qfl|swi)[23]d\d{0,3}"
)
# Numbers in a row are a date, a telephone number or an identifier; 2.5 is none of them.
_NUMBERS = re.compile(r"(?<![^\W_])\d+(?:[\W_]+\d+)+(?![^\W_])")
# With and without are told apart by what follows the stroke.
_STROKE = re.compile(r"(?i)(?<![^\W_])w/(o(?![^\W_]))?")
_DECIMAL = re.compile(r"\d{1,3}\.\d{1,3}")


@cache
def lexicon() -> frozenset[str]:
    """The packaged terms, lower case."""
    text = files("dicom_pipeline.deid").joinpath("lexicon.csv").read_text("utf-8")
    return frozenset(line.split(",")[0] for line in text.splitlines()[1:])


def words(text: str) -> list[str]:
    """Words of a text, without case and diacritics."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    return _WORD.findall("".join(c for c in folded if not unicodedata.combining(c)))


def imaging_terms(
    text: str, people: Iterable[str] = (), *, bare_numbers: bool = True
) -> str | None:
    """Keep of a description what cannot name anyone.

    Args:
        text: A description as someone typed it.
        people: Names and identifiers of the same file or patient. Their words are
            removed even where they are in the lexicon: Hand, Young and Block are names.
        bare_numbers: Whether a number without a unit is kept: 94 may be an age.

    Returns:
        The terms in their order, lower case, parted by spaces; None if none is left.

    DICOM: Clean Descriptors Option, PS3.15 E.3.5.
    """
    personal = {word for name in people for word in words(name)}
    plain = _STROKE.sub(lambda found: "wo " if found[1] else "w ", text)
    kept = [word for word in words(_NUMBERS.sub(_decimal, plain)) if _is_term(word)]
    spoken = (word for word in kept if bare_numbers or not _BARE.fullmatch(word))
    return " ".join(word for word in spoken if word not in personal) or None


def _decimal(numbers: re.Match[str]) -> str:
    return numbers[0] if _DECIMAL.fullmatch(numbers[0]) else " "


def _is_term(word: str) -> bool:
    return bool(
        word in lexicon() or _NUMBER.fullmatch(word) or _SEQUENCE.fullmatch(word)
    )
