"""Who and what a stored header names: the values that may not leave the raw zone."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydicom.datadict import dictionary_VR, keyword_for_tag

from dicom_pipeline.deid.needles import Kind
from dicom_pipeline.deid.ps315 import Attribute, table

_CLAIMED = {"desc", "pat", "modDates"}
"""Options of this project under which part of a value may stay."""

_SHORT = {"SH", "LO", "ST", "AE", "UC", "UR"}
_NUMBERED = re.compile(r"(IDs?|Number|Numbers|Locator|UniqueIdentifier)$")
_REACHED = re.compile("Telephone|Address|Telecom")
_NO_ONE_S = "1.2.840.10008."
_BORN = "00100030"


@cache
def kinds_of_tags() -> Mapping[str, Kind]:
    """Class of each attribute whose whole value PS3.15 wants gone, by tag.

    DICOM: PS3.15 Table E.1-1; texts that Clean Descriptors keep in part, and dates
    without Modified Dates, are not among them.
    """
    found = {tag: kind for tag, row in table().items() if (kind := _kind(row))}
    return {**found, _BORN: Kind.BIRTH}


def identities(header: Mapping[str, Any]) -> Iterator[tuple[Kind, str]]:
    """Yield every identity of a data set in the DICOM JSON Model, at any depth."""
    for tag, element in header.items():
        values, vr = element.get("Value", ()), element.get("vr")
        if vr == "SQ":
            for item in values:
                yield from identities(item or {})
        elif vr == "PN":
            for value in values:
                yield from _names(value)
        elif kind := kinds_of_tags().get(tag):
            for value in values:
                yield from _one(kind, str(value or ""))


def _kind(row: Attribute) -> Kind | None:
    if not re.fullmatch("[0-9A-F]{8}", row.tag):
        return None
    try:
        vr = dictionary_VR(int(row.tag, 16))
    except KeyError:
        return None
    if vr == "UI":
        return Kind.UID if "U" in row.basic else None
    if vr in {"DA", "DT"}:
        return Kind.DATE if "modDates" in row.is_kept_by else None
    if vr not in _SHORT or row.is_kept_by & _CLAIMED:
        return None
    keyword = keyword_for_tag(int(row.tag, 16))
    is_number = _NUMBERED.search(keyword) and not _REACHED.search(keyword)
    return Kind.ID if is_number else Kind.PLACE


def _names(value: object) -> Iterator[tuple[Kind, str]]:
    groups = value.values() if isinstance(value, Mapping) else (value,)
    for group in groups:
        if group:
            yield Kind.NAME, str(group)


def _one(kind: Kind, value: str) -> Iterator[tuple[Kind, str]]:
    if kind is not Kind.UID or not value.startswith(_NO_ONE_S):
        yield kind, value
