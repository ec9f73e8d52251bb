"""One patient taken out of database files: the warehouse, and what was made of it.

A row that is deleted from a DuckDB file stays readable in its free blocks. So the rows
are deleted, what is left is copied into a new file, and that takes the old one's name.
"""

import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import duckdb

from dicom_pipeline.publish.snapshot import Connection, replaced

_SQLITE = b"SQLite format 3\0"
_DUCKDB, _DUCKDB_AT = b"DUCK", 8


class Folders(Protocol):
    """Where an installation keeps what it writes."""

    @property
    def home(self) -> Path: ...  # noqa: D102
    @property
    def s3_home(self) -> Path: ...  # noqa: D102
    @property
    def dagster_home(self) -> Path: ...  # noqa: D102
    @property
    def spool(self) -> Path: ...  # noqa: D102


@dataclass(frozen=True)
class Pseudonymous:
    """One patient as the tables behind the line know him.

    Attributes:
        patient_key: Keyed surrogate.
        sop_uids: Pseudonyms of his SOP instances.
        device_keys: Of devices that nothing but his files spoke of.
    """

    patient_key: str = field(repr=False)
    sop_uids: frozenset[str] = field(repr=False)
    device_keys: frozenset[str] = field(repr=False)

    def conditions(self, columns: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
        """Yield columns of a table that tell his rows, with the values that do."""
        there = set(columns)
        if "patient_key" in there:
            yield "patient_key", [self.patient_key]
        if "sop_instance_uid" in there:
            yield "sop_instance_uid", sorted(self.sop_uids)
        if "person_key" in there:
            yield "person_key", [self.patient_key]
        if "device_key" in there and "series_instance_uid" not in there:
            yield "device_key", sorted(self.device_keys)


def clean_duckdb(file: Path, who: Pseudonymous) -> int:
    """Delete his rows from every table of a DuckDB file, and write the file anew.

    Nobody may have it open for writing. A file in which there is nothing of him is
    written anew too: an earlier run may have been killed after its deletes.

    Returns:
        Rows that were deleted.
    """
    with duckdb.connect(str(file)) as connection:
        removed = 0
        for table, columns in _tables(connection).items():
            if sql := _parting(table, columns):
                connection.execute(sql, [who.patient_key])
            removed += _delete(connection, table, who.conditions(columns))
    with replaced(file) as beside, duckdb.connect() as connection:
        connection.execute(f"attach {_text(file)} as before (read_only)")
        connection.execute(f"attach {_text(beside)} as after")
        connection.execute("copy from database before to after")
        connection.execute("detach after")
    return removed


def rows_of(file: Path, who: Pseudonymous) -> int:
    """Count his rows in every table of a DuckDB file."""
    rows = 0
    with duckdb.connect(str(file), read_only=True) as connection:
        for table, columns in _tables(connection).items():
            for column, values in who.conditions(columns):
                sql = f'select count(*) from {table} where "{column}" in'  # noqa: S608
                found = connection.execute(f"{sql} (select unnest(?))", [values])
                rows += (found.fetchone() or (0,))[0]
    return rows


def clean_sqlite(file: Path, who: Pseudonymous) -> int:
    """Do the same for a SQLite file, which overwrites what it deletes."""
    removed = 0
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("pragma secure_delete = on")
        names = connection.execute(
            "select name from sqlite_master where type = 'table'"
            " and sql not like 'create virtual%'"
        ).fetchall()
        for (name,) in names:
            quoted = f'"{name}"'
            none = f"select * from {quoted} limit 0"  # noqa: S608  # its own names
            columns = [each[0] for each in connection.execute(none).description]
            if sql := _parting(quoted, columns):
                connection.execute(sql, [who.patient_key])
            for column, values in who.conditions(columns):
                done = connection.executemany(
                    f'delete from {quoted} where "{column}" = ?',  # noqa: S608
                    [(value,) for value in values],
                )
                removed += max(done.rowcount, 0)
        connection.execute("vacuum")
    return removed


def databases_below(home: Path, beside: Iterable[Path] = ()) -> list[Path]:
    """DuckDB and SQLite files below a folder, outside of the folders ``beside``."""
    left = {folder.resolve() for folder in beside}
    return [
        file
        for file in _files(home.resolve(), left)
        if is_duckdb(file) or is_sqlite(file)
    ]


def is_duckdb(file: Path) -> bool:
    """Whether a file begins as DuckDB's do."""
    return _head(file)[_DUCKDB_AT : _DUCKDB_AT + len(_DUCKDB)] == _DUCKDB


def is_sqlite(file: Path) -> bool:
    """Whether a file begins as SQLite's do."""
    return _head(file).startswith(_SQLITE)


def _tables(connection: Connection) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    columns = connection.execute(
        "select schema_name, table_name, column_name from duckdb_columns()"
        " where not internal and (schema_name, table_name) in"
        " (select (schema_name, table_name) from duckdb_tables())"
    ).fetchall()
    for schema, table, column in columns:
        found.setdefault(f'"{schema}"."{table}"', []).append(column)
    return found


def _parting(table: str, columns: Collection[str]) -> str:
    """Gives others, whose person bears his key, their own; empty: no such table.

    The next build gives them the key of the oldest of those who are left.
    """
    if not {"patient_key", "person_key"}.issubset(columns):
        return ""
    return f"update {table} set person_key = patient_key where person_key = ?"  # noqa: S608


def _delete(
    connection: Connection, table: str, conditions: Iterable[tuple[str, list[str]]]
) -> int:
    removed = 0
    for column, values in conditions:
        done = connection.execute(
            f'delete from {table} where "{column}" in (select unnest(?))',  # noqa: S608
            [values],
        ).fetchone()
        removed += int(done[0]) if done else 0
    return removed


def _files(folder: Path, beside: set[Path]) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        here = Path(place)
        folders[:] = sorted(each for each in folders if here / each not in beside)
        yield from (here / name for name in sorted(names))


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(len(_SQLITE))
    except OSError:
        return b""


def _text(value: Path) -> str:
    return "'" + str(value).replace("'", "''") + "'"
