"""Everything that people or tools may read outside the raw zone, as text.

A place names a column or a kind of file, never a key or a path: those may name a
person. Noise is what programs write by themselves.
"""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from dicom_pipeline.deid.leaks import BETWEEN

_BLOCK = 1 << 22
_ROWS = 20_000
_DUCKDB, _SQLITE = {".duckdb"}, {".db", ".sqlite", ".sqlite3"}
_PACKAGED = ("anonymization_mapping", "code_lists", "data_dictionary")
_BESIDE = {".wal", ".lock"}
_JOURNALS = ("-wal", "-shm", "-journal")
_NUMBERS = re.compile(r"(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL.*|DOUBLE|FLOAT)\Z")
_DATES = re.compile(r"(DATE|TIME|TIMESTAMP.*|BOOLEAN|INTERVAL)\Z")
_LENGTHS = re.compile(rb"\xd9.|\xda..|\xdb....", re.DOTALL)


@dataclass(frozen=True)
class Text:
    """A piece of a haystack.

    Attributes:
        place: ``table.column`` or a kind of file.
        body: What stands there, decoded.
        is_noise: Whether programs write words and numbers there by themselves.
    """

    place: str
    body: str
    is_noise: bool = False


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
        yield from _sqlite_texts(path, f"{kind}: {path.suffix}")
    else:
        place = f"{kind}: {path.suffix or 'file'}"
        for body in _blocks(path):
            plain = _LENGTHS.sub(b" ", body) if path.suffix == ".msgpack" else body
            for text in texts_of_bytes(plain):
                yield Text(place, text, is_noise=True)


def texts_of_bytes(body: bytes) -> Iterator[str]:
    """Bytes in the encodings that a name may lie in."""
    yield body.decode("utf-8", "replace")
    if not body.isascii():
        yield body.decode("latin-1")
    if b"\0" in body:
        yield body.replace(b"\0", b"").decode("latin-1")  # UTF-16, as in Exif


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
    query = (
        f"select distinct cast({value} as varchar) from {table}"  # noqa: S608
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


def _blocks(path: Path) -> Iterable[bytes]:
    """Cut after a line or a space, so that no word is cut."""
    with path.open("rb") as file:
        left = b""
        while block := file.read(_BLOCK):
            left += block
            end = max(left.rfind(b"\n"), left.rfind(b" "), left.rfind(b",")) + 1
            cut = end or len(left)
            yield left[:cut]
            left = left[cut:]
        yield left
