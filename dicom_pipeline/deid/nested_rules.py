"""What a de-identified nested header may hold: an allow-list of elements, as data.

What is not on the list has no column, at any depth. The words of the functions are
those of the mapping of columns, and one more: ``keep_items`` for a sequence.
"""

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

import pydicom

from dicom_pipeline.deid.explain import NOT_LISTED
from dicom_pipeline.deid.identifiers import DIRECT_IDENTIFIERS
from dicom_pipeline.deid.nested_codes import code_lists
from dicom_pipeline.deid.ps315 import table
from dicom_pipeline.deid.rules import (
    FUNCTIONS,
    LETS_THROUGH,
    LONG_TEXT,
    SHORTEST_HASH,
)
from dicom_pipeline.deid.terms import lexicon
from dicom_pipeline.dicom.nested.keys import parts_of, private_key, vr_of, words_of

KEEP_ITEMS = "keep_items"
"""A sequence stays, each element of its items by its own rule."""

RULES = "nested_rules.csv"
PRIVATE_RULES = "nested_private.csv"

SAID_ONCE = frozenset({"surrogate_key", "set_const"})
"""Said of the instance as a whole; an item may speak of another patient."""

_METHODS, _SAFE_PRIVATE = "00120064", "DCM:113111"
_FUNCTIONS = (FUNCTIONS | {KEEP_ITEMS}) - {"drop"}
_BOUNDED = frozenset({"IS", "DS", "UL", "SL", "UV", "SV", "FD", "FL"})
_TEXTS = LONG_TEXT | {"LO", "SH", "UC", "UR", "AE"}


@dataclass(frozen=True, slots=True)
class NestedRule:
    """What happens to one element, wherever it lies.

    Attributes:
        key: ``GGGGEEEE``; of a private element its group, creator and element.
        keyword: Of the data dictionary; of a private element what its vendor means.
        function: Word of the closed vocabulary.
        domain: Class of identifier, for keyed functions.
        argument: Bounds, code list or constant, for functions that take one.
        length: Letters of a text or digits of a hash.
        ps315: Action of PS3.15 Table E.1-1, for readers.
        note: Why it may stay; of a private element, who says what it is.
        vr: Of a private element that a file does not say the VR of.
    """

    key: str
    keyword: str
    function: str
    domain: str = ""
    argument: str = ""
    length: int = 0
    ps315: str = ""
    note: str = ""
    vr: str = ""


class NestedRuleError(Exception):
    """The list must not be used; names the element."""

    def __init__(self, key: str, wrong: str) -> None:
        """Say what is wrong with the rule of an element."""
        super().__init__(f"deid: {wrong}: {key}")


@cache
def nested_rules(*, private: bool = False) -> dict[str, NestedRule]:
    """Return the packaged rules by key.

    Args:
        private: Whether the private elements of the second list may stay, too.

    Raises:
        NestedRuleError: The list is not sound.
    """
    rules = [*_standard(_text(RULES).splitlines())]
    if private:
        rules = [_claimed(rule) if rule.key == _METHODS else rule for rule in rules]
        rules += _private(_text(PRIVATE_RULES).splitlines())
    for problem in problems(rules):
        raise problem
    return {rule.key: rule for rule in rules}


@cache
def nested_sha256(*, private: bool = False) -> str:
    """SHA-256, hex, of all that decides: rules, codes, concepts, words of imaging."""
    rules = nested_rules(private=private).values()
    lines = sorted("\x1f".join(map(str, _cells(rule))) for rule in rules)
    lists = (code_lists().digest, f"pydicom {pydicom.__version__}", *sorted(lexicon()))
    return hashlib.sha256("\n".join([*lines, *lists]).encode()).hexdigest()


def about(word: str) -> Iterator[NestedRule]:
    """Yield the rule of a keyword or tag, private elements apart."""
    sought = _plain(word)
    for rule in nested_rules().values():
        if sought in {_plain(rule.key), _plain(rule.keyword)}:
            yield rule


def problems(rules: Sequence[NestedRule]) -> Iterator[NestedRuleError]:
    """Everything that is wrong with a list."""
    for key, count in Counter(rule.key for rule in rules).items():
        if count > 1:
            yield NestedRuleError(key, "more than one rule for element")
    for rule in rules:
        for is_wrong, words in _CHECKS:
            if is_wrong(rule):
                yield NestedRuleError(rule.key, words)


def standard_action(tag: str) -> str:
    """What PS3.15 Table E.1-1 says of an element, as the list spells it."""
    row = table().get(tag)
    return row.spelled if row else f"- ({NOT_LISTED})"


def _standard(lines: Iterable[str]) -> Iterator[NestedRule]:
    for row in csv.DictReader(lines):
        yield NestedRule(row.pop("tag"), length=int(row.pop("length") or 0), **row)


def _private(lines: Iterable[str]) -> Iterator[NestedRule]:
    for row in csv.DictReader(lines):
        tag = f"{row['group']}10{row['element']}"
        yield NestedRule(
            private_key(tag, row["creator"]),
            row["meaning"],
            row["function"],
            argument=row["argument"],
            ps315="X [priv=C]",
            note=row["source"],
            vr=row["vr"],
        )


def _claimed(rule: NestedRule) -> NestedRule:
    """Say in every profile that safe private elements are retained, CID 7050."""
    choices = (f"{choice}+{_SAFE_PRIVATE}" for choice in rule.argument.split(";"))
    return replace(rule, argument=";".join(choices))


def _text(name: str) -> str:
    return files("dicom_pipeline.deid").joinpath(name).read_text("utf-8")


def _cells(rule: NestedRule) -> Iterator[object]:
    return (getattr(rule, name) for name in NestedRule.__slots__)


def _is_unknown(rule: NestedRule) -> bool:
    return rule.function not in _FUNCTIONS


def _is_misspelled(rule: NestedRule) -> bool:
    return not parts_of(rule.key) and words_of(rule.key) != rule.keyword


def _is_no_list(rule: NestedRule) -> bool:
    return rule.function == "keep_code" and rule.argument not in code_lists().names


def _is_short(rule: NestedRule) -> bool:
    return rule.function == "full_hash" and (
        not rule.domain or rule.length < SHORTEST_HASH
    )


def _is_endless(rule: NestedRule) -> bool:
    return rule.function == "text_terms" and not rule.length


def _is_kept(rule: NestedRule) -> bool:
    """Whether a name, a long text or a direct identifier would pass."""
    vr = vr_of(rule.key)
    if vr == "PN" or _snake(rule.keyword) in DIRECT_IDENTIFIERS:
        return rule.function in LETS_THROUGH | {"text_terms"}
    return vr in _TEXTS and rule.function in LETS_THROUGH - {"keep_code"}


def _is_no_sequence(rule: NestedRule) -> bool:
    is_sequence = (vr_of(rule.key) or rule.vr) == "SQ"
    return is_sequence != (rule.function == KEEP_ITEMS) and rule.function != "set_const"


def _is_unbounded(rule: NestedRule) -> bool:
    """A private number may be anything, so it is held between bounds."""
    return bool(parts_of(rule.key)) and not (
        rule.function == "keep_num" and rule.argument and rule.vr
    )


def _is_unexplained(rule: NestedRule) -> bool:
    return not rule.note


def _is_misquoted(rule: NestedRule) -> bool:
    return not parts_of(rule.key) and rule.ps315 != standard_action(rule.key)


def _plain(word: str) -> str:
    return "".join(letter for letter in word.casefold() if letter.isalnum())


def _snake(keyword: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", keyword)
    return spaced.lower()


_CHECKS: tuple[tuple[Callable[[NestedRule], bool], str], ...] = (
    (_is_unknown, "unknown function for element"),
    (_is_misspelled, "not the keyword of element"),
    (_is_no_list, "no such code list for element"),
    (_is_short, "hash without domain or too short for element"),
    (_is_endless, "text without length for element"),
    (_is_kept, "identifier kept in element"),
    (_is_no_sequence, "function does not fit the VR of element"),
    (_is_unbounded, "number without bounds in private element"),
    (_is_unexplained, "no reason for element"),
    (_is_misquoted, "not the standard's action for element"),
)
