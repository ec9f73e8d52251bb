"""The mapping of columns to functions: read, checked against the catalogue, hashed."""

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dicom_pipeline.catalog.table import Column, Table
from dicom_pipeline.deid.identifiers import DIRECT_IDENTIFIERS, JOIN_COLUMNS
from dicom_pipeline.deid.pseudonyms import BLOCK

FUNCTIONS = frozenset(
    {
        "surrogate_key",
        "full_hash",
        "anon_text",
        "uid_remap",
        "date_shift",
        "datetime_shift",
        "year_only",
        "keep_time",
        "age_cap",
        "round_num",
        "keep_num",
        "keep_code",
        "text_terms",
        "null_out",
        "set_const",
        "drop",
    }
)
LETS_THROUGH = frozenset({"keep_time", "keep_num", "keep_code", "round_num"})
SHIFTS = frozenset({"date_shift", "datetime_shift"})
LONG_TEXT = frozenset({"PN", "LT", "ST", "UT", "SQ", "UN"})
SHORTEST_HASH = 16  # digits; 64 bit, for show
SHORTEST_JOIN_HASH = 32  # digits; 128 bit, no two of an archive collide


@dataclass(frozen=True)
class Rule:
    """What happens to one raw column.

    Attributes:
        schema_name: Always ``raw``.
        table_name: Table of the catalogue.
        column_name: Raw column.
        target_function: Word of the closed vocabulary.
        target_type: Type in the stage layer; ``-`` for a dropped column.
        target_column: Name in the stage layer; empty: the raw one.
        domain: Class of identifier, for keyed functions.
        argument: Constant, bounds or code list, for functions that take one.
        ps315: Action of PS3.15 Table E.1-1, for readers.
        note: Why, for readers.
    """

    schema_name: str
    table_name: str
    column_name: str
    target_function: str
    target_type: str
    target_column: str = ""
    domain: str = ""
    argument: str = ""
    ps315: str = ""
    note: str = ""

    @property
    def stage_column(self) -> str:
        """Name in the stage layer."""
        return self.target_column or self.column_name


class RuleError(Exception):
    """A mapping that must not run; names the column."""

    reason = "wrong rule"

    def __init__(self, table: str, column: str) -> None:
        """Name the column that the mapping is wrong about."""
        super().__init__(f"deid: {self.reason}: raw.{table}.{column}")
        self.table = table
        self.column = column


class MissingRuleError(RuleError):
    """A raw column has no rule."""

    reason = "no rule for column"


class DoubleRuleError(RuleError):
    """A raw column has more than one rule."""

    reason = "more than one rule for column"


class StrayRuleError(RuleError):
    """A rule is about a column that the catalogue does not have."""

    reason = "rule for a column that does not exist"


class UnknownFunctionError(RuleError):
    """The function is not in the vocabulary."""

    reason = "unknown function for column"


class ShortHashError(RuleError):
    """A hash is so short that two identifiers may share it."""

    reason = "hash too short for column"


class UnevenHashError(RuleError):
    """A hash ends within a block: a new key could not rename what is stored."""

    reason = "hash is not 16, 32, 48 or 64 digits in column"


class KeptIdentifierError(RuleError):
    """A direct identifier, or free text, would pass."""

    reason = "identifier kept in column"


class UnshiftableDateError(RuleError):
    """A date of a table that belongs to no patient would be shifted."""

    reason = "date without a patient in column"


def rules_from(lines: Iterable[str]) -> tuple[Rule, ...]:
    """Return the rules of a mapping file, in its order."""
    return tuple(Rule(**row) for row in csv.DictReader(lines))


def check_rules(rules: Sequence[Rule], tables: Sequence[Table]) -> None:
    """Stop unless every column of every table has exactly one sound rule.

    Raises:
        RuleError: The first thing that is wrong.
    """
    for problem in problems(rules, tables):
        raise problem


def problems(rules: Sequence[Rule], tables: Sequence[Table]) -> Iterator[RuleError]:
    """Everything that is wrong with a mapping."""
    columns = {(t.name, c.name): (t, c) for t in tables for c in t.columns}
    counts = Counter((rule.table_name, rule.column_name) for rule in rules)
    for place in columns:
        if counts[place] == 0:
            yield MissingRuleError(*place)
    for place in counts:
        if place not in columns:
            yield StrayRuleError(*place)
        elif counts[place] > 1:
            yield DoubleRuleError(*place)
    for rule in rules:
        place = (rule.table_name, rule.column_name)
        if place in columns:
            yield from _problems_of(rule, *columns[place])


def rules_sha256(rows: Iterable[Rule | Mapping[str, str]]) -> str:
    """SHA-256, hex, of the sorted rows; the same whatever their order in the file."""
    lines = sorted("\x1f".join(_cells(row)) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _cells(row: Rule | Mapping[str, str]) -> Iterable[str]:
    return vars(row).values() if isinstance(row, Rule) else row.values()


def _problems_of(rule: Rule, table: Table, column: Column) -> Iterator[RuleError]:
    for wrong, error in _CHECKS:
        if wrong(rule, table, column):
            yield error(table.name, column.name)


def _is_unknown(rule: Rule, _table: Table, _column: Column) -> bool:
    return rule.target_function not in FUNCTIONS


def _is_short(rule: Rule, _table: Table, column: Column) -> bool:
    if rule.target_function != "full_hash":
        return False
    size = re.fullmatch(r"varchar\((\d+)\)", rule.target_type)
    joins = column.name in JOIN_COLUMNS
    return not size or int(size[1]) < (SHORTEST_JOIN_HASH if joins else SHORTEST_HASH)


def _is_uneven(rule: Rule, _table: Table, _column: Column) -> bool:
    size = re.fullmatch(r"varchar\((\d+)\)", rule.target_type)
    if rule.target_function != "full_hash" or not size:
        return False
    return int(size[1]) % BLOCK > 0


def _is_kept(rule: Rule, _table: Table, column: Column) -> bool:
    function = rule.target_function
    if column.name in DIRECT_IDENTIFIERS:
        return function in LETS_THROUGH or function == "text_terms"
    if not column.keyword or str(column.type) in {"double", "int64", "bool"}:
        return False
    if column.vr == "PN":
        return function in LETS_THROUGH or function == "text_terms"
    is_text = column.vr in LONG_TEXT and column.reading.value == "value"
    return is_text and function in LETS_THROUGH


def _is_unshiftable(rule: Rule, table: Table, _column: Column) -> bool:
    names = {column.name for column in table.columns}
    return rule.target_function in SHIFTS and "patient_identity" not in names


_CHECKS: tuple[
    tuple[Callable[[Rule, Table, Column], bool], type[RuleError]],
    ...,
] = (
    (_is_unknown, UnknownFunctionError),
    (_is_short, ShortHashError),
    (_is_uneven, UnevenHashError),
    (_is_kept, KeptIdentifierError),
    (_is_unshiftable, UnshiftableDateError),
)
