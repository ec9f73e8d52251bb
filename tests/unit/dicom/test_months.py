"""The partition is the first usable date, and says which it was."""

import pytest

from dicom_pipeline.dicom.months import month_of


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
