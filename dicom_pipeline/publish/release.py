"""A release: the processed tables under names that are one recipient's own.

Two recipients share no name, no date and no order of rows, so they cannot join what
they have; the same recipient has the same names in every release.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from dicom_pipeline.deid.rotation import KEPT, Held, Renaming
from dicom_pipeline.publish.dictionary import PROCESSED
from dicom_pipeline.resources.rotation_sql import (
    Connection,
    register_renaming,
    renamed,
)
from dicom_pipeline.resources.rotation_warehouse import tables_of

Facts = dict[str, Any]

_JPEG = "jpeg_key"
LEFT_OUT: Mapping[str, str] = {
    "jpeg_sha256": "the same for every recipient: two could join by it",
    "jpeg_bytes": "the same for every recipient: two could join by it",
    _JPEG: "no JPEGs were asked for (--jpegs)",
}
"""Columns that no recipient gets, and why."""

_NAME = r"[0-9a-f]{16,64}|2\.25\.[0-9]+"
_DAYS = frozenset({"DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"})
_OPAQUE = frozenset({"BLOB", "HUGEINT", "UHUGEINT", "UUID"})
_OF_ROWS = ("deid_profile", "deid_rules_sha256", "deid_key_version")


class ReleaseError(RuntimeError):
    """A release that must not be; names tables and columns, never a value."""


@dataclass(frozen=True)
class Release:
    """The tables of one snapshot for one recipient.

    Attributes:
        snapshot: What people read; never the warehouse, which may be half built.
        held: What a column holds, by its name.
        by: From the stored names to those of the recipient.
        jpegs: Whether the recipient gets JPEGs, and so the column that names them.
    """

    snapshot: Path
    held: Mapping[str, Held]
    by: Renaming
    jpegs: bool = False

    def write(self, folder: Path) -> Facts:
        """Write a Parquet file per table into a folder; return what was written.

        Raises:
            ReleaseError: A table holds what is not known to be safe.
        """
        if not self.snapshot.exists():
            raise ReleaseError("nothing is published yet: run `ingest` first")
        with duckdb.connect() as connection:
            register_renaming(connection, self.by)
            connection.execute(f"attach {_text(self.snapshot)} as snapshot (read_only)")
            tables = tables_of(connection, "snapshot", PROCESSED)
            for table, columns in tables.items():
                self._refuse(connection, table, columns)
            return {
                table: self._table(connection, table, columns, folder)
                for table, columns in tables.items()
            }

    def jpegs_by_name(self) -> dict[str, str]:
        """Where each JPEG lies in the stage bucket, by where it lies in the release."""
        with duckdb.connect() as connection:
            register_renaming(connection, self.by)
            connection.execute(f"attach {_text(self.snapshot)} as snapshot (read_only)")
            return dict(
                connection.execute(
                    f"select renamed_jpeg({_JPEG}), {_JPEG}"  # noqa: S608  # our own names
                    f" from snapshot.{PROCESSED}.processed_images order by 1"
                ).fetchall()
            )

    def _table(
        self,
        connection: Connection,
        table: str,
        columns: Mapping[str, str],
        folder: Path,
    ) -> Facts:
        kept = {n: t for n, t in columns.items() if n not in self.left_out}
        held = {name: self.held.get(name, KEPT) for name in kept}
        chosen = renamed(kept, held, self.by.new.key_version)
        file = folder / f"{table}.parquet"
        # Rows in the order of the old names would join two recipients line by line.
        connection.execute(
            f"copy (select {chosen} from snapshot.{PROCESSED}.{_quoted(table)}"  # noqa: S608
            f" order by all) to {_text(file)} (format parquet, compression zstd)"
        )
        rows = f"select count(*) from {_text(file)}"  # noqa: S608  # our own file
        [(count,)] = connection.execute(rows).fetchall()
        return {
            "file": file.name,
            "rows": count,
            "columns": len(kept),
            "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
            **self._said_by_rows(connection, table, columns),
        }

    def _said_by_rows(
        self, connection: Connection, table: str, columns: Mapping[str, str]
    ) -> Facts:
        source = f"snapshot.{PROCESSED}.{_quoted(table)}"
        said: Facts = {}
        for name in (each for each in _OF_ROWS if each in columns):
            query = f"select distinct {name} from {source} where {name} is not null"  # noqa: S608
            said[name] = sorted(v for (v,) in connection.execute(query).fetchall())
        return said

    def _refuse(
        self, connection: Connection, table: str, columns: Mapping[str, str]
    ) -> None:
        version = self.by.old.key_version
        named = self._said_by_rows(connection, table, columns)
        if set(named.get("deid_key_version", ())) - {version}:
            raise ReleaseError(
                f"{table} holds names of another key version than {version}: run"
                " `ingest`, which publishes what is built"
            )
        for name in columns.keys() - self.held.keys() - self.left_out.keys():
            if self._may_be_a_name(connection, table, name, columns[name]):
                raise ReleaseError(
                    f"{table}.{name} has no rule and may hold a name or a day of the"
                    " stage layer: give it the name of the stage column that it is"
                    " made of, or take it out of the model"
                )

    @staticmethod
    def _may_be_a_name(
        connection: Connection, table: str, column: str, data_type: str
    ) -> bool:
        if data_type in _DAYS | _OPAQUE:
            return True
        if "VARCHAR" not in data_type:
            return False
        query = (
            f"select exists (from snapshot.{PROCESSED}.{_quoted(table)} where"
            f" regexp_matches(cast({_quoted(column)} as varchar), '({_NAME})'))"
        )
        [(found,)] = connection.execute(query).fetchall()
        return bool(found)

    @property
    def left_out(self) -> dict[str, str]:
        """Columns that are not in it, and why."""
        return {k: why for k, why in LEFT_OUT.items() if k != _JPEG or not self.jpegs}


def _quoted(name: str) -> str:
    return json.dumps(name)


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
