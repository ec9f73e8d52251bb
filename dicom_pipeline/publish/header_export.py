"""Headers as nested, typed Parquet, cut by the values of some fields (Hive).

The schema is known before the first row is written, so every file has the same one.
What is exported is the raw zone: it names patients.
"""

import io
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.dicom.nested.columns import Columns
from dicom_pipeline.dicom.nested.text import elements_of, many
from dicom_pipeline.dicom.nested.types import Field, leaves
from dicom_pipeline.publish.header_export_folders import folder_of, partition_values
from dicom_pipeline.publish.header_export_places import Place
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.tables import RawTables

PROVENANCE: Final = ("raw_key", "fingerprint", "provider", "modified_at")
"""Columns of ``headers`` that every exported row has; no keyword is spelled so."""

DONE: Final = "_SUCCESS"
"""Written last; readers of Parquet skip names that begin with an underscore."""

BUFFER_BYTES: Final = 96 << 20
"""Header text held back before parts are written: a part is rather large than many."""

_CHUNK = 512  # headers parsed at a time: their dictionaries are the largest thing here
_ROW_GROUP = 8192


@dataclass(frozen=True)
class Plan:
    """What to write.

    Attributes:
        fields: Columns of the files.
        partition_by: Columns that become folders instead, outermost first.
    """

    fields: tuple[Field, ...]
    partition_by: tuple[Field, ...] = ()


@dataclass
class Exported:
    """What was written.

    Attributes:
        rows: SOP instances.
        files: Parquet files.
        bytes: Their size.
        columns: Leaf columns of each file.
        lost: Values that are null though the header has them, by (column, why).
    """

    rows: int = 0
    files: int = 0
    bytes: int = 0
    columns: int = 0
    lost: Counter[tuple[str, str]] = field(default_factory=Counter)


def export_headers(
    tables: RawTables,
    ledger: Ledger,
    plan: Plan,
    place: Place,
    told: Callable[[int], None] = lambda _rows: None,
) -> Exported:
    """Write one row per SOP instance, its newest version.

    Args:
        tables: Where the headers are.
        ledger: Knows which versions are the newest.
        plan: Columns and folders.
        place: Folder to write to, empty.
        told: Called with the rows that are read so far.

    Returns:
        Counts; memory is bounded by ``BUFFER_BYTES`` of header text and one batch.
    """
    writer = _Writer(plan, place)
    rows = 0
    for headers in current_headers(tables, ledger):
        writer.take(headers)
        rows += headers.num_rows
        told(rows)
    return writer.finish()


def current_headers(
    tables: RawTables, ledger: Ledger, order: Callable[[str], str] | None = None
) -> Iterator[pa.Table]:
    """Yield the headers batch by batch, of each instance its newest version only.

    Args:
        tables: Where the headers are.
        ledger: Knows which versions are the newest.
        order: Of a month and a batch, parted by a space; without it, by month.
    """
    by_month = ledger.batches_by_month().items()
    pairs = [(month, batch) for month, batches in by_month for batch in batches]
    if order is not None:
        pairs.sort(key=lambda pair: order(" ".join(pair)))
    for month, batch in pairs:
        rows = tables.read(HEADERS, month, batch)
        newest = ledger.newest(rows["sop_instance_uid"].to_pylist())
        columns = (rows[n].to_pylist() for n in ("sop_instance_uid", "fingerprint"))
        kept = [(*pair, batch) in newest for pair in zip(*columns, strict=True)]
        yield rows.filter(pa.array(kept, pa.bool_()))


class _Writer:
    """Holds text back by folder and writes parts when it holds too much."""

    def __init__(self, plan: Plan, place: Place) -> None:
        self._plan, self._place = plan, place
        self._held: dict[str, list[pa.Table]] = defaultdict(list)
        self._bytes: Counter[str] = Counter()
        self._parts: Counter[str] = Counter()
        self._columns = Columns()
        self._done = Exported(columns=leaves(plan.fields) + len(PROVENANCE))

    def take(self, headers: pa.Table) -> None:
        """Sort rows of ``headers`` into their folders."""
        for folder, rows in self._by_folder(headers):
            self._held[folder].append(rows)
            self._bytes[folder] += rows.nbytes
        while self._bytes.total() > BUFFER_BYTES:
            self._write(self._bytes.most_common(1)[0][0])

    def finish(self) -> Exported:
        """Write what is left, then the mark that all is there."""
        for folder in sorted(self._held):
            self._write(folder)
        self._place.put(DONE, b"")
        self._done.lost = self._columns.lost
        return self._done

    def _by_folder(self, headers: pa.Table) -> Iterator[tuple[str, pa.Table]]:
        needed = headers.select(["header", "file_meta", *PROVENANCE])
        if not self._plan.partition_by:
            yield "", needed
            return
        values = partition_values(headers, self._plan.partition_by, self._columns)
        names = [each.name for each in self._plan.partition_by]
        places: dict[str, list[int]] = defaultdict(list)
        for index, row in enumerate(zip(*values, strict=True)):
            places[folder_of(names, row)].append(index)
        for folder, indices in places.items():
            yield folder, needed.take(indices)

    def _write(self, folder: str) -> None:
        rows = pa.concat_tables(self._held.pop(folder))
        del self._bytes[folder]
        if not rows.num_rows:
            return
        body = io.BytesIO()
        self._encode(rows, body)
        name = f"part-{self._parts[folder]:05}.parquet"
        self._place.put(f"{folder}/{name}" if folder else name, body.getvalue())
        self._parts[folder] += 1
        self._done.rows += rows.num_rows
        self._done.files += 1
        self._done.bytes += body.tell()

    def _encode(self, rows: pa.Table, body: io.BytesIO) -> None:
        fields = [each.arrow for each in self._plan.fields]
        own = [HEADERS.schema.field(name) for name in PROVENANCE]
        schema = pa.schema([*own, *fields])
        with pq.ParquetWriter(body, schema, compression="zstd") as writer:
            for start in range(0, rows.num_rows, _ROW_GROUP):
                group = rows.slice(start, _ROW_GROUP)
                batches = [*self._batches(group, schema)]
                writer.write_table(pa.Table.from_batches(batches, schema))

    def _batches(self, rows: pa.Table, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        for chunk in rows.combine_chunks().to_batches(_CHUNK):
            with many():
                made = self._columns.batch(parsed(chunk), self._plan.fields)
            own = [chunk.column(name) for name in PROVENANCE]
            yield pa.RecordBatch.from_arrays([*own, *made.columns], schema=schema)


def parsed(chunk: pa.RecordBatch) -> Sequence[dict[str, object]]:
    """Elements by tag of each row of ``headers``."""
    texts, metas = (chunk.column(n).to_pylist() for n in ("header", "file_meta"))
    return [elements_of(*pair) for pair in zip(texts, metas, strict=True)]
