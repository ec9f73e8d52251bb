"""The raw tables: append-only, immutable Parquet batches in the raw bucket."""

import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dicom_pipeline.catalog.table import Table
from dicom_pipeline.layout import (
    batch_of,
    month_of,
    state_key,
    table_key,
    table_prefix,
)
from dicom_pipeline.resources.batches import BatchFiles
from dicom_pipeline.resources.bucket import Bucket, ObjectGoneError
from dicom_pipeline.resources.parquet_files import from_bytes

EMPTY = "empty"  # a batch without rows: a glob over no file is an error in DuckDB


@dataclass(frozen=True)
class RawTables:
    """Batches of the raw tables, cut by month.

    A batch is written whole under a name that its content decides, so writing it
    again changes nothing. Compaction may move it into a file of many (``batches``).
    """

    bucket: Bucket

    @cached_property
    def files(self) -> BatchFiles:
        """Which batches lie in which files."""
        return BatchFiles(self.bucket)

    def write(self, table: Table, month: str, batch: str, rows: pa.Table) -> None:
        """Store one batch of one month."""
        self.bucket.write(table_key(table.name, month, batch), parquet(table, rows))

    def write_parts(
        self, table: Table, month: str, batch: str, parts: Iterable[pa.Table]
    ) -> None:
        """Store one batch of one month, each part a row group: one is in memory."""
        sink = io.BytesIO()
        with pq.ParquetWriter(sink, table.schema, compression="zstd") as file:
            for part in parts:
                file.write_table(part)
        self.bucket.write(table_key(table.name, month, batch), sink.getvalue())

    def read(self, table: Table, month: str, batch: str) -> pa.Table:
        """Return one batch, from its own file or from a compacted one.

        Raises:
            ObjectGoneError: It was never written, or its run was killed.
        """
        try:
            body = self.bucket.read(table_key(table.name, month, batch))
            return from_bytes(body, table.schema)
        except ObjectGoneError:
            prefix = table_prefix(table.name, month)
            found = self.files.find(prefix, batch, table.schema)
            if found is None:
                raise
            return found

    def batches(self, table: Table, month: str) -> set[str]:
        """Names of the batches of one month that are stored."""
        return self.files.batches(table_prefix(table.name, month))

    def months(self, table: Table) -> set[str]:
        """Months that have at least one batch."""
        listed = self.files.listed(table_prefix(table.name))
        return {month_of(i.key) for i in listed if batch_of(i.key) != EMPTY}

    def make_room(self, tables: tuple[Table, ...]) -> None:
        """Give each table a batch without rows, so that readers find a schema."""
        for table in tables:
            self.write(table, "unknown", EMPTY, table.schema.empty_table())


@dataclass(frozen=True)
class State:
    """Small facts that the pipeline remembers, in the raw zone."""

    bucket: Bucket

    def get(self, name: str) -> dict[str, Any]:
        """Return the fact, empty where nothing was remembered yet."""
        try:
            found: dict[str, Any] = json.loads(self.bucket.read(state_key(name)))
        except ObjectGoneError:
            return {}
        return found

    def put(self, name: str, value: dict[str, Any]) -> None:
        """Remember the fact."""
        body = json.dumps(value, sort_keys=True).encode()
        self.bucket.write(state_key(name), body)


def parquet(table: Table, rows: pa.Table) -> bytes:
    """Return ``rows`` as Parquet; the same rows give the same bytes."""
    sink = io.BytesIO()
    pq.write_table(rows.cast(table.schema), sink, compression="zstd")
    return sink.getvalue()
