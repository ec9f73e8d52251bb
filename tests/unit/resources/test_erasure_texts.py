"""The quick look for a patient's values misses nothing that a slow one finds."""

import json

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dicom_pipeline.resources.erasure_texts import Sought

VALUES = (
    *("YAMADA^TARO", "S0025020", "O'Neil^Ann", 'Quo"ted^One', "山田^太郎", "Ö^Größer"),
    *("1.2.840.113619.2.1", "Back\\slash", "tab\tbed", "(a+b)*[c]", "💉nurse"),
)
AROUND = ("", " ", "^", ".", "0", "x", "ß", '"', "\\", "\n", "\U0001f489")
VALUE = st.sampled_from(VALUES)
BESIDE = st.sampled_from(AROUND)


def spelled(value: str) -> st.SearchStrategy[str]:
    return st.sampled_from(
        [
            value,
            json.dumps(value)[1:-1],
            json.dumps(value, ensure_ascii=False)[1:-1],
            value.lower(),
            value[:-1],
        ]
    )


NEEDLE = VALUE.flatmap(spelled)
TEXT = st.one_of(
    st.none(),
    st.text(max_size=8),
    st.lists(st.one_of(BESIDE, NEEDLE), max_size=6).map("".join),
)
TEXTS = st.lists(TEXT, max_size=12)


def stands_in(text: str | None, values: list[str]) -> bool:
    """Read slowly: at each place, is it the value, and what is before and behind?"""
    forms = {f for v in values for f in (v, json.dumps(v)[1:-1], dumped(v))}
    return text is not None and any(
        text[at : at + len(form)] == form and is_apart(text, at, at + len(form))
        for form in forms
        for at in range(len(text))
    )


def dumped(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]


def is_apart(text: str, start: int, end: int) -> bool:
    """Whether no letter, digit or dot of ASCII is next to a part of a text."""
    beside = text[max(start - 1, 0) : start] + text[end : end + 1]
    return not any(
        each == "." or (each.isascii() and each.isalnum()) for each in beside
    )


def told(texts: pa.Array, values: list[str]) -> list[bool]:
    return [bool(each) for each in Sought(values).within(texts).to_pylist()]


FEW = st.lists(VALUE, min_size=1, max_size=3)
MANY = st.just([*VALUES, *(f"other-{number}" for number in range(9))])


@given(TEXTS, FEW | MANY, st.integers(0, 4), st.integers(0, 12))
@example(["YAMADA^TARO"], ["YAMADA^TARO"], 0, 3)
@example(["", "YAMADA^TARO"], ["YAMADA^TARO"], 1, 3)
@example(["x", "a YAMADA^TARO b", None], ["YAMADA^TARO"], 1, 3)
def test_it_finds_what_slow_reading_finds(texts, values, start, count):
    """In whole columns, slices, nulls; whether values are few or many."""
    column = pa.array(texts, pa.string()).slice(start, count)

    expected = [stands_in(text, values) for text in column.to_pylist()]
    assert told(column, values) == expected
    assert told(column.cast(pa.large_string()), values) == expected


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("others", [0, 20], ids=["alone", "among many"])
def test_each_value_is_found_in_the_json_that_holds_it(value, others):
    """As a header says it, escaped or not; not within a longer one."""
    values = [value, *(f"other-{number}" for number in range(others))]
    header = {"00100010": {"vr": "PN", "Value": [{"Alphabetic": value}]}}
    texts = [json.dumps(header), json.dumps(header, ensure_ascii=False)]
    longer = json.dumps(f"{value}7")

    assert told(pa.array([*texts, longer]), values) == [True, True, False]


def test_nothing_is_sought_where_nothing_is_known():
    assert told(pa.array(["", "x", None]), []) == [False, False, False]
    assert told(pa.array([], pa.string()), ["YAMADA^TARO"]) == []
    assert told(pa.nulls(2, pa.string()), ["YAMADA^TARO"]) == [False, False]
