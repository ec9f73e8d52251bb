"""The processed layer as one read-only DuckDB file, replaced as a whole.

A writer locks a DuckDB file for everyone. So people read a copy, and a new copy takes
the old one's name in one step: whoever has the old one open keeps it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from dicom_pipeline.publish.dictionary import (
    DICTIONARY,
    PROCESSED,
    Descriptions,
    descriptions,
    grain_of,
)

Connection = duckdb.DuckDBPyConnection


class NothingToPublishError(RuntimeError):
    """The warehouse has no processed table yet."""


def publish(warehouse: Path, snapshot: Path) -> dict[str, int]:
    """Copy the processed layer of a warehouse and put it where people read.

    Tables keep their schema; views in ``main`` let a query leave it out. The table
    ``data_dictionary`` and the comments say what each column is.

    Args:
        warehouse: What dbt builds; nobody may be writing it.
        snapshot: Replaced by rename; its folder is made where it is not there.

    Returns:
        Rows by table.

    Raises:
        NothingToPublishError: There is no table to copy; the old snapshot stays.
    """
    if not warehouse.exists():
        raise NothingToPublishError("the warehouse has not been built yet")
    with replaced(snapshot) as beside, duckdb.connect() as connection:
        connection.execute(f"attach {_text(warehouse)} as warehouse (read_only)")
        connection.execute(f"attach {_text(beside)} as snapshot")
        counts = _copy(connection)
        connection.execute("detach snapshot")
    return counts


@contextmanager
def replaced(file: Path) -> Iterator[Path]:
    """Lend a path beside ``file`` that takes its place when the block ends well."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    try:
        yield beside
        beside.replace(file)
    finally:
        for left in (beside, beside.with_name(f"{beside.name}.wal")):
            left.unlink(missing_ok=True)


def tables_of(connection: Connection, database: str) -> list[str]:
    """Tables of the processed layer in an attached file, in order of name."""
    found = connection.execute(
        "select table_name from duckdb_tables()"
        " where database_name = ? and schema_name = ? order by table_name",
        [database, PROCESSED],
    ).fetchall()
    return [name for (name,) in found]


def _copy(connection: Connection) -> dict[str, int]:
    tables = tables_of(connection, "warehouse")
    if not tables:
        raise NothingToPublishError("the warehouse has no processed table yet")
    about = descriptions(connection, "warehouse")
    connection.execute(f"create schema snapshot.{PROCESSED}")
    connection.execute("use snapshot")  # views keep no name of a file that is renamed
    counts = {table: _copy_table(connection, table) for table in tables}
    _describe(connection, tables, about)
    connection.execute("use memory")
    return counts


def _copy_table(connection: Connection, table: str) -> int:
    name = f'{PROCESSED}."{table}"'
    copied = connection.execute(
        f"create table {name} as from warehouse.{name}"
    ).fetchone()
    connection.execute(f'create view main."{table}" as from {name}')
    return int(copied[0]) if copied else 0


def _describe(connection: Connection, tables: list[str], about: Descriptions) -> None:
    """Write the dictionary, and the same words as comments."""
    connection.execute(
        f"create table main.{DICTIONARY} (table_name varchar, column_name varchar,"
        " position bigint, data_type varchar, description varchar)"
    )
    columns = connection.execute(
        "select table_name, column_name, column_index, lower(data_type), comment"
        " from duckdb_columns() where database_name = 'snapshot' and schema_name = ?"
        " order by table_name, column_index",
        [PROCESSED],
    ).fetchall()
    rows = [
        (table, column, position, kind, about.get((table, column), ""))
        for table, column, position, kind, _ in columns
    ]
    connection.executemany(f"insert into {DICTIONARY} values (?, ?, ?, ?, ?)", rows)  # noqa: S608
    for table in tables:
        _comment(connection, f'table {PROCESSED}."{table}"', grain_of(table))
    for table, column, _, _, description in rows:
        place = f'column {PROCESSED}."{table}"."{column}"'
        _comment(connection, place, description)


def _comment(connection: Connection, place: str, words: str) -> None:
    if words:
        connection.execute(f"comment on {place} is {_text(words)}")


def _text(value: Path | str) -> str:
    return "'" + str(value).replace("'", "''") + "'"
