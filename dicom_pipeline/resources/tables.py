"""The raw tables: append-only, immutable Parquet batches in the raw bucket."""

import io
import json
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dicom_pipeline.catalog.table import Table
from dicom_pipeline.layout import (
    batch_of,
    ledger_key,
    month_of,
    state_key,
    table_key,
    table_prefix,
)
from dicom_pipeline.resources.bucket import Bucket, ObjectGoneError

EMPTY = "empty"  # a batch without rows: a glob over no file is an error in DuckDB


@dataclass(frozen=True)
class RawTables:
    """Batches of the raw tables, cut by month.

    A batch is written whole under a name that its content decides, so writing it
    again changes nothing.
    """

    bucket: Bucket

    def write(self, table: Table, month: str, batch: str, rows: pa.Table) -> None:
        """Store one batch of one month."""
        self.bucket.write(table_key(table.name, month, batch), parquet(table, rows))

    def read(self, table: Table, month: str, batch: str) -> pa.Table:
        """Return one batch.

        Raises:
            ObjectGoneError: It was never written, or its run was killed.
        """
        return _table(self.bucket.read(table_key(table.name, month, batch)))

    def batches(self, table: Table, month: str) -> set[str]:
        """Names of the batches of one month that are stored."""
        listed = self.bucket.list(table_prefix(table.name, month))
        return {batch_of(item.key) for item in listed}

    def months(self, table: Table) -> set[str]:
        """Months that have at least one batch."""
        listed = self.bucket.list(table_prefix(table.name))
        return {month_of(i.key) for i in listed if batch_of(i.key) != EMPTY}

    def make_room(self, tables: tuple[Table, ...]) -> None:
        """Give each table a batch without rows, so that readers find a schema."""
        for table in tables:
            self.write(table, "unknown", EMPTY, table.schema.empty_table())


@dataclass(frozen=True)
class LedgerTable:
    """One ledger: batches that are not cut by month, kept in memory once read.

    Memory: one row of the columns in use per object; files never change, so each is
    fetched once per process.
    """

    bucket: Bucket
    table: Table
    columns: tuple[str, ...]
    _seen: dict[str, pa.Table] = field(default_factory=dict, repr=False)

    def write(self, batch: str, rows: list[dict[str, Any]]) -> None:
        """Store one batch."""
        written = pa.Table.from_pylist(rows, schema=self.table.schema)
        key = ledger_key(self.table.name, batch)
        self.bucket.write(key, parquet(self.table, written))

    def read(self, batch: str) -> pa.Table:
        """Return one batch with all its columns."""
        return _table(self.bucket.read(ledger_key(self.table.name, batch)))

    def batches(self) -> set[str]:
        """Names of the batches that are stored."""
        listed = self.bucket.list(table_prefix(self.table.name))
        return {batch_of(item.key) for item in listed}

    def all(self) -> pa.Table:
        """Every row, ``columns`` only, in the order of the batch names."""
        names = sorted(self.batches())
        for name in names:
            if name not in self._seen:
                self._seen[name] = self.read(name).select(list(self.columns))
        empty = self.table.schema.empty_table().select(list(self.columns))
        return pa.concat_tables([empty, *(self._seen[name] for name in names)])


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


def _table(body: bytes) -> pa.Table:
    return pq.read_table(io.BytesIO(body))
