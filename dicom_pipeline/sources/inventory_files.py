"""The rows of an S3 inventory report: CSV as S3 writes it, or Parquet.

S3 User Guide, "Amazon S3 Inventory": a CSV file has no header line and its keys are
URL-encoded, as in a form (a space is a plus); the keys of a Parquet file are as they
are. Both are read part by part, so that memory does not grow with the report.
"""

import gzip
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import BinaryIO
from urllib.parse import unquote_plus

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

KEPT = ("key", "size", "last_modified_date", "e_tag")
"""Columns that a load cannot do without, as Parquet reports spell them."""

_TYPES = {
    "key": pa.string(),
    "is_latest": pa.bool_(),
    "is_delete_marker": pa.bool_(),
    "size": pa.int64(),
    "last_modified_date": pa.timestamp("ms", "UTC"),
    "e_tag": pa.string(),
}
_CSV_BYTES = 1 << 20
_PARQUET_ROWS = 8_192

Parts = Iterator[pa.Table]
Reader = Callable[[BinaryIO, Sequence[str]], Parts]


class InventoryError(ValueError):
    """A report cannot be loaded; says why, never a key of it."""


def _without_values(read: Reader) -> Reader:
    """Replace the errors of a reader, which may quote a key."""

    @wraps(read)
    def reader(body: BinaryIO, columns: Sequence[str]) -> Parts:
        try:
            yield from read(body, columns)
        except (pa.ArrowException, EOFError, OSError, UnicodeDecodeError):
            text = "a file of the report is not what its manifest says"
            raise InventoryError(text) from None

    return reader


@_without_values
def read_csv(body: BinaryIO, columns: Sequence[str]) -> Parts:
    """Yield the rows of a gzipped CSV file, keys decoded.

    Args:
        body: The file.
        columns: Names of its columns, in order.

    Raises:
        InventoryError: It is no such file.
    """
    if not gzip.GzipFile(fileobj=body).read(1):
        return  # Arrow takes a file without a line for an error
    body.seek(0)
    parts = pyarrow.csv.open_csv(
        pa.CompressedInputStream(pa.PythonFile(body, mode="r"), "gzip"),
        pyarrow.csv.ReadOptions(
            column_names=list(columns), block_size=_CSV_BYTES, use_threads=False
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=_TYPES, include_columns=_known(columns)
        ),
    )
    for part in parts:
        table = pa.Table.from_batches([part])
        keys = [unquote_plus(key, errors="strict") for key in table["key"].to_pylist()]
        place = table.column_names.index("key")
        yield table.set_column(place, "key", pa.array(keys, pa.string()))


@_without_values
def read_parquet(body: BinaryIO, columns: Sequence[str]) -> Parts:
    """Yield the rows of a Parquet file.

    Args:
        body: The file.
        columns: Names of its columns.

    Raises:
        InventoryError: It is no such file.
    """
    names = _known(columns)
    schema = pa.schema((name, _TYPES[name]) for name in names)
    parts = pq.ParquetFile(body).iter_batches(_PARQUET_ROWS, columns=names)
    for part in parts:
        yield pa.Table.from_batches([part]).select(names).cast(schema)


def _known(columns: Sequence[str]) -> list[str]:
    return [name for name in columns if name in _TYPES]
