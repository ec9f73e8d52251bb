"""Where devices are known to write names into their images: a table, and its reader.

The table is made from the recipe of pydicom/deid (``device_boxes_recipe``), which has
merged that of the RSNA's CTP; its head says from which version.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pydicom.datadict import tag_for_keyword

from dicom_pipeline.dicom.outcome import Json
from dicom_pipeline.dicom.ultrasound import Box, number, values

TABLE = "device_boxes.csv"
COLUMNS = ("rule", "label", "when", "x", "y", "width", "height")
TERMS = re.compile(r"(?P<keyword>\w+) (?P<verb>contains|equals) (?P<value>.+)")
"""A condition as the table spells it."""

_SIZES = frozenset({"Rows", "Columns"})


@dataclass(frozen=True, slots=True)
class _Condition:
    """What one element has to say; letters' case is of no matter."""

    tag: str
    equals: str
    contains: re.Pattern[str] | None

    def holds(self, dataset: Json) -> bool:
        said = "\\".join(map(str, values(dataset, self.tag))).strip()
        if self.contains is None:
            return said.casefold() == self.equals
        return bool(self.contains.search(said))


@dataclass(frozen=True, slots=True)
class DeviceRule:
    """What is known of one device.

    Attributes:
        name: Of the rule, as it is stored with an image.
        boxes: Where words stand.
        conditions: What a header has to say, all of it.
        names_size: Whether Rows or Columns are among the conditions.
    """

    name: str
    boxes: tuple[Box, ...]
    conditions: tuple[_Condition, ...]
    names_size: bool

    def matches(self, dataset: Json) -> bool:
        """Whether the rule speaks of this image, and of its size.

        Its boxes must lie inside. A rule that names no size is believed where one of
        its boxes is as wide as the image: elsewhere it was measured on another.
        """
        rows, columns = number(dataset, "00280010"), number(dataset, "00280011")
        fits = all(_is_inside(box, rows, columns) for box in self.boxes)
        as_wide = any(box.width == columns for box in self.boxes)
        sized = fits and (self.names_size or as_wide)
        return sized and all(each.holds(dataset) for each in self.conditions)


@dataclass(frozen=True, slots=True)
class DeviceBoxes:
    """Where an image of a known device shows words.

    Attributes:
        rules: Names of the rules that match, joined by ``+``.
        boxes: Of all of them, each once.
    """

    rules: str
    boxes: tuple[Box, ...]


def device_boxes(dataset: Json) -> DeviceBoxes | None:
    """Look an image's device up.

    Args:
        dataset: Header in the DICOM JSON Model.

    Returns:
        The boxes of every rule that matches, all inside the image; ``None`` where no
        rule does.
    """
    found = [rule for rule in device_rules() if rule.matches(dataset)]
    if not found:
        return None
    boxes = dict.fromkeys(box for rule in found for box in rule.boxes)
    return DeviceBoxes("+".join(rule.name for rule in found), tuple(boxes))


@cache
def device_rules() -> tuple[DeviceRule, ...]:
    """Every rule of the table, in its order."""
    found: dict[str, list[Mapping[str, str]]] = {}
    for row in _rows():
        found.setdefault(row["rule"], []).append(row)
    return tuple(_rule(name, rows) for name, rows in found.items())


def _rows() -> Iterator[Mapping[str, str]]:
    text = files("dicom_pipeline.dicom").joinpath(TABLE).read_text("utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    yield from csv.DictReader(lines)


def _rule(name: str, rows: list[Mapping[str, str]]) -> DeviceRule:
    terms = [TERMS.fullmatch(term) for term in rows[0]["when"].split("; ")]
    said = [term for term in terms if term is not None]
    return DeviceRule(
        name=name,
        boxes=tuple(Box(*(int(row[side]) for side in COLUMNS[3:])) for row in rows),
        conditions=tuple(map(_condition, said)),
        names_size=any(term["keyword"] in _SIZES for term in said),
    )


def _condition(term: re.Match[str]) -> _Condition:
    # From the start of a word: GE is not in VITAL Images.
    begun = rf"(?<![^\W_])(?:{term['value']})"
    pattern = re.compile(begun, re.IGNORECASE)
    return _Condition(
        tag=f"{tag_for_keyword(term['keyword']):08X}",
        equals=term["value"].casefold(),
        contains=pattern if term["verb"] == "contains" else None,
    )


def _is_inside(box: Box, rows: int, columns: int) -> bool:
    right, bottom = box.x + box.width, box.y + box.height
    return (
        min(box.x, box.y) >= 0
        and min(box.width, box.height) > 0
        and right <= columns
        and bottom <= rows
    )
