"""A header out of its JSON against the file as pydicom reads it, element by element."""

from typing import Any

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from dicom_pipeline.dicom.header import Header, extract
from dicom_pipeline.dicom.json_text import json_of, text_of
from dicom_pipeline.dicom.quiet import silence
from dicom_pipeline.dicom.tolerant import elements_of
from dicom_pipeline.dicom.walk import Walk
from tests.oracles.headers import parsed

LEFT_OUT = b"(bulk)"
_NUMBERS = frozenset({"DS", "IS", "FL", "FD", "SL", "SS", "SV", "UL", "US", "UV"})
_FREE = frozenset({"LT", "ST", "UT"})  # their leading spaces mean something

Difference = tuple[str, str]
"""Keys of an element from the outermost, with '/' between, and what differs."""


def restored(header: dict[str, Any]) -> Dataset:
    """Make a data set of a header's JSON, as any reader of the DICOM JSON Model does.

    What was left out for its size becomes ``LEFT_OUT``.
    """
    with silence():
        return Dataset.from_json(header, bulk_data_uri_handler=lambda *_: LEFT_OUT)


def differences(ours: Dataset, theirs: Dataset, path: str = "") -> list[Difference]:
    """Compare two data sets but for group lengths, padding and bulk.

    Args:
        ours: From ``restored``.
        theirs: As pydicom reads the file.
        path: Where both are.
    """
    wanted = {int(tag) for tag in theirs.keys() if tag & 0xFFFF}  # noqa: SIM118
    have = {int(tag) for tag in ours.keys()}  # noqa: SIM118
    found = [(f"{path}{tag:08X}", "absent") for tag in wanted - have]
    found += [(f"{path}{tag:08X}", "added") for tag in have - wanted]
    for tag in sorted(wanted & have):
        found += _of_element(ours, theirs, tag, f"{path}{tag:08X}")
    return sorted(found)


def _of_element(
    ours: Dataset, theirs: Dataset, tag: int, path: str
) -> list[Difference]:
    with silence():
        try:
            other = theirs[tag]
        except Exception as error:  # noqa: BLE001  pydicom raises many kinds
            return [(path, f"pydicom: {type(error).__name__}")]
        mine = ours[tag]
        if mine.value == LEFT_OUT:
            return []
        if mine.VR != other.VR:
            return [(path, f"VR {mine.VR}, pydicom {other.VR}")]
        if mine.VR == "SQ":
            return _of_items(mine.value, other.value, path)
        same = _plain(mine.value, mine.VR) == _plain(other.value, other.VR)
    return [] if same else [(path, f"value of VR {mine.VR}")]


def _of_items(mine: list[Dataset], other: list[Dataset], path: str) -> list[Difference]:
    if len(mine) != len(other):
        return [(path, f"{len(mine)} items, pydicom {len(other)}")]
    return [
        found
        for ours, theirs in zip(mine, other, strict=True)
        for found in differences(ours, theirs, f"{path}/")
    ]


def _plain(value: Any, vr: str) -> Any:
    """Spell values so that equal ones are equal; empty ones are one value."""
    if isinstance(value, bytes):
        return value
    values = list(value) if isinstance(value, MultiValue | list | tuple) else [value]
    plain = [_one(each, vr) for each in values]
    return plain if any(each != "" for each in plain) else []


def _one(value: Any, vr: str) -> Any:
    if value is None or value == "":
        return ""
    if vr == "PN":
        return [part.rstrip(" \0") for part in str(value).rstrip("=").split("=")]
    if vr in _NUMBERS:
        try:
            return float(value)
        except ValueError:
            return str(value).strip(" \0")
    text = str(value)
    return text.rstrip(" \0") if vr in _FREE else text.strip(" \0")


def stored(data: bytes) -> dict[str, Any]:
    """Return the JSON of a file's header, by way of the text that is stored.

    Of a file that is refused for want of a UID, too: its elements are as good.
    """
    found = extract(data, len(data))
    if isinstance(found, Header):
        return json_of(text_of(found.dataset))
    with silence():
        return json_of(text_of(Walk().json(elements_of(parsed(data)))))


def cannot_be_restored(header: dict[str, Any]) -> list[str]:
    """Top-level elements that pydicom itself cannot hold, by tag."""
    bad = []
    for tag, element in header.items():
        try:
            restored({tag: element})
        except ValueError:
            bad.append(tag)
    return bad


def round_trip(data: bytes) -> list[Difference]:
    """Say what of a file does not come back out of its JSON."""
    header = stored(data)
    try:
        return differences(restored(header), parsed(data))
    except ValueError:
        bad = cannot_be_restored(header)
    kept = {tag: element for tag, element in header.items() if tag not in bad}
    theirs = parsed(data)
    for tag in bad:
        del theirs[int(tag, 16)]
    return [(tag, "pydicom cannot hold it") for tag in bad] + differences(
        restored(kept), theirs
    )
