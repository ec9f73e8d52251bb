"""Where an ultrasound image shows echoes, and so no names."""

from itertools import chain, product
from typing import Any, NamedTuple

from dicom_pipeline.dicom.outcome import Json


class Box(NamedTuple):
    """A rectangle of a frame in pixels, as the compressor takes it."""

    x: int
    y: int
    width: int
    height: int


_REGIONS = "00186011"  # Sequence of Ultrasound Regions
_CORNERS = ("00186018", "0018601A", "0018601C", "0018601E")  # min x, y; max x, y
_MOST_REGIONS = 64


def regions(dataset: Json) -> tuple[Box, ...]:
    """Read the boxes that alone may be shown.

    Args:
        dataset: Header in the DICOM JSON Model.

    Returns:
        One box per region, in order; none where one of them is not within the frame,
        where there are too many, or where together they hide nothing.

    DICOM:
        (0018,6011) Sequence of Ultrasound Regions, PS3.3 C.8.5.5. The corners are
        pixels of the region, so the far ones count.
    """
    rows, columns = number(dataset, "00280010"), number(dataset, "00280011")
    if dataset.get(_REGIONS, {}).get("vr") != "SQ":
        return ()
    items = values(dataset, _REGIONS)
    boxes = []
    for item in items if len(items) <= _MOST_REGIONS else []:
        left, top, right, bottom = (number(item, tag) for tag in _CORNERS)
        if not (0 <= left <= right < columns and 0 <= top <= bottom < rows):
            return ()
        boxes.append(Box(left, top, right - left + 1, bottom - top + 1))
    return () if _hide_nothing(boxes, columns, rows) else tuple(boxes)


def values(dataset: Json, tag: str) -> list[Any]:
    """Values of an element; an empty list where it is absent or empty."""
    element = dataset.get(tag) if isinstance(dataset, dict) else None
    return (element or {}).get("Value") or []


def number(dataset: Json, tag: str) -> int:
    """First value of an element where it is a whole number, else -1."""
    [value, *_] = values(dataset, tag) or [None]
    return value if isinstance(value, int) else -1


def _hide_nothing(boxes: list[Box], columns: int, rows: int) -> bool:
    """Whether boxes cover a frame: each cell of the grid that their edges make."""
    across = {0, *chain.from_iterable((box.x, box.x + box.width) for box in boxes)}
    down = {0, *chain.from_iterable((box.y, box.y + box.height) for box in boxes)}
    cells = product(across - {columns}, down - {rows})
    return all(any(_holds(box, x, y) for box in boxes) for x, y in cells)


def _holds(box: Box, x: int, y: int) -> bool:
    return box.x <= x < box.x + box.width and box.y <= y < box.y + box.height
