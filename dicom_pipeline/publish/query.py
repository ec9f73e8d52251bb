"""Questions in SQL: over the published snapshot for all, over raw for those allowed."""

import csv
import importlib.util
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from dicom_pipeline.catalog import ENTITIES
from dicom_pipeline.catalog.header_schemas import HEADER_SCHEMAS
from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.catalog.objects import ARRIVALS, OBJECTS
from dicom_pipeline.catalog.pixel_reviews import PIXEL_TABLES
from dicom_pipeline.catalog.table import Table
from dicom_pipeline.dicom.nested.types import Field
from dicom_pipeline.layout import TABLES_PREFIX, table_prefix
from dicom_pipeline.publish.dicom_index import show_index
from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.store import Store
from dicom_pipeline.resources.versions import versions_in

Connection = duckdb.DuckDBPyConnection

_WIDEST: Final = 60
_LOCKED: Final[dict[str, str | bool | int | float | list[str]]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "lock_configuration": "true",
}
# What DuckDB says of these is about the question; others may quote what is stored.
_SAYABLE: Final = (
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.ParserException,
    duckdb.SyntaxException,
)


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


class QueryError(RuntimeError):
    """The question cannot be answered; the message may be shown."""


@dataclass(frozen=True)
class Result:
    """An answer.

    Attributes:
        table: Its rows, in the order of the query.
    """

    table: pa.Table

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self.table.column_names)

    @property
    def rows(self) -> list[tuple[object, ...]]:
        """Rows as Python values."""
        return list(zip(*(c.to_pylist() for c in self.table.columns), strict=True))

    def written(self, form: Format) -> bytes:
        """The answer as a file of that form; text is UTF-8."""
        return _WRITERS[form](self.table)


def run(snapshot: Path, sql: str) -> Result:
    """Answer a question from the snapshot, which nothing in it can change.

    Neither files nor the network are in reach of the SQL.

    Raises:
        QueryError: No snapshot yet, or DuckDB's own words on the question.
    """
    if not snapshot.exists():
        raise QueryError("nothing has been published yet")
    try:
        with duckdb.connect(snapshot, read_only=True, config=_LOCKED) as connection:
            return _answer(connection, sql)
    except duckdb.Error as error:
        raise QueryError(str(error)) from None


def run_raw(connection: Connection, sql: str) -> Result:
    """Answer a question from the raw layer.

    Raises:
        QueryError: The question is no SELECT or is wrong; no stored value is quoted.
    """
    try:
        kinds = {statement.type for statement in connection.extract_statements(sql)}
        if kinds != {duckdb.StatementType.SELECT}:
            raise QueryError("the raw layer answers SELECT alone")
        return _answer(connection, sql)
    except _SAYABLE as error:
        raise QueryError(str(error)) from None
    except duckdb.Error as error:
        raise QueryError(f"the query failed: {type(error).__name__}") from None


def raw_connection(
    store: Store, raw_bucket: str, index: Sequence[Field] = ()
) -> Connection:
    """Open the raw tables as views ``raw.headers``, ``raw.patients`` and so on.

    Only the tables of the raw bucket are in reach. Every batch is shown: an
    instance that arrived in two versions has two rows, and ``raw.versions`` says which
    of them is the newest.

    Args:
        store: Where the bucket is; its credentials decide who may ask.
        raw_bucket: Name of the bucket.
        index: Elements that the view ``dicom_index`` shows; without, it is not made.

    Raises:
        BucketError: The bucket cannot be listed.
    """
    connection = duckdb.connect()
    _load_httpfs(connection)
    _let_in(connection, store)
    connection.execute("create schema raw")
    bucket = Bucket(raw_bucket, store)
    ledgers = (OBJECTS, ARRIVALS, *PIXEL_TABLES)
    for table in (HEADERS, HEADER_SCHEMAS, *ENTITIES, *ledgers):
        _show(connection, bucket, table)
    connection.execute(f"create view raw.versions as {versions_in('raw.objects')}")
    if index:
        show_index(
            connection, index, "select raw_key from raw.versions where is_newest"
        )
    tables = f"s3://{raw_bucket}/{TABLES_PREFIX}"
    connection.execute(f"set allowed_directories = [{_text(tables)}]")
    for setting, value in _LOCKED.items():
        connection.execute(f"set {setting} = {value}")
    return connection


def _show(connection: Connection, bucket: Bucket, table: Table) -> None:
    """Make a view of the table's files; without files, an empty table."""
    prefix = table_prefix(table.name)
    if any(
        stored.key.endswith(".parquet") for stored in bucket.list_page(prefix).objects
    ):
        files = _text(f"s3://{bucket.name}/{prefix}**/*.parquet")
        connection.execute(
            f"create view raw.{table.name} as from read_parquet({files},"
            " hive_partitioning = true, hive_types_autocast = false,"
            " union_by_name = true)"
        )
        return
    connection.register("empty", table.schema.empty_table())
    connection.execute(f"create table raw.{table.name} as from empty")
    connection.unregister("empty")


def _let_in(connection: Connection, store: Store) -> None:
    known = store.environment()
    endpoint = store.endpoint
    options = {
        "type": "s3",
        "key_id": known.get("AWS_ACCESS_KEY_ID", ""),
        "secret": known.get("AWS_SECRET_ACCESS_KEY", ""),
        "session_token": known.get("AWS_SESSION_TOKEN", ""),
        "region": store.region,
        "endpoint": endpoint.partition("://")[2].rstrip("/"),
        "url_style": "path" if endpoint else "",
        "use_ssl": "false" if endpoint.startswith("http://") else "",
    }
    said = ", ".join(
        f"{name} {_text(value)}" for name, value in options.items() if value
    )
    try:
        connection.execute(f"create secret raw ({said})")
    except duckdb.Error:  # DuckDB quotes the statement, and the secret in it
        raise QueryError("DuckDB does not take the store's credentials") from None


def _load_httpfs(connection: Connection) -> None:
    """Load the extension from its wheel, so that no download is needed."""
    spec = importlib.util.find_spec("duckdb_extension_httpfs")
    places = list(spec.submodule_search_locations or []) if spec else []
    pattern = f"extensions/v{duckdb.__version__}/*.duckdb_extension"
    found = [file for place in places for file in Path(place).glob(pattern)]
    connection.load_extension(str(found[0]) if found else "httpfs")


def _answer(connection: Connection, sql: str) -> Result:
    connection.execute(sql)
    if connection.description is None:
        raise QueryError("there is no query in this text")
    return Result(connection.to_arrow_table())


def _parquet(table: pa.Table) -> bytes:
    body = io.BytesIO()
    pq.write_table(table, body, compression="zstd")
    return body.getvalue()


def _objects(table: pa.Table) -> list[dict[str, Any]]:
    """Rows as JSON has them: dates and times are ISO text."""
    with duckdb.connect() as connection:
        connection.register("answer", table)
        lines = connection.execute("select to_json(answer)::varchar from answer")
        return [json.loads(line) for (line,) in lines.fetchall()]


def _json(table: pa.Table) -> bytes:
    return (json.dumps(_objects(table), ensure_ascii=False, indent=1) + "\n").encode()


def _csv(table: pa.Table) -> bytes:
    """RFC 4180 with a header; null is empty, a list is JSON."""
    body = io.StringIO()
    csv.writer(body).writerows(_cells(table))
    return body.getvalue().encode()


def _aligned(table: pa.Table) -> bytes:
    """Columns side by side; a long cell is cut at 60 letters."""
    rows = [[cell[:_WIDEST] for cell in row] for row in _cells(table)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, ["-" * width for width in widths])
    lines = (
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "".join(f"{line}\n" for line in lines).encode()


def _cells(table: pa.Table) -> list[list[str]]:
    rows = [[_cell(value) for value in row.values()] for row in _objects(table)]
    return [list(table.column_names), *rows]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


_WRITERS: Final[Mapping[Format, Callable[[pa.Table], bytes]]] = {
    Format.TABLE: _aligned,
    Format.CSV: _csv,
    Format.JSON: _json,
    Format.PARQUET: _parquet,
}


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
