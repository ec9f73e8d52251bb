"""The warehouse under a new key: another file, whole before it takes its place."""

from collections.abc import Mapping
from pathlib import Path

import duckdb

from dicom_pipeline.deid.rotation import STAGE_TABLE, Held, Renaming
from dicom_pipeline.resources.rotation_sql import (
    Connection,
    RenamingError,
    register_renaming,
    renamed,
)
from dicom_pipeline.resources.warehouse_keys import make_key_table, remember_key

STAGE = "stage"


def rename_stage(
    before: Path, after: Path, held: Mapping[str, Mapping[str, Held]], by: Renaming
) -> dict[str, int]:
    """Write the stage schema of a warehouse into a new file, under new names.

    Other schemas are left out: they are built of this one.

    Args:
        before: The warehouse; it is only read.
        after: A file that is not there yet.
        held: What each column of each stage table holds.
        by: From the old names to the new.

    Returns:
        Rows by stage table.

    Raises:
        RenamingError: A table or column is not known, or rows are of another key.
    """
    with duckdb.connect(str(after)) as connection:
        register_renaming(connection, by)
        connection.execute(f"attach {_text(before)} as old_names (read_only)")
        connection.execute(f"create schema {STAGE}")
        tables = tables_of(connection, "old_names")
        rows = {}
        for table, columns in tables.items():
            if table.startswith(STAGE_TABLE):
                _refuse(connection, table, columns, held, by.old.key_version)
                chosen = renamed(columns, held[table], by.new.key_version)
                rows[table] = _copy(connection, table, chosen)
            else:
                _copy(connection, table, "*")
        make_key_table(connection)
        remember_key(connection, by.new)
        connection.execute("detach old_names")
    return rows


def versions_of(file: Path) -> set[int]:
    """Key versions of all rows of the stage tables of a warehouse."""
    if not file.exists():
        return set()
    with duckdb.connect(str(file), read_only=True) as connection:
        [(database,)] = connection.execute("select current_database()").fetchall()
        return {
            version
            for table, columns in tables_of(connection, database).items()
            if table.startswith(STAGE_TABLE) and "deid_key_version" in columns
            for (version,) in connection.execute(
                f'select distinct deid_key_version from {STAGE}."{table}"'  # noqa: S608
            ).fetchall()
        }


def key_version_of(file: Path) -> int | None:
    """Return the version of the key that names a warehouse; ``None``: no warehouse."""
    if not file.exists():
        return None
    with duckdb.connect(str(file)) as connection:
        make_key_table(connection)
        [(version,)] = connection.execute(
            "select max(key_version) from stage.deid_key_check"
        ).fetchall()
    return None if version is None else int(version)


def tables_of(
    connection: Connection, database: str, schema: str = STAGE
) -> dict[str, dict[str, str]]:
    """Columns of each table of a schema, in their order, with their types."""
    found: dict[str, dict[str, str]] = {}
    for table, column, data_type in connection.execute(
        "select table_name, column_name, data_type from duckdb_columns()"
        " where database_name = ? and schema_name = ? and not internal"
        " order by table_name, column_index",
        [database, schema],
    ).fetchall():
        found.setdefault(table, {})[column] = data_type
    return found


def _refuse(
    connection: Connection,
    table: str,
    columns: Mapping[str, str],
    held: Mapping[str, Mapping[str, Held]],
    version: int,
) -> None:
    unknown = [c for c in columns if c not in held.get(table, {})]
    if unknown:
        raise RenamingError(
            f"the rules do not say what {STAGE}.{table}.{unknown[0]} holds: build the"
            " stage layer with today's rules first, or drop the table"
        )
    [(others,)] = connection.execute(
        f'select count(*) from old_names.{STAGE}."{table}"'  # noqa: S608  # its own
        " where deid_key_version is distinct from ?",
        [version],
    ).fetchall()
    if others:
        raise RenamingError(
            f"{others} rows of {STAGE}.{table} are not of key version {version}: two"
            " keys in one table do not join; rotate with --mode rederive"
        )


def _copy(connection: Connection, table: str, chosen: str) -> int:
    """Copy a table with its types and constraints; return its rows."""
    [(made,)] = connection.execute(
        "select sql from duckdb_tables() where database_name = 'old_names'"
        " and schema_name = ? and table_name = ?",
        [STAGE, table],
    ).fetchall()
    connection.execute(made)
    [(rows,)] = connection.execute(
        f'insert into {STAGE}."{table}" select {chosen}'  # noqa: S608  # its own names
        f' from old_names.{STAGE}."{table}"'
    ).fetchall()
    return int(rows)


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
