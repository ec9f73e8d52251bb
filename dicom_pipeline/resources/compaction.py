"""Many small files of a raw table made few, once nothing has come for a while.

New files are written before old ones are deleted. In between a batch lies in two files;
``batches`` reads it once, and dbt takes the newest row of an instance whichever file it
is in. Which batches go together depends on their names and row counts alone, so a run
that died is finished by the next, in the same files.
"""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from dicom_pipeline.catalog import ENTITIES
from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.catalog.objects import ARRIVALS, OBJECTS
from dicom_pipeline.catalog.pixel_reviews import PIXEL_TABLES
from dicom_pipeline.catalog.table import Table
from dicom_pipeline.layout import compacted_name, table_prefix
from dicom_pipeline.resources.batches import BatchFiles, is_compacted
from dicom_pipeline.resources.bucket import Bucket, StoredObject
from dicom_pipeline.resources.parquet_files import read_batch

LEDGERS = (ARRIVALS, OBJECTS, *PIXEL_TABLES)
TABLES = (*ENTITIES, HEADERS, *LEDGERS)

_PART_BYTES = 16 << 20
_GROUP_BYTES, _GROUP_ROWS = 32 << 20, 2_000
_ROWS_A_FILE = 1_000_000
_HEADERS_A_FILE = 100_000  # 1 to 4 kB each as zstd (2026-11): 100 to 400 MB


@dataclass(frozen=True)
class Compacted:
    """What compacting has done.

    Attributes:
        folders: Folders whose files were made fewer.
        before: Files in them before.
        after: Files in them now.
    """

    folders: int = 0
    before: int = 0
    after: int = 0

    def __add__(self, other: "Compacted") -> "Compacted":
        """Sum up."""
        return Compacted(
            self.folders + other.folders,
            self.before + other.before,
            self.after + other.after,
        )


class ForeignRowsError(RuntimeError):
    """A file of one batch holds rows of another; nothing was deleted."""


@dataclass(frozen=True)
class _Plan:
    """What is to become of the files of one folder.

    Attributes:
        files: What is there.
        kept: Keys of files that stay.
        homes: Where to read each batch that is written.
        groups: Batches of each file that is written.
    """

    files: Sequence[StoredObject]
    kept: set[str]
    homes: Mapping[str, StoredObject] = field(default_factory=dict)
    groups: Sequence[list[str]] = ()


@dataclass(frozen=True)
class Compaction:
    """Compacts the raw tables of one bucket.

    Attributes:
        bucket: The raw bucket.
        quiet_since: A month with a batch that was written later is left alone, and
            so are later batches of the ledgers.
        rows_a_file: Rows at which a file is full; ``None``: by table.
    """

    bucket: Bucket
    quiet_since: datetime
    rows_a_file: int | None = None

    def compact(self) -> Compacted:
        """Compact every table and month that has gone quiet."""
        done = Compacted()
        for table in TABLES:
            found = self._files.listed(table_prefix(table.name))
            for folder, files in _by_folder(found).items():
                done += self._compact(table, folder, files)
        return done

    def _compact(
        self, table: Table, folder: str, files: Sequence[StoredObject]
    ) -> Compacted:
        """Write the files that are wanted, then delete those that are not."""
        plan = self._plan(table, self._quiet(table, files))
        kept = set(plan.kept)
        for group in plan.groups:
            key = f"{folder}batch={compacted_name(group)}.parquet"
            self._write(table, key, {batch: plan.homes[batch] for batch in group})
            kept.add(key)
        gone = [item.key for item in plan.files if item.key not in kept]
        for key in gone:
            self.bucket.delete(key)
        return Compacted(1, len(files), len(kept)) if gone else Compacted()

    def _quiet(
        self, table: Table, files: Sequence[StoredObject]
    ) -> Sequence[StoredObject]:
        """Files that may be touched; of a month all or none, of a ledger the old."""
        alone = [item for item in files if not is_compacted(item)]
        young = {item for item in alone if item.modified_at > self.quiet_since}
        if len(files) == 1 or (young and table not in LEDGERS):
            return []
        return [item for item in files if item not in young and self._files.rows(item)]

    def _plan(self, table: Table, files: Sequence[StoredObject]) -> "_Plan":
        most = self._most_rows(table)
        full = [item for item in files if self._of(item) >= most]
        settled = {batch for item in full for batch in self._files.rows(item)}
        left = [item for item in files if set(self._files.rows(item)) - settled]
        alone = [item for item in left if not is_compacted(item)]
        held = [batch for item in [*full, *left] for batch in self._files.rows(item)]
        if len(held) == len(set(held)) and (not alone or len(left) == 1):
            return _Plan(files, {item.key for item in [*full, *left]})
        homes = self._files.homes(left)
        rows = {b: self._files.rows(home)[b] for b, home in homes.items()}
        groups = list(
            _groups({b: n for b, n in rows.items() if b not in settled}, most)
        )
        lone = [g for g in groups if len(g) == 1 and not is_compacted(homes[g[0]])]
        return _Plan(
            files,
            {item.key for item in full} | {homes[batch].key for [batch] in lone},
            homes,
            [group for group in groups if group not in lone],
        )

    def _write(self, table: Table, key: str, homes: Mapping[str, StoredObject]) -> None:
        """Store whole batches in one file; a row group is in memory."""
        with tempfile.TemporaryFile() as file:
            with pq.ParquetWriter(file, table.schema, compression="zstd") as writer:
                for rows in _row_groups(self._batches(table, homes)):
                    writer.write_table(rows, row_group_size=rows.num_rows)
            file.seek(0)
            self._send(key, file)

    def _batches(
        self, table: Table, homes: Mapping[str, StoredObject]
    ) -> Iterator[pa.Table]:
        for batch in sorted(homes):
            rows = read_batch(self.bucket, homes[batch], table.schema, batch)
            if rows.num_rows != self._files.rows(homes[batch])[batch]:
                raise ForeignRowsError(f"{table.name}: rows of another batch")
            yield rows

    def _send(self, key: str, file: BinaryIO) -> None:
        self.bucket.upload(key, file, _PART_BYTES, {})

    def _of(self, item: StoredObject) -> int:
        return sum(self._files.rows(item).values())

    def _most_rows(self, table: Table) -> int:
        own = _HEADERS_A_FILE if table is HEADERS else _ROWS_A_FILE
        return self.rows_a_file or own

    @cached_property
    def _files(self) -> BatchFiles:
        return BatchFiles(self.bucket)


def _by_folder(files: Iterable[StoredObject]) -> dict[str, list[StoredObject]]:
    found: dict[str, list[StoredObject]] = {}
    for item in files:
        found.setdefault(item.key.rsplit("/", 1)[0] + "/", []).append(item)
    return found


def _groups(rows: Mapping[str, int], most: int) -> Iterator[list[str]]:
    """Batches in the order of their names, cut where a file is full."""
    group: list[str] = []
    for batch in sorted(rows):
        group.append(batch)
        if sum(rows[each] for each in group) >= most:
            yield group
            group = []
    if group:
        yield group


def _row_groups(batches: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Batches together while they are small: a scan asks once per group and column.

    Not larger: whoever wants one batch reads the groups that it is in.
    """
    together: list[pa.Table] = []
    for rows in batches:
        together.append(rows)
        size = sum(each.nbytes for each in together)
        if size >= _GROUP_BYTES or sum(map(len, together)) >= _GROUP_ROWS:
            yield pa.concat_tables(together)
            together = []
    if together:
        yield pa.concat_tables(together)
