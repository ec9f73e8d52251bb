"""One ledger as a table: every row of all its batches, kept once it was read."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dicom_pipeline.catalog.table import TEXT, Table
from dicom_pipeline.layout import ledger_key, table_prefix
from dicom_pipeline.resources.batches import BatchFiles, is_compacted, steady
from dicom_pipeline.resources.bucket import Bucket, ObjectGoneError, StoredObject
from dicom_pipeline.resources.parquet_files import BATCH, from_bytes, read_columns
from dicom_pipeline.resources.tables import parquet

_AT_ONCE = 4  # files in flight; each thread keeps memory of its own
_WORDS = pa.dictionary(pa.int32(), TEXT)


@dataclass(frozen=True)
class _Rows:
    """Rows by file and all of them, over the same memory."""

    parts: list[pa.Table]
    rows: pa.Table


@dataclass
class _Kept:
    """What was read so far: each file, and what they amount to."""

    files: dict[StoredObject, pa.Table] = field(default_factory=dict)
    rows: _Rows | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class LedgerTable:
    """Batches that are not cut by month; ``columns`` of each are kept in memory.

    Files never change, so each is fetched once per process, and a call costs what is
    new since the last. Compaction (see ``batches``) changes nothing that is seen here.
    Safe to share between threads.

    Attributes:
        bucket: The raw bucket.
        table: The ledger.
        columns: Those that ``all`` returns.
        words: Those of them that few values fill; each value is held once per file.
    """

    bucket: Bucket
    table: Table
    columns: tuple[str, ...]
    words: tuple[str, ...] = ()
    _kept: _Kept = field(default_factory=_Kept, repr=False, compare=False)

    @cached_property
    def files(self) -> BatchFiles:
        """Which batches lie in which files."""
        return BatchFiles(self.bucket)

    def write(self, batch: str, rows: list[dict[str, Any]]) -> None:
        """Store one batch."""
        written = pa.Table.from_pylist(rows, schema=self.table.schema)
        key = ledger_key(self.table.name, batch)
        self.bucket.write(key, parquet(self.table, written))

    def read(self, batch: str) -> pa.Table:
        """Return one batch with all columns of the catalogue.

        Raises:
            ObjectGoneError: There is no such batch.
        """
        try:
            body = self.bucket.read(ledger_key(self.table.name, batch))
            return from_bytes(body, self.table.schema)
        except ObjectGoneError:
            found = self.files.find(self._prefix, batch, self.table.schema)
            if found is None:
                raise
            return found

    def batches(self) -> set[str]:
        """Names of the batches that are stored."""
        return self.files.batches(self._prefix)

    def all(self) -> pa.Table:
        """Every row once, ``columns`` only; ``words`` as Arrow dictionaries.

        Rows of a batch stand together; the order of batches is of no meaning. The
        table is the same object until a file comes or goes.
        """
        return self._current().rows

    def parts(self) -> list[pa.Table]:
        """The rows of ``all`` file by file, each the same object while its file stays.

        For answers that add up, so that a new file costs no pass over all rows.
        """
        return self._current().parts

    def _current(self) -> "_Rows":
        with self._kept.lock:
            return steady(self._looked)

    def _looked(self) -> "_Rows":
        listed, kept = self._listed(), self._kept
        if kept.rows is None or kept.files.keys() != set(listed):
            self._take(listed)
            parts = self._once(listed)
            empty = self._schema.empty_table()
            kept.rows = _Rows(parts, pa.concat_tables([empty, *parts]))
        return kept.rows

    def _listed(self) -> list[StoredObject]:
        return self.files.listed(self._prefix)

    @property
    def _prefix(self) -> str:
        return table_prefix(self.table.name)

    @cached_property
    def _schema(self) -> pa.Schema:
        types = dict.fromkeys(self.words, _WORDS)
        return pa.schema(
            (name, types.get(name, self.table.schema.field(name).type))
            for name in self.columns
        )

    def _take(self, listed: list[StoredObject]) -> None:
        """Read the files that are new, forget those that are gone."""
        files = self._kept.files
        for gone in files.keys() - set(listed):
            del files[gone]
        missing = [item for item in listed if item not in files]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            files.update(zip(missing, pool.map(self._read, missing), strict=True))
        pa.default_memory_pool().release_unused()

    def _read(self, item: StoredObject) -> pa.Table:
        return read_columns(self.bucket, item, self._schema)

    def _once(self, listed: list[StoredObject]) -> list[pa.Table]:
        """The rows of each file; those of a batch that lies in two files, once."""
        files, homes = self._kept.files, self.files.homes(listed)
        return [self._own(item, files[item], homes) for item in listed]

    def _own(
        self, item: StoredObject, rows: pa.Table, homes: dict[str, StoredObject]
    ) -> pa.Table:
        if not is_compacted(item):
            return rows
        elsewhere = [b for b in self.files.rows(item) if homes[b] != item]
        if not elsewhere:
            return rows
        twice = pc.is_in(rows.column(BATCH), value_set=pa.array(elsewhere, TEXT))
        return rows.filter(pc.invert(twice))
