"""Headers as nested, typed Parquet, cut by the values of some fields (Hive).

The schema is known before the first row is written, so every file has the same one.
What is exported is the raw zone: it names patients.
"""

import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.dicom.nested.columns import Columns
from dicom_pipeline.dicom.nested.text import elements_of, many
from dicom_pipeline.dicom.nested.types import Field, leaves
from dicom_pipeline.publish.header_export_folders import partition_values
from dicom_pipeline.publish.header_export_parts import ROW_GROUP, Parts, by_folder
from dicom_pipeline.publish.header_export_places import Place
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.tables import RawTables

PROVENANCE: Final = ("raw_key", "fingerprint", "provider", "modified_at")
"""Columns of ``headers`` that every exported row has; no keyword is spelled so."""

DONE: Final = "_SUCCESS"
"""Written last; readers of Parquet skip names that begin with an underscore."""

_CHUNK = 512  # headers parsed at a time: their dictionaries are the largest thing here


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
    """Sorts headers into folders and reads them when a part is written."""

    def __init__(self, plan: Plan, place: Place) -> None:
        self._plan, self._place = plan, place
        self._columns = Columns()
        self._parts = Parts(place, self._encode)

    def take(self, headers: pa.Table) -> None:
        """Sort rows of ``headers`` into their folders."""
        needed = headers.select(["header", "file_meta", *PROVENANCE])
        cut = self._plan.partition_by
        values = partition_values(headers, cut, self._columns)
        for folder, rows in by_folder(needed, [each.name for each in cut], values):
            self._parts.hold(folder, rows)
        self._parts.write_much()

    def finish(self) -> Exported:
        """Write what is left, then the mark that all is there."""
        written = self._parts.write_all()
        self._place.put(DONE, b"")
        columns = leaves(self._plan.fields) + len(PROVENANCE)
        return Exported(**vars(written), columns=columns, lost=self._columns.lost)

    def _encode(self, rows: pa.Table) -> bytes:
        fields = [each.arrow for each in self._plan.fields]
        own = [HEADERS.schema.field(name) for name in PROVENANCE]
        schema = pa.schema([*own, *fields])
        body = io.BytesIO()
        with pq.ParquetWriter(body, schema, compression="zstd") as writer:
            for start in range(0, rows.num_rows, ROW_GROUP):
                group = rows.slice(start, ROW_GROUP)
                batches = [*self._batches(group, schema)]
                writer.write_table(pa.Table.from_batches(batches, schema))
        return body.getvalue()

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
