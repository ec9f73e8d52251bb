"""How the schema of headers is drawn: a tree of names beside columns that line up."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from rich.text import Text

from dicom_pipeline.cli.console import err, out
from dicom_pipeline.publish.header_tree import Node, walk

_BAR = 10
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_TITLES = ("element", "tag", "VR", "type", "mode", "filled")
_WIDTHS = (24, 11, 5, 8, 8, _BAR + 6)  # the first grows with what is in it
_NAME_WIDEST = 64
_BESIDE = sum(_WIDTHS[1:]) + 2 * len(_WIDTHS[1:])

Line = tuple[Text, Node | None]


def print_tree(nodes: Sequence[Node], headers: int, depth: int, find: str) -> None:
    """Print the tree; a creator is a heading, and its elements hang below.

    Args:
        nodes: Standard elements, then private ones by creator.
        headers: How many were read.
        depth: Sequences that are opened.
        find: Only branches that have this in a name or tag; empty for all.
    """
    shown = [found for node in nodes if (found := _pruned(node, find.lower()))]
    lines = list(_lines(shown, depth))
    widest = max((name.cell_len for name, _ in lines), default=0)
    width = min(max(widest, _WIDTHS[0]), _NAME_WIDEST)
    if out.is_terminal:  # a file or a pipe has room for whole names
        width = max(min(width, out.width - _BESIDE), _WIDTHS[0])
    out.print(_header(width), soft_wrap=True)
    for name, node in lines:
        if out.is_terminal:
            name.truncate(width, overflow="ellipsis")
        out.print(_drawn(name, node, width), soft_wrap=True)
    everywhere = sum(1 for _ in walk(nodes))
    err.print(
        f"\n{headers:,} headers, {len(nodes):,} elements at top level,"
        f" {everywhere:,} with those in sequences.\nFilled: the share of headers, or of"
        " the items of the sequence around, that have a value."
    )


def _pruned(node: Node, find: str) -> Node | None:
    """Keep a branch that matches, or the parts of it that do."""
    if not find or find in f"{node.name} {node.tag} {node.creator}".lower():
        return node
    kept = tuple(c for child in node.children if (c := _pruned(child, find)))
    return replace(node, children=kept) if kept else None


def _lines(nodes: Sequence[Node], depth: int, below: str = "") -> Iterator[Line]:
    for creator, of_creator in groupby(nodes, key=lambda node: node.creator):
        if creator:
            yield Text(below, "dim") + Text(f'"{creator}"', "bold magenta"), None
        yield from _siblings(
            list(of_creator), depth, below, hangs=bool(below or creator)
        )


def _siblings(
    nodes: Sequence[Node], depth: int, below: str, *, hangs: bool
) -> Iterator[Line]:
    for number, node in enumerate(nodes, start=1):
        last = number == len(nodes)
        lead, under = ("└─ ", "   ") if last else ("├─ ", "│  ")
        lead, under = (lead, under) if hangs else ("", "")
        name = Text(node.name or "unknown", "bold" if node.children else "")
        if not node.name:
            name.stylize("dim italic")
        yield Text(f"{below}{lead}", "dim") + name, node
        if node.children and depth:
            yield from _lines(node.children, depth - 1, f"{below}{under} ")
        elif node.children:
            more = sum(1 for _ in walk(node.children))
            yield Text(f"{below}{under} └─ {more} inside", "dim"), None


def _header(width: int) -> Text:
    cells = [Text(title, "bold") for title in _TITLES]
    return _joined(cells, width)


def _drawn(name: Text, node: Node | None, width: int) -> Text:
    if node is None:
        return name
    cells = [
        name,
        Text(node.tag, "dim"),
        Text(node.vr),
        Text(node.type, "cyan"),
        Text(node.mode, "yellow" if node.mode == "repeated" else "dim"),
        _filled(node.fill),
    ]
    return _joined(cells, width)


def _joined(cells: Sequence[Text], width: int) -> Text:
    line = Text()
    for cell, wide in zip(cells, (width, *_WIDTHS[1:]), strict=True):
        line += cell + Text(" " * (max(wide - cell.cell_len, 0) + 2))
    line.rstrip()
    return line


def _filled(share: float) -> Text:
    """Draw a bar of ten letters and the share; more than nothing is never nothing."""
    eighths = round(share * _BAR * 8) or int(share > 0)
    whole, rest = divmod(eighths, 8)
    bar = (_EIGHTHS[-1] * whole + (_EIGHTHS[rest] if rest else "")).ljust(_BAR)
    return Text(bar, "green") + Text(f" {_percent(share):>5}")


def _percent(share: float) -> str:
    if 0 < share < 0.01:  # noqa: PLR2004  one per cent
        return "<1 %"
    if 0.99 < share < 1:  # noqa: PLR2004
        return ">99 %"
    return f"{share:.0%}".replace("%", " %")
