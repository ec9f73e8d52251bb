"""The files of a ledger table that a process has not read yet."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pyarrow as pa

from dicom_pipeline.layout import ledger_key, table_prefix
from dicom_pipeline.resources.bucket import ObjectGoneError, StoredObject
from dicom_pipeline.resources.ledger_table import LedgerTable
from dicom_pipeline.resources.parquet_files import read_columns

AT_ONCE = 16
"""Files in flight; each is some 200 KB, a compacted one more."""

_ROWS_AT_ONCE = 65_536  # of a compacted file, so that few are texts at a time


@dataclass
class NewFiles:
    """Hands out the rows of each file once; a compacted file repeats those it holds.

    Attributes:
        table: The ledger table.
        columns: The columns that are read.
    """

    table: LedgerTable
    columns: tuple[str, ...]
    _read: set[StoredObject] = field(default_factory=set, init=False, repr=False)
    _own: set[str] = field(default_factory=set, init=False, repr=False)

    def missing(self) -> list[StoredObject]:
        """Files that were not read yet."""
        listed = self.table.files.listed(table_prefix(self.table.table.name))
        self._read &= set(listed)
        return [
            item
            for item in listed
            if item not in self._read and item.key not in self._own
        ]

    def skip(self, batch: str) -> None:
        """Leave out a batch that was written here."""
        self._own.add(ledger_key(self.table.table.name, batch))

    def read(self, items: list[StoredObject]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of these files, part by part."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for item, rows in zip(items, pool.map(self._rows, items), strict=True):
                yield from rows.to_batches(_ROWS_AT_ONCE)
                self._read.add(item)

    def _rows(self, item: StoredObject) -> pa.Table:
        try:
            return read_columns(self.table.bucket, item, self._schema)
        except ObjectGoneError:  # compacted meanwhile: its rows are in another file
            return self._schema.empty_table()

    @property
    def _schema(self) -> pa.Schema:
        whole = self.table.table.schema
        return pa.schema(whole.field(name) for name in self.columns)
