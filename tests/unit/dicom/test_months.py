"""The partition is the first usable date, and says which it was."""

from datetime import date
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom_pipeline.dicom.months import month_of
from tests.oracles import standard


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ({"StudyDate": "20240131", "SeriesDate": "20230101"}, ("2024-01", "StudyDate")),
        ({"SeriesDate": "20230101"}, ("2023-01", "SeriesDate")),
        ({"AcquisitionDate": "20230201"}, ("2023-02", "AcquisitionDate")),
        ({"ContentDate": "20230301"}, ("2023-03", "ContentDate")),
        ({"InstanceCreationDate": "20230401"}, ("2023-04", "InstanceCreationDate")),
        ({"StudyDate": "1994.11.05"}, ("1994-11", "StudyDate")),
        ({"StudyDate": "0" * 8, "ContentDate": "20230301"}, ("2023-03", "ContentDate")),
        ({"StudyDate": "00010101", "SeriesDate": "18000101"},
         ("1800-01", "SeriesDate")),
        ({"StudyDate": "22000101"}, ("unknown", None)),
        ({"StudyDate": ""}, ("unknown", None)),
        ({}, ("unknown", None)),
    ],
)  # fmt: skip
def test_the_first_usable_date_decides(read, dates, expected):
    """Zeros, empty dates and years before 1800 or after 2199 are passed over."""
    assert month_of(read(**dates)) == expected


def test_the_grain_may_be_a_day(read):
    """A busy archive is cut by day."""
    assert month_of(read(StudyDate="20240131"), "daily") == ("2024-01-31", "StudyDate")


TAGS = ("00080020", "00080021", "00080022", "00080023", "00080012")
TEXTS = (
    st.none()
    | st.text("0123456789.-", max_size=10)
    | st.dates().map(lambda day: f"{day.year:04}{day:%m%d}")
)


def said(texts):
    """A header of nothing but texts."""
    return SimpleNamespace(text=lambda tag: texts.get(tag) or "")


@given(texts=st.fixed_dictionaries(dict.fromkeys(TAGS, TEXTS)))
def test_any_header_is_in_one_partition_of_the_declared_grain(texts):
    """The month of its first date by the standard, or by ACR-NEMA; else unknown."""
    month, source = month_of(said(texts))
    day, same_source = month_of(said(texts), "daily")

    found = [standard.da((texts[tag] or "").replace(".", "")) for tag in TAGS]
    usable = [on for on in found if on is not None and 1800 <= on.year < 2200]
    assert source == same_source
    if source is None:
        assert (month, day) == ("unknown", "unknown")
        plain = [standard.da(text or "") for text in texts.values()]
        assert not set(usable) & set(plain)
    else:
        on = date.fromisoformat(day)
        assert on in usable
        assert month == f"{on.year}-{on.month:02}"
