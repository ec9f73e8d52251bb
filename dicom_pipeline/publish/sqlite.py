"""The processed layer as one typed SQLite file."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import duckdb

from dicom_pipeline.publish.dictionary import DICTIONARY, key_of
from dicom_pipeline.publish.snapshot import replaced, tables_of

_ROWS_AT_ONCE: Final = 5_000
_SEARCHED: Final = {"study_date", "modality"}
_INTEGERS: Final = re.compile(r"(u?(big|small|tiny)int|u?integer|boolean)")
_REALS: Final = re.compile(r"(double|float|decimal\(.*\))")
_NESTED: Final = re.compile(r".*\]|struct\(.*|map\(.*")

Row = tuple[Any, ...]
Column = tuple[str, str]  # name, DuckDB type in lower case


def export_sqlite(snapshot: Path, file: Path) -> dict[str, int]:
    """Write every published table to SQLite, with keys, indexes and a dictionary.

    Numbers are INTEGER or REAL; dates and times are ISO text; lists are JSON text. The
    table ``columns`` says what each column is. A file that is there is replaced when
    the new one is complete.

    Returns:
        Rows by table.
    """
    with duckdb.connect(snapshot, read_only=True) as source, replaced(file) as beside:
        name = source.execute("select current_database()").fetchall()[0][0]
        with closing(sqlite3.connect(beside)) as target:
            target.execute("pragma journal_mode = off")  # the file is not the one yet
            counts = {
                table: _export_table(source, target, table)
                for table in tables_of(source, name)
            }
            _export_dictionary(source, target)
            target.execute("analyze")
            target.commit()
    return counts


def _export_table(
    source: duckdb.DuckDBPyConnection, target: sqlite3.Connection, table: str
) -> int:
    columns = [(row[0], row[1].lower()) for row in _described(source, table)]
    key = key_of(table)
    lines = ", ".join(f'"{name}" {_type(kind)}' for name, kind in columns)
    primary = f', primary key ("{key}")' if key in dict(columns) else ""
    target.execute(f'create table "{table}" ({lines}{primary}) strict')
    written = _fill(target, table, len(columns), _rows(source, table, columns))
    for name in (name for name, _ in columns if _is_searched(name) and name != key):
        target.execute(f'create index "{table}_{name}" on "{table}" ("{name}")')
    return written


def _export_dictionary(
    source: duckdb.DuckDBPyConnection, target: sqlite3.Connection
) -> None:
    columns = [(row[0], row[1].lower()) for row in _described(source, DICTIONARY)]
    lines = ", ".join(f"{name} {_type(kind)}" for name, kind in columns)
    key = "primary key (table_name, column_name)"
    target.execute(f"create table columns ({lines}, {key}) strict")
    _fill(target, "columns", len(columns), _rows(source, DICTIONARY, columns))


def _described(source: duckdb.DuckDBPyConnection, table: str) -> list[Row]:
    return source.execute(f'describe "{table}"').fetchall()


def _rows(
    source: duckdb.DuckDBPyConnection, table: str, columns: list[Column]
) -> Iterator[list[Row]]:
    """Yield the rows as SQLite stores them, some thousands at once."""
    cells = ", ".join(_cell(name, kind) for name, kind in columns)
    found = source.execute(f'select {cells} from "{table}"')  # noqa: S608
    while rows := found.fetchmany(_ROWS_AT_ONCE):
        yield rows


def _fill(
    target: sqlite3.Connection, table: str, width: int, batches: Iterator[list[Row]]
) -> int:
    marks = ", ".join("?" * width)
    written = 0
    for rows in batches:
        target.executemany(f'insert into "{table}" values ({marks})', rows)  # noqa: S608
        written += len(rows)
    return written


def _type(kind: str) -> str:
    if _INTEGERS.fullmatch(kind):
        return "INTEGER"
    return "REAL" if _REALS.fullmatch(kind) else "TEXT"


def _cell(name: str, kind: str) -> str:
    """DuckDB's expression for a value that SQLite stores."""
    if _INTEGERS.fullmatch(kind):
        return f'cast("{name}" as bigint)'
    if _REALS.fullmatch(kind):
        return f'cast("{name}" as double)'
    if _NESTED.fullmatch(kind):
        return f'cast(to_json("{name}") as varchar)'
    return f'cast("{name}" as varchar)'


def _is_searched(name: str) -> bool:
    return name.endswith(("_uid", "_key")) or name in _SEARCHED
