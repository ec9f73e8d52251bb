"""Which needles a text shows."""

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

import numpy as np

from dicom_pipeline.deid.needles import (
    KINDS,
    Index,
    hashes,
    spelled_otherwise,
    words,
)

BLOCK = 1 << 22  # letters that are looked at in one go; bounds the memory
OVERLAP = 400  # letters: longer than any phrase that is sought
BETWEEN = "\n0\n"  # a word that parts two values: no phrase spans them
_ESCAPE = re.compile(r"\\+u([0-9a-fA-F]{4})")
_TIMED = re.compile(r"\d\dt\d.*")
_WITHIN_A_DATE = r"[ .,:_/\\-]{1,3}"
"""What may stand between year, month and day: a month at the end of a line of a log,
and the hour that begins the next, are no date."""


def found_in(text: str, index: Index) -> set[int]:
    """Positions in ``index`` of every needle that stands in ``text``.

    Words are compared without case and diacritics, a phrase whatever stands between
    its words; JSON and URL escapes are read as well.
    """
    found: set[int] = set()
    for block in _blocks(text) if len(index) else ():
        for spelling in _spellings(block):
            found |= _in_text(spelling, index)
    return found


def counted(found: set[int], index: Index) -> dict[str, int]:
    """Needles by class."""
    kinds = np.bincount(index.kinds[sorted(found)], minlength=len(KINDS))
    return {kind.value: int(n) for kind, n in zip(KINDS, kinds, strict=True) if n}


def _blocks(text: str) -> Iterator[str]:
    for start in range(0, max(len(text), 1), BLOCK):
        yield text[max(0, start - OVERLAP) : start + BLOCK]


def _spellings(text: str) -> Iterator[str]:
    yield text
    plain = text
    if "\\u" in text:
        plain = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    for escape in ("\\n", "\\r", "\\t"):
        plain = plain.replace(escape, "\n")
    if "%" in plain:
        plain = unquote(plain)
    if plain != text:
        yield plain


def _in_text(text: str, index: Index) -> set[int]:
    tokens = words(text)
    distinct = list(set(tokens))
    single = hashes(distinct)
    begin = {distinct[i] for i in np.flatnonzero(index.begins(single)).tolist()}
    found = index.at(np.union1d(single, hashes(spelled_otherwise(distinct))))
    phrases = {hash(phrase): phrase for phrase in _phrases(tokens, begin, index)}
    said = index.at(np.fromiter(phrases, np.int64, len(phrases)))
    return {
        *found.tolist(),
        *(
            each
            for each in said.tolist()
            if not index.days[each] or _is_date(phrases[index.hashes[each]], text)
        ),
    }


def _is_date(phrase: str, text: str) -> bool:
    """Whether the numbers of a date stand side by side in the text."""
    spelled = _WITHIN_A_DATE.join(phrase.split())
    plain = text if text.isascii() else unicodedata.normalize("NFKD", text)
    return re.search(rf"(?<!\d){spelled}", plain, re.IGNORECASE) is not None


def _phrases(tokens: list[str], begin: set[str], index: Index) -> set[str]:
    """Runs of words that begin as a phrase does."""
    made = set()
    for start in (i for i, token in enumerate(tokens) if token in begin):
        for length in index.lengths:
            parts = tokens[start : start + length]
            if len(parts) == length:
                made.add(" ".join(parts))
                if _TIMED.fullmatch(parts[-1]):
                    made.add(" ".join([*parts[:-1], parts[-1][:2]]))
    return made
