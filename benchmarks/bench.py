"""Speed and memory against what one would write first: a table of ratios.

    make bench                                    everything, some minutes
    .venv/bin/python benchmarks/bench.py --quick  a tenth of it
    .venv/bin/python benchmarks/bench.py --only headers_local --json
    .venv/bin/python benchmarks/bench.py --only images_s3 --images 1000

A group is a file beside this one with a function ``rows(options)``. The exit code is 1
where a target is missed.
"""

import argparse
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from frame import Options, Row
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent


def main() -> int:
    """Measure, print, and say by the exit code whether every target is met."""
    asked = _arguments()
    options = Options(quick=asked.quick, images=asked.images)
    rows = []
    for group in asked.only or _groups():
        print(f"measuring {group} ...", file=sys.stderr)
        rows += _measured(group, options)
    if asked.json:
        print(json.dumps([row.json() for row in rows], indent=1))
    else:
        Console(width=118).print(_table(rows))
    return int(any(row.met is False for row in rows))


def _measured(group: str, options: Options) -> Iterator[Row]:
    yield from importlib.import_module(group).rows(options)


def _table(rows: list[Row]) -> Table:
    table = Table("comparison", "ours", "peer", "unit", "ratio", "rounds", "target", "")
    for row in rows:
        table.add_row(
            row.name,
            f"{row.ours:,.0f}",
            "" if row.peer is None else f"{row.peer:,.0f}",
            row.unit,
            f"{row.ratio:.2f}",
            "" if row.spread is None else "{:.2f} to {:.2f}".format(*row.spread),
            row.target,
            {True: "met", False: "MISSED", None: ""}[row.met],
        )
    return table


def _groups() -> list[str]:
    files = sorted(HERE.glob("*.py"))
    return [file.stem for file in files if "\ndef rows(" in file.read_text("utf-8")]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure speed and memory.")
    parser.add_argument("--only", nargs="+", choices=_groups(), metavar="GROUP")
    parser.add_argument("--quick", action="store_true", help="a tenth of the files")
    parser.add_argument(
        "--images", type=int, metavar="N", help="images from S3 to S3 (10,000)"
    )
    parser.add_argument("--json", action="store_true", help="rows for machines")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
