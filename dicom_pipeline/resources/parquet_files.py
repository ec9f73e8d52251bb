"""Parquet files of a bucket: some of their columns, without the rest of their bytes."""

import io
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dicom_pipeline.resources.bucket import Bucket, StoredObject

BATCH = "batch_id"
"""The column that says which batch a row belongs to, in every raw table."""

_WHOLE_BYTES = 1 << 20  # takes as long as a request


class _Ranges(io.RawIOBase):
    """An object as a file of which only what is asked for is fetched."""

    def __init__(self, bucket: Bucket, stored: StoredObject) -> None:
        super().__init__()
        self._bucket, self._stored, self._at = bucket, stored, 0

    def read(self, size: int = -1) -> bytes:
        left = self._stored.bytes - self._at
        size = left if size < 0 else min(size, left)
        if not size:
            return b""
        start, self._at = self._at, self._at + size
        return self._bucket.read_range(self._stored.key, start, self._at)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._stored.bytes}
        self._at = start[whence] + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


def read_columns(bucket: Bucket, stored: StoredObject, schema: pa.Schema) -> pa.Table:
    """Return the columns of ``schema`` of one file; one that it lacks is null.

    A dictionary type in ``schema`` is kept as the file encodes it: a word that many
    rows share is held once. Small row groups are fetched whole, to disk: by ranges,
    each would be a request.

    Raises:
        ObjectGoneError: There is no such file.
    """
    file = _opened(bucket, stored, schema)
    if not _WHOLE_BYTES < stored.bytes <= _WHOLE_BYTES * file.num_row_groups:
        return _read(file, schema)
    with fetched(bucket, stored) as body:
        return _read(_parsed(body, schema), schema)


def from_bytes(body: bytes, schema: pa.Schema) -> pa.Table:
    """Do what ``read_columns`` does for a file in memory."""
    file = pq.ParquetFile(io.BytesIO(body))
    return _conformed(file.read(_known(file, schema)), schema)


def read_batch(
    bucket: Bucket, stored: StoredObject, schema: pa.Schema, batch: str
) -> pa.Table:
    """Return the rows of one batch, of a file that may hold several.

    Only row groups that may have the batch are fetched.

    Raises:
        ObjectGoneError: There is no such file.
    """
    file = _opened(bucket, stored, schema)
    groups = [
        number for number in range(file.num_row_groups) if _may(file, number, batch)
    ]
    found = file.read_row_groups(groups, _known(file, schema), use_threads=False)
    rows = _conformed(found, schema)
    return rows.filter(pc.equal(rows.column(BATCH), batch))


def row_groups(
    bucket: Bucket, stored: StoredObject, schema: pa.Schema
) -> Iterator[pa.Table]:
    """Yield the rows of one file, a row group at a time: one is in memory.

    A dictionary type in ``schema`` is kept as the file encodes it. The file is fetched
    whole, to disk: by ranges, each column of each row group would be a request.

    Raises:
        ObjectGoneError: There is no such file.
    """
    with fetched(bucket, stored) as body:
        yield from groups_in(body, schema)


@contextmanager
def fetched(bucket: Bucket, stored: StoredObject) -> Iterator[IO[bytes]]:
    """Lend one file, fetched whole, to disk.

    Raises:
        ObjectGoneError: There is no such file.
    """
    with TemporaryFile() as body:
        bucket.download(stored.key, body)
        yield body


def groups_in(
    body: IO[bytes], schema: pa.Schema, at_once_bytes: int = 0
) -> Iterator[pa.Table]:
    """Yield the rows of a fetched file, one row group after the other.

    Args:
        body: The file.
        schema: Of its rows, as for ``read_columns``.
        at_once_bytes: Neighbours that are no more than this, decoded, come together.
    """
    file = _parsed(body, schema)
    names = _known(file, schema)
    for numbers in _neighbours(file, set(names), at_once_bytes):
        found = file.read_row_groups(numbers, names, use_threads=False)
        yield _conformed(found, schema)


def rows_in(body: IO[bytes], schema: pa.Schema, at_once: int) -> Iterator[pa.Table]:
    """Yield the rows of a fetched file, no more than some of them ``at_once``."""
    file = _parsed(body, schema)
    names = _known(file, schema)
    for batch in file.iter_batches(at_once, columns=names, use_threads=False):
        yield _conformed(pa.Table.from_batches([batch]), schema)


def row_count(bucket: Bucket, stored: StoredObject) -> int:
    """Rows of one file, from its footer.

    Raises:
        ObjectGoneError: There is no such file.
    """
    rows: int = _opened(bucket, stored).metadata.num_rows
    return rows


def rows_by_batch(bucket: Bucket, stored: StoredObject) -> dict[str, int]:
    """Rows of each batch of one file; its footer says it of groups of one batch.

    Raises:
        ObjectGoneError: There is no such file.
    """
    file = _opened(bucket, stored)
    counts: Counter[str] = Counter()
    mixed = []
    for number in range(file.num_row_groups):
        said = _said_of_batches(file, number)
        if said and said.min == said.max and not said.null_count:
            counts[said.min] += file.metadata.row_group(number).num_rows
        else:
            mixed.append(number)
    names = file.read_row_groups(mixed, [BATCH], use_threads=False).column(BATCH)
    counts.update(names.to_pylist())
    return dict(counts)


def _opened(
    bucket: Bucket, stored: StoredObject, schema: pa.Schema | None = None
) -> pq.ParquetFile:
    source = (
        io.BytesIO(bucket.read(stored.key))
        if stored.bytes <= _WHOLE_BYTES
        else _Ranges(bucket, stored)
    )
    return _parsed(source, schema)


def _parsed(
    source: IO[bytes] | io.RawIOBase, schema: pa.Schema | None
) -> pq.ParquetFile:
    """The file, with those columns as words that ``schema`` wants as words."""
    file = pq.ParquetFile(source)
    words = [f.name for f in schema or () if pa.types.is_dictionary(f.type)]
    there = [name for name in words if name in file.schema_arrow.names]
    if not there:
        return file
    return pq.ParquetFile(source, metadata=file.metadata, read_dictionary=there)


def _known(file: pq.ParquetFile, schema: pa.Schema) -> list[str]:
    there = set(file.schema_arrow.names)
    return [name for name in schema.names if name in there]


def _may(file: pq.ParquetFile, number: int, batch: str) -> bool:
    """Whether a row group may have rows of the batch, by its statistics."""
    said = _said_of_batches(file, number)
    return said is None or said.min <= batch <= said.max


def _said_of_batches(file: pq.ParquetFile, number: int) -> pq.Statistics | None:
    """First and last batch of a row group, where the footer tells them."""
    leaves = _leaves(file, number)
    said = next(leaf for leaf in leaves if leaf.path_in_schema == BATCH).statistics
    return said if said is not None and said.has_min_max else None


def _neighbours(
    file: pq.ParquetFile, names: Collection[str], most_bytes: int
) -> Iterator[list[int]]:
    """Numbers of row groups that are read together, one at the least."""
    together, held = list[int](), 0
    for number in range(file.num_row_groups):
        leaves = _leaves(file, number)
        size = sum(
            leaf.total_uncompressed_size
            for leaf in leaves
            if leaf.path_in_schema.partition(".")[0] in names
        )
        if together and held + size > most_bytes:
            yield together
            together, held = list[int](), 0
        together.append(number)
        held += size
    if together:
        yield together


def _leaves(file: pq.ParquetFile, number: int) -> Iterator[pq.ColumnChunkMetaData]:
    group = file.metadata.row_group(number)
    return (group.column(leaf) for leaf in range(group.num_columns))


def _read(file: pq.ParquetFile, schema: pa.Schema) -> pa.Table:
    return _conformed(file.read(_known(file, schema), use_threads=False), schema)


def _conformed(found: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = [
        found.column(field.name).cast(field.type)
        if field.name in found.column_names
        else pa.nulls(found.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)
