"""The merged schema of all headers as a tree of lines, for people and machines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dicom_pipeline.dicom.nested.keys import (
    column_of,
    is_known_creator,
    parts_of,
    vr_of,
    words_of,
)
from dicom_pipeline.dicom.nested.seen import Element, Level
from dicom_pipeline.dicom.nested.types import Kind, field_of

WITHHELD = "?"
"""Shown for a private creator that no dictionary has: it may be anything."""

_SQL = {
    Kind.TEXT: "text",
    Kind.INTEGER: "integer",
    Kind.DECIMAL: "double",
    Kind.DATE: "date",
    Kind.TIME: "time",
    Kind.MOMENT: "datetime",
    Kind.NAME: "name",
    Kind.BYTES: "bytes",
    Kind.ITEMS: "items",
    Kind.JSON: "json",
}


@dataclass(frozen=True)
class Node:
    """One element at one place.

    Attributes:
        name: Keyword, or the vendor's words; empty where no dictionary has it.
        tag: ``(0018,0060)``; ``(0029,xx10)`` in whatever block of its creator.
        creator: Private creator; empty for a standard element.
        vr: VRs that were read, by how often.
        type: What one value becomes.
        mode: ``nullable`` or ``repeated``.
        fill: Share of headers, or of items of the sequence around, with a value.
        filled: How many.
        children: Of a sequence.
    """

    name: str
    tag: str
    creator: str
    vr: str
    type: str
    mode: str
    fill: float
    filled: int
    children: tuple["Node", ...] = ()

    def facts(self) -> dict[str, object]:
        """Return the node as JSON has it."""
        return {**vars(self), "children": [child.facts() for child in self.children]}


def tree_of(level: Level, *, with_creators: bool) -> tuple[Node, ...]:
    """Return the elements of a level: standard ones by tag, then private by creator.

    Args:
        level: What was seen.
        with_creators: Show private creators that pydicom does not know, too.
    """
    return tuple(
        _node(key, level.elements[key], level.count, with_creators=with_creators)
        for key in sorted(level.elements, key=_order)
    )


def walk(nodes: Sequence[Node]) -> Iterator[Node]:
    """Yield every node, outer before inner."""
    for node in nodes:
        yield node
        yield from walk(node.children)


def _node(key: str, element: Element, around: int, *, with_creators: bool) -> Node:
    private = parts_of(key)
    creator = _printable(private[1]) if private else ""
    if creator and not with_creators and not is_known_creator(creator):
        creator = WITHHELD
    column = field_of(key, element)
    counts = element.counts
    return Node(
        name=_name(key),
        tag=_tag(key),
        creator=creator,
        vr="/".join(sorted(counts, key=lambda vr: (-counts[vr].elements, vr))),
        type=_SQL[column.kind],
        mode="repeated" if column.repeated else "nullable",
        fill=min(element.filled / around, 1.0) if around else 0.0,
        filled=element.filled,
        children=tree_of(element.items, with_creators=with_creators),
    )


def _printable(text: str) -> str:
    """Keep a terminal from obeying what a file says."""
    return "".join(letter if letter.isprintable() else "·" for letter in text)


def _name(key: str) -> str:
    if parts_of(key) is None:
        return column_of(key) if words_of(key) else ""
    return words_of(key) if vr_of(key) else ""


def _tag(key: str) -> str:
    private = parts_of(key)
    if private is None:
        return f"({key[:4]},{key[4:]})"
    return f"({private[0]},{private[2].rjust(4, 'x')})"


def _order(key: str) -> tuple[bool, str, str]:
    private = parts_of(key)
    return (False, key, "") if private is None else (True, private[1], key)
