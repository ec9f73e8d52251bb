"""Which partition an instance belongs to, and which date said so."""

from typing import Literal

from dicom_pipeline.dicom.outcome import HasTexts
from dicom_pipeline.dicom.times import read_date

Grain = Literal["monthly", "daily"]

UNKNOWN = "unknown"
"""Partition of instances without a usable date."""

_SOURCES = (
    ("StudyDate", "00080020"),
    ("SeriesDate", "00080021"),
    ("AcquisitionDate", "00080022"),
    ("ContentDate", "00080023"),
    ("InstanceCreationDate", "00080012"),
)
DATE_TAGS = tuple(tag for _, tag in _SOURCES)
"""Elements that may say the month."""

_YEARS = range(1800, 2200)


def month_of(header: HasTexts, grain: Grain = "monthly") -> tuple[str, str | None]:
    """Find the partition of an instance from the first of its dates that is a date.

    Args:
        header: The header, or what has its ``DATE_TAGS``.
        grain: ``monthly`` or ``daily``.

    Returns:
        ``YYYY-MM`` or ``YYYY-MM-DD``, and the keyword of the date; ``unknown`` and
        ``None`` where no date is usable.
    """
    length = {"monthly": 7, "daily": 10}[grain]
    for keyword, tag in _SOURCES:
        day, _ = read_date(header.text(tag))
        if day is not None and day.year in _YEARS:
            return day.isoformat()[:length], keyword
    return UNKNOWN, None
