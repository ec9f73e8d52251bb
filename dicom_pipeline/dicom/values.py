"""From an element of the JSON model to a value that fits its column."""

import json
import math
import re
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

import pyarrow as pa

from dicom_pipeline.catalog.table import (
    BOOLEAN,
    DATE,
    FLOAT,
    INTEGER,
    TEXT,
    TIME,
    TIMESTAMP,
    Column,
    Reading,
)
from dicom_pipeline.dicom.outcome import Json
from dicom_pipeline.dicom.times import read_date, read_datetime, read_time

Scalar = str | int | float | bool | date | time | datetime | None
Value = Scalar | list[Any]
Typed = tuple[Value, str]
"""A value that the column can hold, and a code where the one sent is not that."""

_UID = re.compile(r"(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))*", re.ASCII)
_AGE = re.compile(r"\d{3}[DWMY]", re.ASCII)  # PS3.5 6.2
_UID_LONGEST = 64  # PS3.5 9.1
_INT64 = range(-(2**63), 2**63)
_INT32 = range(-(2**31), 2**31)  # what an IS may be, PS3.5 6.2
_BINARY_FLOATS = frozenset({"FD", "FL"})
_BINARY = frozenset({"InlineBinary", "BulkDataURI"})
_CODE_TAGS = ("00080100", "00080119", "00080120")  # value, long value, URN: PS3.3 8.8
_SCHEME = "00080102"
_REFERENCED = "00081155"


def value_of(column: Column, elements: Json) -> Typed:
    """Read what ``column`` holds from the elements of one header.

    Args:
        column: A column of the catalogue that is not the pipeline's own.
        elements: Data set and file meta in the DICOM JSON Model.

    Returns:
        The value, ``None`` where the element is absent, empty or does not fit; and a
        code, empty where nothing is odd. A list column holds a list or ``None``.
    """
    if column.reading is Reading.PRESENCE:
        return bool(_present(column.tag, elements)), ""
    element = _element(column.tag, elements)
    if element is None:
        return None, ""
    if column.reading is Reading.CODES:
        return _codes(element), ""
    if column.reading is Reading.REFERENCES:
        return _references(element), ""
    return typed(element, column.type)


def typed(element: Json, type_: pa.DataType) -> Typed:
    """Convert one element of the JSON model to a value of an Arrow type.

    Args:
        element: ``{"vr": …, "Value": […]}``.
        type_: Scalar, or list of a scalar.

    Returns:
        As ``value_of``. Where a list has a value that does not fit, that one is
        ``None``, so that the others keep their places.
    """
    values = element.get("Value")
    if not values:
        return None, "binary" if _BINARY & element.keys() else ""
    vr = str(element.get("vr", "UN"))
    if pa.types.is_list(type_):
        read = [_scalar(value, vr, type_.value_type) for value in values]
        return [value for value, _ in read], _worst(read)
    if vr == "SQ":
        return (compact(values), "") if type_ == TEXT else (None, "bad_type")
    if type_ == TEXT:
        read = [_scalar(value, vr, TEXT) for value in values]
        return "\\".join(str(v or "") for v, _ in read) or None, _worst(read)
    return _one(values, vr, type_)


def compact(values: Any) -> str:  # noqa: ANN401  any JSON
    """Spell JSON without spaces; letters stay letters."""
    return json.dumps(
        values, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )


def original(column: Column, elements: Json, limit: int = 256) -> str:
    """Return the value as sent, shortened, for the list of issues. Personal."""
    element = _element(column.tag, elements) or {}
    values = element.get("Value", [element.get("InlineBinary", "")])
    texts = (v if isinstance(v, str) else compact(v) for v in values)
    return "\\".join("" if text == "null" else text for text in texts)[:limit]


def _one(values: list[Any], vr: str, type_: pa.DataType) -> Typed:
    """First of the values; more than one is an issue of its own."""
    value, code = _scalar(values[0], vr, type_)
    return value, code or ("more_than_one" if len(values) > 1 else "")


def _worst(read: list[tuple[Scalar, str]]) -> str:
    return next((code for _, code in read if code), "")


def _scalar(value: Any, vr: str, type_: pa.DataType) -> tuple[Scalar, str]:  # noqa: ANN401
    if value is None:
        return None, ""
    convert = _CONVERTERS.get(type_)
    return convert(value, vr) if convert else (None, "bad_type")


def _text(value: Any, vr: str) -> tuple[Scalar, str]:  # noqa: ANN401
    if isinstance(value, dict):
        return (_name(value) if vr == "PN" else compact(value)), ""
    if vr == "UI":
        return _uid(str(value))
    if vr == "AS":
        return str(value) or None, "" if _AGE.fullmatch(str(value)) else "bad_age"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004
        value = int(value)  # DS "1" reads 1.0 in the JSON model
    return str(value) or None, ""


def _uid(text: str) -> tuple[str | None, str]:
    text = text.strip(" \0")
    valid = _UID.fullmatch(text) and len(text) <= _UID_LONGEST
    return text or None, "" if valid or not text else "bad_uid"


def _name(groups: dict[str, str]) -> str | None:
    """Component groups with ``=`` between them (PS3.5 6.2.1.1)."""
    order = ("Alphabetic", "Ideographic", "Phonetic")
    return "=".join(str(groups.get(group, "")) for group in order).rstrip("=") or None


def _float(value: Any, vr: str) -> tuple[Scalar, str]:  # noqa: ANN401
    if isinstance(value, str):  # what is text in the header is no number
        return None, "not_finite" if vr in _BINARY_FLOATS else "bad_number"
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None, "bad_number"
    return (number, "") if math.isfinite(number) else (None, "not_finite")


def _integer(value: Any, vr: str) -> tuple[Scalar, str]:  # noqa: ANN401
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int):
        return None, "bad_number"
    if value not in _INT64:
        return None, "too_large"
    return value, "out_of_range" if vr == "IS" and value not in _INT32 else ""


def _by(
    read: Callable[[str], tuple[Scalar, str]], code: str
) -> Callable[[Any, str], tuple[Scalar, str]]:
    def convert(value: Any, _vr: str) -> tuple[Scalar, str]:  # noqa: ANN401
        return read(value) if isinstance(value, str) else (None, code)

    return convert


_CONVERTERS: dict[pa.DataType, Callable[[Any, str], tuple[Scalar, str]]] = {
    TEXT: _text,
    FLOAT: _float,
    INTEGER: _integer,
    DATE: _by(read_date, "bad_date"),
    TIME: _by(read_time, "bad_time"),
    TIMESTAMP: _by(read_datetime, "bad_datetime"),
    BOOLEAN: lambda value, _vr: (bool(value), ""),
}


def _codes(element: Json) -> list[str] | None:
    """``scheme:code`` of each item of a code sequence (PS3.3 8.8)."""
    items = [item for item in element.get("Value") or [] if isinstance(item, dict)]
    codes = [_code(item) for item in items]
    return [code for code in codes if code] or None


def _code(item: Json) -> str:
    code = next((text for tag in _CODE_TAGS if (text := _first(item, tag))), "")
    return f"{_first(item, _SCHEME)}:{code}" if code else ""


def _references(element: Json) -> list[str] | None:
    """Referenced SOP Instance UID of each item (PS3.3 10.8)."""
    items = [item for item in element.get("Value") or [] if isinstance(item, dict)]
    return [uid for item in items if (uid := _first(item, _REFERENCED))] or None


def _first(item: Json, tag: str) -> str:
    values = item.get(tag, {}).get("Value") or [""]
    return str(values[0] or "").strip(" \0")


def _element(tag: str, elements: Json) -> Json | None:
    """The element; of a repeating group (PS3.5 7.6) the first there is."""
    found: list[str] = _present(tag, elements)
    return elements[found[0]] if found else None


def _present(tag: str, elements: Json) -> list[str]:
    if "x" not in tag:
        return [tag] if tag in elements else []
    start, end = tag[:2], tag[4:]
    return [
        f"{start}{group:02X}{end}"
        for group in range(0, 0x20, 2)
        if f"{start}{group:02X}{end}" in elements
    ]
