"""Which elements headers have: places, VRs, multiplicities and how often filled."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from dicom_pipeline.catalog.header_schemas import HEADER_SCHEMAS
from dicom_pipeline.dicom.nested.keys import ODD, keyed
from dicom_pipeline.dicom.outcome import Json, first_text

PATH_LIMIT = 100_000
"""Places that are told apart in one batch; 1,294 real headers have 3,500 (2026-11)."""

SCHEMA = pa.schema([f for f in HEADER_SCHEMAS.schema if f.name != "batch_id"])
"""What was seen, of one batch or of several."""

OVERLOOKED = "*"
"""Path of the row that counts what is beyond the limit of places."""

_SUMS = ("elements", "filled", "value_count")


@dataclass(slots=True)
class Count:
    """One element at one place with one VR.

    Attributes:
        vm_max: Most values in one element; of a sequence, items.
        elements: Times it was there, empty or not.
        filled: Times it had a value.
        values: Values in all; of a sequence, items.
    """

    vm_max: int = 0
    elements: int = 0
    filled: int = 0
    values: int = 0


@dataclass(slots=True)
class Level:
    """The elements of headers, or of the items of one sequence.

    Attributes:
        count: Headers, or items.
        elements: By key.
    """

    count: int = 0
    elements: dict[str, "Element"] = field(default_factory=dict)


@dataclass(slots=True)
class Element:
    """One element at one place.

    Attributes:
        counts: By VR.
        items: What its items hold, where it is a sequence.
    """

    counts: dict[str, Count] = field(default_factory=dict)
    items: Level = field(default_factory=Level)

    @property
    def vrs(self) -> frozenset[str]:
        """Every VR that was read."""
        return frozenset(self.counts)

    @property
    def vm_max(self) -> int:
        """Most values in one element."""
        return max((count.vm_max for count in self.counts.values()), default=0)

    @property
    def filled(self) -> int:
        """Times it had a value."""
        return sum(count.filled for count in self.counts.values())

    @property
    def present(self) -> int:
        """Times it was there."""
        return sum(count.elements for count in self.counts.values())


class Look:
    """Looks at headers and counts what they have.

    Attributes:
        level: What was seen.
        overlooked: Elements beyond the limit of places, with all inside them.
    """

    def __init__(self, limit: int = PATH_LIMIT) -> None:
        """Start with nothing seen."""
        self.level = Level()
        self.overlooked = 0
        self._left = limit

    def at(self, header: Json, times: int = 1) -> None:
        """Count the elements of one header in the DICOM JSON Model."""
        self._see(self.level, header, times)

    def at_all(self, headers: Iterable[Json]) -> None:
        """Count the elements of many; those of one series mostly differ in values.

        So only one of those that are alike is looked at in full: a third of the time
        for a CT series.
        """
        first: dict[Shape, Json] = {}
        times: Counter[Shape] = Counter()
        for header in headers:
            shape = shape_of(header)
            first.setdefault(shape, header)
            times[shape] += 1
        for shape, header in first.items():
            self.at(header, times[shape])

    def _see(self, level: Level, dataset: Json, times: int) -> None:
        level.count += times
        elements = level.elements
        for key, element in keyed(dataset):
            found = elements.get(key)
            if found is None:
                if not self._left:
                    self.overlooked += times
                    continue
                self._left -= 1
                found = elements[key] = Element()
            vr = element["vr"]
            count = found.counts.get(vr)
            if count is None:
                count = found.counts[vr] = Count()
            count.elements += times
            if len(element) > 1:  # values or bytes, here or left out
                values = element.get("Value", "1")
                count.filled += times
                count.values += times * len(values)
                count.vm_max = max(count.vm_max, len(values))
                if vr == "SQ":
                    for item in element.get("Value", ()):
                        self._see(found.items, item, times)


Shape = tuple[Any, ...]


def shape_of(dataset: Json) -> Shape:
    """Return all of a header that is counted: tags, VRs, creators, numbers of values.

    Two headers of one shape count alike.
    """
    shape: list[Shape] = []
    for tag, element in dataset.items():
        values = element.get("Value")
        if values is None:
            shape.append((tag, element["vr"], len(element) > 1, False))
        elif element["vr"] == "SQ":
            shape.append((tag, tuple(map(shape_of, values))))
        elif tag[3] in ODD and tag[4:6] == "00":
            shape.append((tag, element["vr"], len(values), first_text(dataset, tag)))
        else:
            shape.append((tag, element["vr"], len(values), True))
    return tuple(shape)


def table_of(level: Level, overlooked: int = 0) -> pa.Table:
    """Write what was seen as rows of ``header_schemas``, in order of path and VR.

    Args:
        level: What headers have.
        overlooked: Elements beyond the limit of places; they make the row ``*``.
    """
    rows = [("", "", 0, level.count, 0, 0), *_rows(level, "")]
    if overlooked:
        rows.append((OVERLOOKED, "", 0, overlooked, 0, 0))
    columns = zip(*sorted(rows), strict=True)
    return pa.table([*map(list, columns)], schema=SCHEMA)


def _rows(level: Level, prefix: str) -> Iterator[tuple[str, str, int, int, int, int]]:
    for key, element in level.elements.items():
        path = f"{prefix}{key}"
        for vr, count in element.counts.items():
            yield path, vr, count.vm_max, count.elements, count.filled, count.values
        yield from _rows(element.items, f"{path}/")


def merged(tables: Iterable[pa.Table]) -> pa.Table:
    """Add up what several batches have; any order gives the same rows."""
    rows = (table.select(SCHEMA.names) for table in tables)
    everything = pa.concat_tables([SCHEMA.empty_table(), *rows])
    sums = [(name, "sum") for name in _SUMS]
    added = everything.group_by(["path", "vr"]).aggregate([("vm_max", "max"), *sums])
    named = ["path", "vr", "vm_max_max", *(f"{name}_sum" for name in _SUMS)]
    return (
        added.select(named)
        .rename_columns(SCHEMA.names)
        .sort_by([("path", "ascending"), ("vr", "ascending")])
    )


def level_of(table: pa.Table) -> Level:
    """Read rows of ``header_schemas`` back."""
    root = Level()
    for row in table.to_pylist():
        if row["path"] in {"", OVERLOOKED}:
            root.count += 0 if row["path"] else row["elements"]
            continue
        element = _at(root, row["path"].split("/"))
        count = element.counts.setdefault(row["vr"], Count())
        count.vm_max = max(count.vm_max, row["vm_max"])
        count.elements += row["elements"]
        count.filled += row["filled"]
        count.values += row["value_count"]
        if row["vr"] == "SQ":
            element.items.count += row["value_count"]
    return root


def _at(root: Level, keys: list[str]) -> Element:
    *outer, last = keys
    level = root
    for key in outer:
        level = level.elements.setdefault(key, Element()).items
    return level.elements.setdefault(last, Element())
