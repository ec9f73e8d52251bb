"""The view ``dicom_index``: one row per SOP instance, chosen elements as columns."""

from collections.abc import Sequence
from typing import Final

import duckdb
import pyarrow as pa
from duckdb.func import ARROW

from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.catalog.table import Reading
from dicom_pipeline.dicom.nested.columns import Columns
from dicom_pipeline.dicom.nested.text import elements_of, many
from dicom_pipeline.dicom.nested.types import Field

VIEW: Final = "dicom_index"
_FUNCTION: Final = "dicom_fields"
_PROVENANCE: Final = ("raw_key", "fingerprint", "provider", "modified_at", "month")
# The door has read these into columns of their own: a filter on them skips row groups.
_READ: Final = {
    column.keyword: column
    for column in HEADERS.columns
    if column.reading is Reading.VALUE
}


def show_index(
    connection: duckdb.DuckDBPyConnection, fields: Sequence[Field], newest: str
) -> None:
    """Make the view over ``raw.headers``; values are as an export has them.

    What is not asked for is not read: without an element that only the header's text
    has, no header is parsed.

    Args:
        connection: Has the view ``raw.headers``.
        fields: Columns, in order.
        newest: Query of the ``raw_key`` of each instance's newest version.
    """
    parsed = [each for each in fields if not _is_read(each)]
    source = "raw.headers"
    if parsed:
        _teach(connection, parsed)
        source = (
            f"(select *, {_FUNCTION}(header, file_meta) as parsed from raw.headers)"  # noqa: S608
        )
    columns = [f"{_place(each)} as {_name(each.name)}" for each in fields]
    chosen = ", ".join([*columns, *(f"h.{name}" for name in _PROVENANCE)])
    connection.execute(
        f"create view {VIEW} as select {chosen} from {source} as h"  # noqa: S608
        f" where h.raw_key in ({newest})"
    )


def _teach(connection: duckdb.DuckDBPyConnection, fields: Sequence[Field]) -> None:
    """Give DuckDB the function that reads these elements of many headers."""
    type_ = pa.struct([each.arrow for each in fields])
    empty = pa.schema([("parsed", type_)]).empty_table()

    def read(headers: pa.ChunkedArray, metas: pa.ChunkedArray) -> pa.Array:
        with many():
            elements = map(elements_of, headers.to_pylist(), metas.to_pylist())
            batch = Columns().batch([*elements], fields)
        return batch.to_struct_array().cast(type_)

    connection.create_function(
        _FUNCTION,
        read,
        ["varchar", "varchar"],
        connection.from_arrow(empty).types[0],
        type=ARROW,
    )


def _is_read(each: Field) -> bool:
    column = _READ.get(each.name)
    return column is not None and column.type == each.arrow.type


def _place(each: Field) -> str:
    if _is_read(each):
        return f"h.{_READ[each.name].name}"
    return f"h.parsed.{_name(each.name)}"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
