"""The rules in the warehouse are those that were put there by a build.

A build writes its seeds anew, so a changed rule in the warehouse shapes nothing. But
somebody has changed it, and the rows that were made by hand since then are not ours.
"""

import csv
from pathlib import Path

import duckdb

from dicom_pipeline.deid.rules import rules_sha256
from dicom_pipeline.resources.tables import State

SEEDS = ("anonymization_mapping", "code_lists")
_SEEDED = "seeded"


class TamperedSeedError(RuntimeError):
    """A rule was changed in the warehouse; says what to do, and quotes no rule."""


def hold_seeds(warehouse: Path, project: Path, state: State) -> None:
    """Stop where a seed in the warehouse is neither the last build's nor today's.

    Raises:
        TamperedSeedError: Somebody else has written it.
    """
    known, today = state.get(_SEEDED), _packaged(project)
    for seed, found in _in_warehouse(warehouse).items():
        if seed in known and found not in (known[seed], today[seed]):
            raise TamperedSeedError(
                f"deid: stage.{seed} in the warehouse was changed by hand: find out by"
                " whom, drop that table, and load again with the tag"
                " dicom_pipeline/again to make every row anew"
            )


def remember_seeds(project: Path, state: State) -> None:
    """Remember what a build has put into the warehouse."""
    today = _packaged(project)
    if state.get(_SEEDED) != today:
        state.put(_SEEDED, today)


def _packaged(project: Path) -> dict[str, str]:
    found = {}
    for seed in SEEDS:
        lines = (project / "seeds" / f"{seed}.csv").read_text("utf-8").splitlines()
        found[seed] = rules_sha256(csv.DictReader(lines))
    return found


def _in_warehouse(path: Path) -> dict[str, str]:
    """SHA-256 of each seed that is there; a table that is not can change nothing."""
    if not path.exists():
        return {}
    with duckdb.connect(str(path), read_only=True) as connection:
        there = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'stage'"
        ).fetchall()
        return {seed: _sha256(connection, seed) for seed in SEEDS if (seed,) in there}


def _sha256(connection: duckdb.DuckDBPyConnection, seed: str) -> str:
    table = connection.table(f"stage.{seed}")
    rows = (tuple(value or "" for value in row) for row in table.fetchall())
    return rules_sha256(dict(zip(table.columns, row, strict=True)) for row in rows)
