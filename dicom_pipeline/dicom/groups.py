"""Elements of a data set that lie deeper than classic objects have them.

Not here: what differs between frames. It stays in the header's JSON.
"""

from collections.abc import Iterator

from dicom_pipeline.dicom.outcome import Json

_SHARED = "52009229"  # Shared Functional Groups Sequence, PS3.3 C.7.6.16
_LISTS = (
    "00400275",  # Request Attributes Sequence, PS3.3 C.7.3.1
    "00540016",  # Radiopharmaceutical Information Sequence, PS3.3 C.8.9.2
)
_NOT_COPIED = frozenset({"SQ", "UI"})  # a UID inside names another object


def effective(dataset: Json) -> Json:
    """Return the elements that hold for the instance as a whole.

    An enhanced multi-frame object keeps thickness, spacing, orientation, echo time and
    the like in functional groups; those shared by all frames mean what the same
    element means at top level. A request or a radiopharmaceutical is taken where there
    is one of it.

    Args:
        dataset: Header in the DICOM JSON Model.

    Returns:
        The top-level elements, then those; what is at top level with a value wins.
    """
    elements = dict(dataset)
    for macro in _macros(dataset):
        for tag, element in macro.items():
            if element.get("vr") in _NOT_COPIED or "Value" not in element:
                continue
            if "Value" not in elements.get(tag, {}):
                elements[tag] = element
    return elements


def _macros(dataset: Json) -> Iterator[Json]:
    for shared in _items(dataset, _SHARED)[:1]:
        for tag in shared:
            yield from _only(_items(shared, tag))
    for tag in _LISTS:
        yield from _only(_items(dataset, tag))


def _items(dataset: Json, tag: str) -> list[Json]:
    element = dataset.get(tag, {})
    return element.get("Value", []) if element.get("vr") == "SQ" else []


def _only(items: list[Json]) -> list[Json]:
    return items if len(items) == 1 else []
