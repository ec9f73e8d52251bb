"""Which column an element becomes: its type from the dictionary, not from values.

The dictionary's VR decides, and its VM: 1 is a scalar, anything else a list, even of
one value. Where it leaves a choice or knows nothing, the VRs that were seen decide. So
one more file adds columns, but changes a type in three cases only: a VM-1 element with
several values becomes a list, an integer seen with a decimal VR becomes a double, and
an element of no dictionary seen with VRs that do not go together becomes text.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import pyarrow as pa

from dicom_pipeline.dicom.nested.keys import column_of, parts_of, vm_of, vr_of
from dicom_pipeline.dicom.nested.seen import Element, Level

DEPTH_LIMIT: Final = 16
"""Sequences inside sequences that become columns; deeper ones are JSON text."""

COLUMN_LIMIT: Final = 10_000
"""Leaf columns of one table; the least filled elements beyond are listed instead."""

OTHERS: Final = "OtherElements"
"""Column that lists what has no column of its own: private and unknown elements."""


class Kind(StrEnum):
    """What a value is, whatever its VR."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    TIME = "time"
    MOMENT = "moment"
    TIMESTAMP = "timestamp"  # a moment without its zone
    NAME = "name"
    BYTES = "bytes"
    ITEMS = "items"
    JSON = "json"  # a sequence as text: too deep, or without any element
    OTHERS = "others"


_TEXTS = ("AE", "AS", "AT", "CS", "LO", "LT", "SH", "ST", "UC", "UI", "UR", "UT")
_BYTES = ("OB", "OD", "OF", "OL", "OV", "OW", "UN")
_KINDS: Final[dict[str, Kind]] = {
    **dict.fromkeys(_TEXTS, Kind.TEXT),
    **dict.fromkeys(_BYTES, Kind.BYTES),
    **dict.fromkeys(("IS", "SL", "SS", "SV", "UL", "US", "UV"), Kind.INTEGER),
    **dict.fromkeys(("DS", "FD", "FL"), Kind.DECIMAL),
    "DA": Kind.DATE,
    "DT": Kind.MOMENT,
    "PN": Kind.NAME,
    "SQ": Kind.ITEMS,
    "TM": Kind.TIME,
}
NAME = pa.struct([(n, pa.string()) for n in ("alphabetic", "ideographic", "phonetic")])
MOMENT = pa.struct([("value", pa.timestamp("us")), ("utc_offset", pa.string())])
OTHER = pa.struct(
    [
        ("element", pa.string()),
        ("creator", pa.string()),
        ("vr", pa.string()),
        ("values", pa.list_(pa.string())),
    ]
)
_ARROW: Final[dict[Kind, pa.DataType]] = {
    Kind.TEXT: pa.string(),
    Kind.INTEGER: pa.int64(),
    Kind.DECIMAL: pa.float64(),
    Kind.DATE: pa.date32(),
    Kind.TIME: pa.time64("us"),
    Kind.MOMENT: MOMENT,
    Kind.TIMESTAMP: pa.timestamp("us"),
    Kind.NAME: NAME,
    Kind.BYTES: pa.binary(),
    Kind.JSON: pa.string(),
    Kind.OTHERS: OTHER,
}


@dataclass(frozen=True)
class Field:
    """One column, or one field of a struct.

    Attributes:
        key: The element; empty for the list of others.
        name: Of the column.
        kind: What one value is.
        repeated: Whether it is a list.
        fields: Of one item, where it is a sequence.
        filled: Times the element had a value; it decides which column is given up.
    """

    key: str
    name: str
    kind: Kind
    repeated: bool
    fields: tuple["Field", ...] = ()
    filled: int = field(default=0, compare=False)

    @property
    def scalar(self) -> pa.DataType:
        """Arrow type of one value."""
        if self.kind is Kind.ITEMS:
            return pa.struct([f.arrow for f in self.fields])
        return _ARROW[self.kind]

    @property
    def arrow(self) -> pa.Field:
        """Arrow field; everything may be missing, so everything is nullable."""
        type_ = pa.list_(self.scalar) if self.repeated else self.scalar
        return pa.field(self.name, type_)


OTHER_ELEMENTS = Field("", OTHERS, Kind.OTHERS, repeated=True)


def fields_of(level: Level, depth_limit: int = DEPTH_LIMIT) -> tuple[Field, ...]:
    """Return the columns of what was seen, standard elements in tag order.

    Private elements, and those whose tag no dictionary has, are listed in
    ``OtherElements``: they are of a vendor, and 300 columns of one vendor would be null
    in the rows of all others.
    """
    own = [key for key in sorted(level.elements) if _has_column(key)]
    fields = [field_of(key, level.elements[key], depth_limit) for key in own]
    if len(own) < len(level.elements) or not fields:
        fields.append(OTHER_ELEMENTS)
    return tuple(fields)


def field_of(key: str, element: Element, depth_limit: int = DEPTH_LIMIT) -> Field:
    """Return the column of one element, private ones too."""
    kind = kind_of(key, element.vrs)
    fields: tuple[Field, ...] = ()
    if kind is Kind.ITEMS:
        if depth_limit and element.items.count:
            fields = fields_of(element.items, depth_limit - 1)
        else:
            kind = Kind.JSON
    repeated = is_repeated(key, kind, element.vm_max)
    return Field(key, column_of(key), kind, repeated, fields, element.filled)


def kind_of(key: str, seen: frozenset[str]) -> Kind:
    """Decide what the values of an element are.

    Args:
        key: The element.
        seen: VRs that were read.
    """
    said = {_KINDS[vr] for vr in vr_of(key).split(" or ") if vr in _KINDS}
    found = {_KINDS.get(vr, Kind.BYTES) for vr in seen - {"UN"}}
    if said == {Kind.INTEGER} and Kind.DECIMAL in found:
        return Kind.DECIMAL
    if len(said) == 1:
        return said.pop()
    return _joined(found & said if said else found)


def _joined(found: set[Kind]) -> Kind:
    """Return the narrowest kind that takes all of these."""
    numbers = {Kind.INTEGER, Kind.DECIMAL}
    if len(found) <= 1:
        return next(iter(found), Kind.BYTES)
    if found <= numbers:
        return Kind.DECIMAL
    if found == {Kind.INTEGER, Kind.BYTES}:
        return Kind.INTEGER  # words of a lookup table, as US or as OW
    return Kind.TEXT


def is_repeated(key: str, kind: Kind, vm_max: int) -> bool:
    """Whether an element is a list: always, never, or where one file has several."""
    if kind in {Kind.ITEMS, Kind.JSON}:
        return True
    if kind is Kind.BYTES:
        return False
    return vm_of(key) != "1" or vm_max > 1


def leaves(fields: tuple[Field, ...]) -> int:
    """Count the leaf columns as Parquet stores them."""
    return sum(_leaves(field) for field in fields)


def within(fields: tuple[Field, ...], limit: int) -> tuple[tuple[Field, ...], int]:
    """Give up the least filled top-level columns until the others fit.

    Returns:
        The columns that stay, with ``OtherElements`` where one had to go, and how many
        went.
    """
    widths = {field.name: _leaves(field) for field in fields}
    total, gone = sum(widths.values()), set[str]()
    for each in sorted(fields, key=lambda f: (f.filled, f.name)):
        if total <= limit:
            break
        if each.kind is not Kind.OTHERS:
            gone.add(each.name)
            total -= widths[each.name]
    stay = [each for each in fields if each.name not in gone]
    if gone and OTHER_ELEMENTS not in stay:
        stay.append(OTHER_ELEMENTS)
    return tuple(stay), len(gone)


def _leaves(each: Field) -> int:
    if each.kind is Kind.ITEMS:
        return leaves(each.fields)
    return max(int(each.scalar.num_fields), 1)


def _has_column(key: str) -> bool:
    return parts_of(key) is None and bool(vr_of(key))
