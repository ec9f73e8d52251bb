"""Everything that people or tools may read outside the raw zone, as text.

A place names a column or a kind of file, never a key or a path: those may name a
person. Noise is what programs write by themselves.
"""

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb

from dicom_pipeline.deid.leaks import BETWEEN, OVERLAP
from dicom_pipeline.resources.haystack_bytes import (
    HEAD_BYTES,
    Text,
    is_packed,
    texts_of_body,
    texts_of_bytes,
)

_BLOCK = 1 << 22
_ROWS = 20_000
_DUCKDB, _SQLITE = {".duckdb"}, {".db", ".sqlite", ".sqlite3"}
_PACKAGED = ("anonymization_mapping", "code_lists", "data_dictionary")
_TOLD = {".json", ".sql", ".log", ".yml", ".yaml", ".csv", ".html", ".out", ".err"}
_TOLD |= {".msgpack"}
_BESIDE = {".wal", ".lock"}
_JOURNALS = ("-wal", "-shm", "-journal")
_NUMBERS = re.compile(r"(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL.*|DOUBLE|FLOAT)\Z")
_DATES = re.compile(r"(DATE|TIME|TIMESTAMP.*|BOOLEAN|INTERVAL)(\[\])*\Z")


def texts_below(folder: Path, kind: str, since: float = 0) -> Iterator[Text]:
    """Every file that has changed since then: its path and what is in it."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in _BESIDE or path.name.endswith(_JOURNALS):
            continue
        if path.is_file() and path.stat().st_mtime >= since:
            inside = path.relative_to(folder)
            yield Text(f"{kind}: names", inside.as_posix(), is_noise=True)
            yield from texts_of_file(path, kind)


def texts_of_file(path: Path, kind: str) -> Iterator[Text]:
    """What is in a file: database values one by one, other files by blocks."""
    if path.suffix in _DUCKDB:
        yield from duckdb_texts(path, kind)
    elif path.suffix in _SQLITE:
        yield from _sqlite_texts(path, f"{kind}: SQLite")
    elif _is_packed(path):
        yield from texts_of_body(path.read_bytes(), kind)
    else:
        place = f"{kind}: {path.suffix if path.suffix in _TOLD else 'other'} files"
        for body in _blocks(path):
            for text in texts_of_bytes(body):
                yield Text(place, text, is_noise=True)


def duckdb_texts(
    path: Path, kind: str, where: Mapping[str, str] | None = None
) -> Iterator[Text]:
    """Every distinct value of every table, nested ones too.

    Args:
        path: A DuckDB file that nobody writes now.
        kind: What kind of database it is.
        where: SQL conditions on rows, by column; the first column that a table has
            decides, and a table that has none of them is read whole.

    Raises:
        duckdb.IOException: Someone writes it.
    """
    with duckdb.connect(str(path), read_only=True) as connection:
        columns = _columns(connection)
        there = {(table, column) for table, column, _ in columns}
        for table, column, shape in columns:
            told = [sql for c, sql in (where or {}).items() if (table, c) in there]
            which = next(iter(told), "")
            yield from _values(connection, (table, column, shape), kind, which)
        for comment in _told(connection):
            yield Text(f"{kind}: comments", comment, is_noise=True)


def _columns(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    return connection.execute(
        "select '\"' || schema_name || '\".\"' || table_name || '\"', column_name,"
        " data_type from duckdb_columns() where not internal and table_oid in"
        " (select table_oid from duckdb_tables()) order by all"
    ).fetchall()


def _told(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    found = connection.execute(
        "select comment from duckdb_columns() where comment is not null"
        " union select comment from duckdb_tables() where comment is not null"
    )
    yield BETWEEN.join(text for (text,) in found.fetchall())


def _values(
    connection: duckdb.DuckDBPyConnection,
    of: tuple[str, str, str],
    kind: str,
    where: str,
) -> Iterator[Text]:
    table, column, shape = of
    if _DATES.match(shape):
        return  # every day is somebody's: dates are compared row by row
    is_number = bool(_NUMBERS.match(shape))
    value = f'"{column}"'
    if is_number:
        whole = f"{value} = trunc({value}) and abs({value}) between 1e7 and 1e18"
        value, where = f"cast({value} as bigint)", f"{whole}{where and ' and '}{where}"
    told = value if shape == "BLOB" else f"cast({value} as varchar)"
    query = (
        f"select distinct {told} from {table}"  # noqa: S608
        f"{where and ' where '}{where}"
    )
    place = f"{kind}: {table.replace(chr(34), '')}.{column}"
    is_noise = is_number or table.strip('"').endswith(_PACKAGED)
    yield from _rows(connection.execute(query), place, is_noise=is_noise)


def _rows(found: Any, place: str, *, is_noise: bool) -> Iterator[Text]:  # noqa: ANN401
    while rows := found.fetchmany(_ROWS):
        spelled = (_spelled(value) for row in rows for value in row)
        yield Text(place, BETWEEN.join(spelled), is_noise)


def _sqlite_texts(path: Path, place: str) -> Iterator[Text]:
    address = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as connection:
        connection.text_factory = bytes
        names = connection.execute("select name from sqlite_master where type='table'")
        for (name,) in names.fetchall():
            quoted = name.decode().replace('"', '""')
            found = connection.execute(f'select * from "{quoted}"')  # noqa: S608
            yield from _rows(found, place, is_noise=True)


def _spelled(value: object) -> str:
    if isinstance(value, bytes):
        return "\n".join(texts_of_bytes(value))
    return "" if value is None else str(value)


def _is_packed(path: Path) -> bool:
    with path.open("rb") as file:
        return is_packed(file.read(HEAD_BYTES))


def _blocks(path: Path) -> Iterator[bytes]:
    """Each begins with the end of the one before: no phrase is cut in both."""
    with path.open("rb") as file:
        text = b""
        while block := file.read(_BLOCK):
            if len(text) > OVERLAP:
                at = text.find(b" ", len(text) - OVERLAP)
                text = text[at if at > 0 else len(text) - OVERLAP :]
            text += block
            yield text
