"""A value fits its column, or is null with a word that says why."""

import json
from datetime import date, datetime, time

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicom_pipeline.catalog.table import (
    DATE,
    FLOAT,
    FLOATS,
    INTEGER,
    TEXT,
    TEXTS,
    TIME,
    TIMESTAMP,
    Column,
    Reading,
)
from dicom_pipeline.dicom.times import read_date, read_datetime, read_time
from dicom_pipeline.dicom.values import typed, value_of


@pytest.mark.parametrize(
    ("text", "value", "code"),
    [
        ("20240229", date(2024, 2, 29), ""),
        ("1994.11.05", date(1994, 11, 5), "legacy_date"),
        ("2009-11-24", date(2009, 11, 24), "legacy_date"),
        ("20230229", None, "bad_date"),
        ("00000000", None, "bad_date"),
        ("***", None, "bad_date"),
        ("20240101-20240131", None, "bad_date"),
        ("1994.11-05", None, "bad_date"),
        ("٢٠٢٤٠١٠١", None, "bad_date"),
        ("", None, "bad_date"),
    ],
)
def test_a_date_is_a_day_of_the_calendar(text, value, code):
    """Stars, zeros and ranges are no days; dots are an older spelling."""
    assert read_date(text) == (value, code)


@pytest.mark.parametrize(
    ("text", "value", "code"),
    [
        ("10", time(10), ""),
        ("1015", time(10, 15), ""),
        ("101530", time(10, 15, 30), ""),
        ("101530.5", time(10, 15, 30, 500_000), ""),
        ("101530.1234567", time(10, 15, 30, 123_456), "long_fraction"),
        ("235960", time(23, 59, 59, 999_999), ""),
        ("10:15:30", time(10, 15, 30), "legacy_time"),
        ("250000", None, "bad_time"),
        ("1661878369.7434108", None, "bad_time"),
        ("10:1530", None, "bad_time"),
        ("", None, "bad_time"),
    ],
)
def test_a_time_is_as_exact_as_it_was_sent(text, value, code):
    """What was not sent is zero; second 60 stays within its minute."""
    assert read_time(text) == (value, code)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2024", datetime(2024, 1, 1)),  # noqa: DTZ001  the column has no zone
        ("202405", datetime(2024, 5, 1)),  # noqa: DTZ001
        ("20240506070809.5", datetime(2024, 5, 6, 7, 8, 9, 500_000)),  # noqa: DTZ001
        ("20240506070809+0200", datetime(2024, 5, 6, 5, 8, 9)),  # noqa: DTZ001
        ("20240101003000-0100", datetime(2024, 1, 1, 1, 30)),  # noqa: DTZ001
        ("2024+0100", datetime(2023, 12, 31, 23)),  # noqa: DTZ001
        ("00010101000000+0100", None),
        ("20241", None),
        ("2024-13", None),
        ("2024+1401", None),
        ("2024-1201", None),
        ("2024+0060", None),
        ("2024013110:15", None),
        ("", None),
    ],
)
def test_a_moment_is_in_utc_where_it_says_how_far_it_is(text, value):
    """Partial moments begin where they are cut; an offset is taken off."""
    assert read_datetime(text) == (value, "" if value else "bad_datetime")


@pytest.mark.parametrize(
    ("vr", "values", "type_", "value", "code"),
    [
        ("IS", [7], INTEGER, 7, ""),
        ("IS", ["1A"], INTEGER, None, "bad_number"),
        ("UV", [2**63], INTEGER, None, "too_large"),
        ("IS", [2**31], INTEGER, 2**31, "out_of_range"),
        ("AS", ["042Y"], TEXT, "042Y", ""),
        ("AS", ["42"], TEXT, "42", "bad_age"),
        ("DS", ["1_0"], FLOAT, None, "bad_number"),
        ("DS", [1.5], INTEGER, None, "bad_number"),
        ("DS", [2.0], INTEGER, 2, ""),
        ("DS", ["abc"], FLOAT, None, "bad_number"),
        ("FD", ["NaN"], FLOAT, None, "not_finite"),
        ("DS", [1.0, 2.0], FLOAT, 1.0, "more_than_one"),
        ("DS", [0.5], FLOATS, [0.5], ""),
        ("DS", [0.5, None, "x"], FLOATS, [0.5, None, None], "bad_number"),
        ("LO", ["a", None, "b"], TEXT, "a\\\\b", ""),
        ("LO", ["a"], TEXTS, ["a"], ""),
        ("IS", [12], TEXT, "12", ""),
        ("DS", [12.0], TEXT, "12", ""),
        ("UI", ["1.2.3\0 "], TEXT, "1.2.3", ""),
        ("UI", ["1.02"], TEXT, "1.02", "bad_uid"),
        ("UI", ["1." + "2" * 62], TEXT, "1." + "2" * 62, ""),
        ("UI", ["1." + "2" * 63], TEXT, "1." + "2" * 63, "bad_uid"),
        ("DA", ["20240131"], DATE, date(2024, 1, 31), ""),
        ("DA", [7], DATE, None, "bad_date"),
        ("TM", ["10"], TIME, time(10), ""),
        ("DT", ["2024"], TIMESTAMP, datetime(2024, 1, 1), ""),  # noqa: DTZ001
        ("SQ", [{"00080100": {"vr": "SH", "Value": ["é"]}}], TEXT,
         '[{"00080100":{"vr":"SH","Value":["é"]}}]', ""),
        ("SQ", [{}], INTEGER, None, "bad_type"),
    ],
)  # fmt: skip
def test_an_element_fits_its_column_or_is_null(vr, values, type_, value, code):
    """Lists stay lists, in place; scalars take text joined, and the first number."""
    assert typed({"vr": vr, "Value": values}, type_) == (value, code)


def test_a_name_keeps_its_three_spellings():
    """Component groups with ``=`` between them, as PS3.5 6.2.1.1 writes them."""
    name = {"Alphabetic": "Yamada^Tarou", "Phonetic": "やまだ^たろう"}

    text, _ = typed({"vr": "PN", "Value": [name]}, TEXT)

    assert text == "Yamada^Tarou==やまだ^たろう"


def test_bytes_where_text_should_be_are_null_and_said_so():
    """An element that could not be read is not taken for an empty one."""
    assert typed({"vr": "UN", "InlineBinary": "AAE="}, TEXT) == (None, "binary")
    assert typed({"vr": "UN", "BulkDataURI": "#/x"}, TEXT) == (None, "binary")
    assert typed({"vr": "LO"}, TEXT) == (None, "")


def item(**values):
    tags = {"code": "00080100", "long": "00080119", "scheme": "00080102"}
    tags |= {"uid": "00081155"}
    return {tags[name]: {"vr": "SH", "Value": [text]} for name, text in values.items()}


def test_codes_and_references_are_lists_of_what_they_name():
    """A code has its scheme before it; an item without either is left out."""
    codes = Column("c", "ProcedureCodeSequence", TEXTS, Reading.CODES)
    references = Column("r", "ReferencedImageSequence", TEXTS, Reading.REFERENCES)
    coded = [item(code="T-04000", scheme="SRT"), item(long="x" * 20), {}]
    elements = {
        codes.tag: {"vr": "SQ", "Value": coded},
        references.tag: {"vr": "SQ", "Value": [item(uid="1.2"), item(uid="1.3")]},
    }

    assert value_of(codes, elements) == (["SRT:T-04000", ":" + "x" * 20], "")
    assert value_of(references, elements) == (["1.2", "1.3"], "")
    assert value_of(codes, {}) == (None, "")


@pytest.mark.parametrize(("group", "there"), [(0, True), (0x1E, True), (0x20, False)])
def test_an_overlay_in_any_of_its_sixteen_groups_is_there(group, there):
    """Repeating groups are the even ones from 6000 to 601E (PS3.5 7.6)."""
    column = Column("o", "OverlayData", pa.bool_(), Reading.PRESENCE, tag="60xx3000")

    assert value_of(column, {f"60{group:02X}3000": {"vr": "OW"}}) == (there, "")


JSON = st.recursive(
    st.none()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(("20240131", "1012", "2024+0100", "1.2.3", "inf", "1e999")),
    lambda inner: st.dictionaries(st.text(max_size=8), inner, max_size=2),
    max_leaves=4,
)
TYPES = (TEXT, TEXTS, INTEGER, FLOAT, FLOATS, DATE, TIME, TIMESTAMP)


@settings(max_examples=400, deadline=None)
@given(
    vr=st.sampled_from(("DA", "DS", "IS", "LO", "PN", "SQ", "TM", "UI", "UN")),
    values=st.lists(JSON, max_size=3),
    type_=st.sampled_from(TYPES),
)
def test_any_value_fits_any_column_or_is_null(vr, values, type_):
    """Whatever a header holds, Arrow takes what is made of it."""
    try:
        json.dumps(values, allow_nan=False)
    except ValueError:
        return  # no header holds it
    value, code = typed({"vr": vr, "Value": values}, type_)

    assert pa.array([value], type=type_).type == type_
    assert isinstance(code, str)
