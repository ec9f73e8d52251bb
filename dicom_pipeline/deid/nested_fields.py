"""The columns of a de-identified nested export: built from the list, not from values.

Headers only say which elements of the list there are, and where.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from dicom_pipeline.deid.nested_rules import KEEP_ITEMS, SAID_ONCE, NestedRule
from dicom_pipeline.dicom.nested.keys import column_of, parts_of, vr_of
from dicom_pipeline.dicom.nested.seen import Element, Level
from dicom_pipeline.dicom.nested.types import (
    DEPTH_LIMIT,
    Field,
    Kind,
    is_repeated,
    kind_of,
)

_KINDS: Final[dict[str, Kind]] = {
    "date_shift": Kind.DATE,
    "datetime_shift": Kind.TIMESTAMP,
    "keep_time": Kind.TIME,
    "round_num": Kind.DECIMAL,
    "year_only": Kind.INTEGER,
}
_OF_VR = frozenset({"keep_num", "null_out"})
_ONE = frozenset({"surrogate_key", "anon_text"})
_WHOLE = frozenset({"IS", "SL", "SS", "SV", "UL", "US", "UV"})


def nested_fields(
    level: Level,
    rules: Mapping[str, NestedRule],
    depth_limit: int = DEPTH_LIMIT,
    *,
    is_top: bool = True,
) -> tuple[Field, ...]:
    """Return the columns of the elements of the list that headers have, in tag order.

    Args:
        level: What was seen.
        rules: The list.
        depth_limit: Sequences inside sequences; deeper ones have no column.
        is_top: Whether these are the elements of a data set, not of an item: what is
            said once of an instance is said there, whether it was seen or not.
    """
    return tuple(_fields(level, rules, depth_limit, is_top=is_top))


def _fields(
    level: Level, rules: Mapping[str, NestedRule], depth_limit: int, *, is_top: bool
) -> Iterator[Field]:
    for key in sorted(rules):
        rule, element = rules[key], level.elements.get(key)
        if rule.function in SAID_ONCE:
            if is_top:
                yield _said_once(rule)
        elif element is not None and rule.function == KEEP_ITEMS:
            yield from _sequence(rule, element, rules, depth_limit)
        elif element is not None:
            kind = _kind(rule, element)
            repeated = rule.function not in _ONE and is_repeated(
                key, kind, element.vm_max
            )
            yield Field(key, column_of(key), kind, repeated, filled=element.filled)


def _sequence(
    rule: NestedRule,
    element: Element,
    rules: Mapping[str, NestedRule],
    depth_limit: int,
) -> Iterator[Field]:
    """Yield the sequence, or nothing where no element of its items may stay."""
    if not depth_limit:
        return
    fields = nested_fields(element.items, rules, depth_limit - 1, is_top=False)
    if fields:
        name = column_of(rule.key)
        yield Field(rule.key, name, Kind.ITEMS, True, fields, element.filled)  # noqa: FBT003


def _said_once(rule: NestedRule) -> Field:
    repeated = rule.function not in _ONE and (
        vr_of(rule.key) == "SQ" or is_repeated(rule.key, Kind.TEXT, 1)
    )
    return Field(rule.key, column_of(rule.key), Kind.TEXT, repeated)


def _kind(rule: NestedRule, element: Element) -> Kind:
    if rule.function not in _OF_VR:
        return _KINDS.get(rule.function, Kind.TEXT)
    if parts_of(rule.key):
        return Kind.INTEGER if rule.vr in _WHOLE else Kind.DECIMAL
    return kind_of(rule.key, element.vrs)
