"""The history of header schemas: which elements each batch brought, kept in raw."""

import io
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.parquet as pq

from dicom_pipeline.catalog.header_schemas import HEADER_SCHEMAS
from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.dicom.nested.news import News, news_of
from dicom_pipeline.dicom.nested.seen import (
    SCHEMA,
    Level,
    Look,
    level_of,
    merged,
    table_of,
)
from dicom_pipeline.dicom.nested.text import elements_of
from dicom_pipeline.layout import STATE_PREFIX, batch_of, ledger_key, table_prefix
from dicom_pipeline.resources.bucket import Bucket, ObjectGoneError
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.tables import RawTables, parquet

_COMPARED = f"{STATE_PREFIX}header_schemas.parquet"
_BATCHES = b"batches"

# The rest of a row costs as much to decode as the texts (2026-11).
_TEXTS = replace(
    HEADERS,
    key=("header", "file_meta"),
    columns=tuple(map(HEADERS.column, ("header", "file_meta", "batch_id"))),
)

Told = Callable[[int, int], None]
"""Called with batches done and batches to do."""


@dataclass(frozen=True)
class Drift:
    """What batches brought that no batch before them had.

    Attributes:
        batches: How many were compared now.
        headers: How many headers they have.
        is_first: Whether there was nothing to compare them with.
        news: What is new.
    """

    batches: int
    headers: int
    is_first: bool
    news: News


@dataclass(frozen=True)
class HeaderSchemas:
    """One schema per batch, made from its headers once, by whoever needs it first.

    Attributes:
        tables: Where the headers are.
        ledger: Knows which batches are done.
    """

    tables: RawTables
    ledger: Ledger

    def complete(self, told: Told = lambda _done, _total: None) -> int:
        """Make the schema of each batch that has none yet; return how many."""
        months: dict[str, list[str]] = defaultdict(list)
        stored = self.stored()
        for month, batches in self.ledger.batches_by_month().items():
            for batch in batches:
                if batch not in stored:
                    months[batch].append(month)
        for done, batch in enumerate(sorted(months)):
            told(done, len(months))
            self._write(batch, self._look(batch, months[batch]))
        told(len(months), len(months))
        return len(months)

    def stored(self) -> set[str]:
        """Batches that have a schema."""
        listed = self._bucket.list(table_prefix(HEADER_SCHEMAS.name))
        return {batch_of(item.key) for item in listed}

    def merged(self, batches: Iterable[str] | None = None) -> pa.Table:
        """Add up the schemas of these batches, or of all."""
        names = self.stored() if batches is None else batches
        keys = [ledger_key(HEADER_SCHEMAS.name, name) for name in sorted(names)]
        return merged(_read(self._bucket.read(key)) for key in keys)

    def compare(self) -> Drift:
        """Hold the batches that were not compared yet against those that were.

        What was compared is remembered in the same object as what is known, so that a
        run that is killed says the same again.
        """
        known, compared = self._compared()
        new = self.stored() - compared
        added = self.merged(new)
        drift = Drift(
            batches=len(new),
            headers=_headers(added),
            is_first=not compared,
            news=news_of(known, added),
        )
        if new:
            self._remember(merged([known, added]), compared | new)
        return drift

    def known(self) -> Level:
        """Return what was seen when batches were last compared; one request."""
        return level_of(self._compared()[0])

    def _look(self, batch: str, months: list[str]) -> pa.Table:
        look = Look()
        for month in months:
            rows = self.tables.read(_TEXTS, month, batch)
            for chunk in rows.to_batches(512):
                texts, metas = (chunk.column(n).to_pylist() for n in _TEXTS.key)
                look.at_all(map(elements_of, texts, metas))
        return table_of(look.level, look.overlooked)

    def _write(self, batch: str, schema: pa.Table) -> None:
        column = pa.array([batch] * schema.num_rows, pa.string())
        rows = schema.append_column("batch_id", column)
        key = ledger_key(HEADER_SCHEMAS.name, batch)
        self._bucket.write(key, parquet(HEADER_SCHEMAS, rows))

    def _compared(self) -> tuple[pa.Table, set[str]]:
        try:
            known = _read(self._bucket.read(_COMPARED))
        except ObjectGoneError:
            return SCHEMA.empty_table(), set()
        batches = known.schema.metadata[_BATCHES].decode().split()
        return known, set(batches)

    def _remember(self, known: pa.Table, batches: set[str]) -> None:
        said = {_BATCHES: " ".join(sorted(batches)).encode()}
        sink = io.BytesIO()
        pq.write_table(known.replace_schema_metadata(said), sink, compression="zstd")
        self._bucket.write(_COMPARED, sink.getvalue())

    @property
    def _bucket(self) -> Bucket:
        return self.tables.bucket


def _headers(table: pa.Table) -> int:
    rows = table.select(["path", "elements"]).to_pylist()
    return sum(row["elements"] for row in rows if not row["path"])


def _read(body: bytes) -> pa.Table:
    return pq.read_table(io.BytesIO(body))
