"""How the commands speak: data to stdout, words to stderr, errors with a way out."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

out = Console()
err = Console(stderr=True)

FAILED, UNBALANCED, MISSING, REFUSED = 1, 2, 3, 4


def fail(message: str, code: int = FAILED) -> NoReturn:
    """Say what is wrong and what to do, and end with ``code``."""
    err.print(f"[red]error:[/red] {escape(message)}")
    raise typer.Exit(code)


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object for machines."""
    typer.echo(json.dumps(value, indent=2, default=str))


def table(title: str, columns: list[str], rows: list[list[object]]) -> None:
    """Print a table; numbers stand right."""
    drawn = Table(title=title, title_justify="left", title_style="bold")
    for position, name in enumerate(columns):
        numeric = rows and all(isinstance(row[position], int) for row in rows)
        drawn.add_column(name, justify="right" if numeric else "left")
    for row in rows:
        drawn.add_row(*(_text(cell) for cell in row))
    out.print(drawn)


@contextmanager
def progress(unit: str) -> Iterator[Progress]:
    """Show a bar on stderr while the work goes on."""
    with Progress(
        TextColumn("[progress.description]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
        console=err,
        transient=True,
    ) as bar:
        yield bar


def _text(cell: object) -> str:
    if cell is None:
        return "—"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
