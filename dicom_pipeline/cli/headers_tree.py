"""How the schema of headers is drawn: a tree of names beside columns that line up."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from dicom_pipeline.cli.console import err, out
from dicom_pipeline.publish.header_tree import Node, walk

_BAR = 10
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def print_tree(nodes: Sequence[Node], headers: int, depth: int, find: str) -> None:
    """Print the tree; a creator is a heading, and its elements hang below.

    Args:
        nodes: Standard elements, then private ones by creator.
        headers: How many were read.
        depth: Sequences that are opened.
        find: Only branches that have this in a name; empty for all.
    """
    shown = tuple(found for node in nodes if (found := _pruned(node, find.lower())))
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), expand=False)
    drawn.add_column("element", overflow="fold", min_width=30)
    drawn.add_column("tag", style="dim", no_wrap=True)
    drawn.add_column("VR", no_wrap=True)
    drawn.add_column("type", style="cyan", no_wrap=True)
    drawn.add_column("mode", no_wrap=True)
    drawn.add_column("filled", no_wrap=True)
    for row in _rows(shown, depth):
        drawn.add_row(*row)
    total = sum(1 for _ in walk(tuple(nodes)))
    out.print(drawn)
    err.print(
        f"{headers:,} headers, {len(nodes):,} elements at top level,"
        f" {total:,} at every depth; 'filled' is the share of headers, or of items of"
        " the sequence around"
    )


def _pruned(node: Node, find: str) -> Node | None:
    """Keep the branches that lead to a match."""
    if not find or find in f"{node.name} {node.tag}".lower():
        return node
    kept = tuple(c for child in node.children if (c := _pruned(child, find)))
    return Node(**{**vars(node), "children": kept}) if kept else None


def _rows(nodes: Sequence[Node], depth: int) -> Iterator[tuple[Text, ...]]:
    heading = ""
    for node in nodes:
        if node.creator != heading:
            heading = node.creator
            yield (Text(f"private: {heading}", "bold"), *[Text()] * 5)
        yield from _branch(node, "", "", depth)


def _branch(
    node: Node, lead: str, below: str, depth: int
) -> Iterator[tuple[Text, ...]]:
    yield _row(node, lead)
    if not depth:
        if node.children:
            more = sum(1 for _ in walk(node.children))
            yield (Text(f"{below}└─ {more} more", "dim"), *[Text()] * 5)
        return
    for number, child in enumerate(node.children, start=1):
        last = number == len(node.children)
        yield from _branch(
            child,
            f"{below}{'└─ ' if last else '├─ '}",
            f"{below}{'   ' if last else '│  '}",
            depth - 1,
        )


def _row(node: Node, lead: str) -> tuple[Text, ...]:
    style = "bold" if node.children else ""
    return (
        Text(lead, "dim") + Text(node.name or "—", style),
        Text(node.tag),
        Text(node.vr),
        Text(node.type),
        Text(node.mode, "" if node.mode == "repeated" else "dim"),
        _filled(node.fill),
    )


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
