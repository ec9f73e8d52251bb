"""From headers in the DICOM JSON Model to Arrow columns, many headers at a time.

A value that does not fit its column is null there, and counted; it stays in the header.
"""

import base64
import re
import struct
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import pyarrow as pa

from dicom_pipeline.dicom.nested.keys import keyed, parts_of
from dicom_pipeline.dicom.nested.types import Field, Kind
from dicom_pipeline.dicom.outcome import Json
from dicom_pipeline.dicom.times import read_date, read_datetime, read_time
from dicom_pipeline.dicom.values import compact

TEXT_LIMIT = 1 << 20
"""Letters of one text; a longer one is null and counted."""

VALUE_LIMIT = 1 << 20
"""Values of one element; a longer list is null and counted."""

_INT64 = range(-(1 << 63), 1 << 63)
_OFFSET = re.compile(r"[+-]\d{4}$", re.ASCII)
_WORDS = frozenset({"OW"})

Slots = list[Json | None]


class Columns:
    """Makes columns, and counts what did not fit.

    Attributes:
        lost: Values that are null though the header has them, by (column, why).
    """

    def __init__(self) -> None:
        """Start with nothing lost."""
        self.lost: Counter[tuple[str, str]] = Counter()

    def batch(self, headers: Sequence[Json], fields: Sequence[Field]) -> pa.RecordBatch:
        """Return one row per header, in order.

        Args:
            headers: Elements by tag.
            fields: From ``fields_of`` over at least these headers.
        """
        arrays = self._arrays(headers, fields, "")
        schema = pa.schema([field.arrow for field in fields])
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _arrays(
        self, items: Sequence[Json], fields: Sequence[Field], path: str
    ) -> list[pa.Array]:
        slots: dict[str, Slots] = {field.key: [None] * len(items) for field in fields}
        others: list[Any] = []
        if "" in slots:
            others = self._sort(items, slots)
        else:
            _sort_only(items, slots)
        return [
            pa.array(others, field.arrow.type)
            if field.kind is Kind.OTHERS
            else self._array(slots[field.key], field, f"{path}{field.name}")
            for field in fields
        ]

    def _sort(self, items: Sequence[Json], slots: dict[str, Slots]) -> list[Any]:
        """Put each element into its column, or into the list of others."""
        others: list[list[Json] | None] = [None] * len(items)
        for index, item in enumerate(items):
            for key, element in keyed(item):
                column = slots.get(key)
                if column is not None and column[index] is None:
                    column[index] = element
                    continue
                rest = others[index]
                if rest is None:
                    rest = others[index] = []
                rest.append(self._other(key, element))
        return others

    def _other(self, key: str, element: Json) -> Json:
        listed, creator = _listed(key)
        if "BulkDataURI" in element:
            self.lost["OtherElements", "bulk"] += 1
        return {
            "element": listed,
            "creator": creator,
            "vr": element["vr"],
            "values": _texts(element),
        }

    def _array(self, slots: Slots, field: Field, path: str) -> pa.Array:
        if field.kind is Kind.ITEMS:
            return self._items(slots, field, path)
        read = _READ[field.kind]
        take = self._list if field.repeated else self._scalar
        values = [None if s is None else take(s, read, path) for s in slots]
        return pa.array(values, field.arrow.type)

    def _items(self, slots: Slots, field: Field, path: str) -> pa.Array:
        items: list[Json] = []
        offsets: list[int | None] = []
        for element in slots:
            values = element.get("Value") if element and element["vr"] == "SQ" else None
            offsets.append(len(items) if values else None)
            items += values or ()
            if element and not values and len(element) > 1:
                self.lost[path, "other_vr"] += 1
        arrays = self._arrays(items, field.fields, f"{path}.")
        struct_ = pa.StructArray.from_arrays(
            arrays, fields=[f.arrow for f in field.fields]
        )
        ends = pa.array([*offsets, len(items)], pa.int32())
        return pa.ListArray.from_arrays(ends, struct_, type=field.arrow.type)

    def _scalar(self, element: Json, read: "Reader", path: str) -> Any:  # noqa: ANN401
        values = element.get("Value")
        if values is None:
            return self._of_bytes(element, read, path)
        value, code = read(values[0], element["vr"])
        if value is None and values[0] is not None:
            self.lost[path, code] += 1
        return value

    def _list(self, element: Json, read: "Reader", path: str) -> Any:  # noqa: ANN401
        values = element.get("Value")
        if values is None:
            found = self._of_bytes(element, read, path)
            return found if found is None or isinstance(found, list) else [found]
        if len(values) > VALUE_LIMIT:
            self.lost[path, "too_many_values"] += 1
            return None
        vr = element["vr"]
        pairs = [read(value, vr) for value in values]
        for value, (found, code) in zip(values, pairs, strict=True):
            if found is None and value is not None:
                self.lost[path, code] += 1
        return [found for found, _ in pairs]

    def _of_bytes(self, element: Json, read: "Reader", path: str) -> Any:  # noqa: ANN401
        """Take a value that is bytes; most columns have no room for one."""
        text = element.get("InlineBinary")
        if text is None:
            if "BulkDataURI" in element:
                self.lost[path, "bulk"] += 1
            return None
        if read is _bytes:
            return base64.b64decode(text)
        if read is _text:
            return text
        if read is _integer and element["vr"] in _WORDS:
            return _words(base64.b64decode(text))
        self.lost[path, "other_vr"] += 1
        return None


def _sort_only(items: Sequence[Json], slots: dict[str, Slots]) -> None:
    """Put the elements that have a column into it; the others were not asked for."""
    private = any(parts_of(key) for key in slots)
    for index, item in enumerate(items):
        for key, element in keyed(item) if private else item.items():
            column = slots.get(key)
            if column is not None and column[index] is None:
                column[index] = element


Read = tuple[Any, str]
Reader = Callable[[Any, str], Read]


def _text(value: Any, _vr: str) -> Read:  # noqa: ANN401
    if isinstance(value, dict):
        value = (
            _joined_name(value) if value.keys() <= _GROUPS.keys() else compact(value)
        )
    elif not isinstance(value, str):
        return (None if value is None else _number_text(value)), ""
    return (value, "") if len(value) <= TEXT_LIMIT else (None, "too_long")


def _number_text(value: float) -> str:
    return repr(value).removesuffix(".0")


def _integer(value: Any, _vr: str) -> Read:  # noqa: ANN401
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int):
        return None, "not_an_integer"
    return (value, "") if value in _INT64 else (None, "out_of_range")


def _decimal(value: Any, _vr: str) -> Read:  # noqa: ANN401
    try:  # NaN and infinities are text in the JSON model (PS3.18 F.2.3)
        return (None if value is None else float(value)), ""
    except (TypeError, ValueError, OverflowError):
        return None, "not_a_number"


def _moment(value: Any, _vr: str) -> Read:  # noqa: ANN401
    at, code = read_datetime(value) if isinstance(value, str) else (None, "other_vr")
    if at is None:
        return None, code
    offset = _OFFSET.search(value)
    return {"value": at, "utc_offset": offset[0] if offset else None}, ""


def _name(value: Any, _vr: str) -> Read:  # noqa: ANN401
    if isinstance(value, str):
        return {"alphabetic": value}, ""
    if not isinstance(value, dict) or not value.keys() <= _GROUPS.keys():
        return None, "other_vr"
    return {_GROUPS[group]: text for group, text in value.items()}, ""


def _bytes(_value: Any, _vr: str) -> Read:  # noqa: ANN401
    return None, "other_vr"


def _json(value: Any, _vr: str) -> Read:  # noqa: ANN401
    return _text(value if isinstance(value, str) else compact(value), "")


def _from_text(read: Callable[[str], Read]) -> Reader:
    def convert(value: Any, _vr: str) -> Read:  # noqa: ANN401
        return read(value) if isinstance(value, str) else (None, "other_vr")

    return convert


_GROUPS = {
    "Alphabetic": "alphabetic",
    "Ideographic": "ideographic",
    "Phonetic": "phonetic",
}
_READ: dict[Kind, Reader] = {
    Kind.TEXT: _text,
    Kind.INTEGER: _integer,
    Kind.DECIMAL: _decimal,
    Kind.DATE: _from_text(read_date),
    Kind.TIME: _from_text(read_time),
    Kind.MOMENT: _moment,
    Kind.TIMESTAMP: _from_text(read_datetime),
    Kind.NAME: _name,
    Kind.BYTES: _bytes,
    Kind.JSON: _json,
}


def _joined_name(groups: dict[str, str]) -> str:
    """Component groups with ``=`` between them (PS3.5 6.2.1.1)."""
    return "=".join(groups.get(group, "") for group in _GROUPS).rstrip("=")


@lru_cache(maxsize=65_536)
def _listed(key: str) -> tuple[str, str | None]:
    """Element and creator as the list of others spells them."""
    group, creator, number = parts_of(key) or (key[:4], "", key[4:])
    return f"{group}{'xx' if creator else ''}{number}", creator or None


def _texts(element: Json) -> list[str | None] | None:
    """Values of an element without a column, as text; bytes are base64."""
    inline = element.get("InlineBinary")
    if inline is not None:
        return [inline]
    values = element.get("Value")
    if values is None:
        return None
    if element["vr"] == "SQ":
        return [compact(item) for item in values]
    return [_text(value, "")[0] for value in values]


def _words(data: bytes) -> list[int]:
    """16-bit words, least byte first, as every transfer syntax in use has them."""
    return list(struct.unpack(f"<{len(data) // 2}H", data[: len(data) // 2 * 2]))
