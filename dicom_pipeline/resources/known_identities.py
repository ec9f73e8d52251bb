"""Who is known: the identities of the raw zone, read from the stored headers."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.catalog.objects import ARRIVALS, OBJECTS
from dicom_pipeline.catalog.table import TEXT
from dicom_pipeline.deid.identities import identities
from dicom_pipeline.deid.needles import Kind, Needles
from dicom_pipeline.dicom.json_text import json_of
from dicom_pipeline.layout import batch_of, month_of, table_prefix
from dicom_pipeline.resources.bucket import Bucket, StoredObject
from dicom_pipeline.resources.parquet_files import read_columns
from dicom_pipeline.resources.tables import EMPTY

_HEADER = pa.schema(
    [("study_instance_uid", TEXT), ("header", TEXT), ("file_meta", TEXT)]
)
_LEDGER = pa.schema([("month", TEXT), ("source_key", TEXT), ("fingerprint", TEXT)])
_SEEN = pa.schema([("source_key", TEXT), ("fingerprint", TEXT)])
_SAME_DAY = ("00080020", "00080021", "00080022", "00080023")
"""Study, series, acquisition and content date: close together within a study."""


@dataclass
class Known:
    """What the raw zone knows.

    Attributes:
        needles: Every identity.
        days: Real days of each study, as DICOM spells them.
        headers: Headers that were read.
    """

    needles: Needles
    days: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    headers: int = 0


@dataclass(frozen=True)
class KnownIdentities:
    """Reads them out of the raw bucket.

    Attributes:
        raw: The raw bucket.
        common: Words that are no needles.
    """

    raw: Bucket
    common: frozenset[str]

    def read(self, months: Collection[str] | None = None) -> Known:
        """Return the identities of these months, or of all.

        One file of headers is in memory at a time, and of each value its hash.
        """
        known = Known(Needles(self.common))
        for stored in self.header_files(months):
            self.read_file(stored, known)
        for key, fingerprint in self._seen(months):
            known.needles.add(Kind.KEY, key)
            known.needles.add(Kind.KEY, fingerprint)
        return known

    def read_file(self, stored: StoredObject, known: Known) -> None:
        """Add the identities of one file of headers."""
        rows = read_columns(self.raw, stored, _HEADER)
        for batch in rows.to_batches(max_chunksize=500):
            for row in batch.to_pylist():
                known.headers += 1
                _add(known, row["study_instance_uid"] or "", row["header"])
                _add(known, "", row["file_meta"])

    def header_files(self, months: Collection[str] | None) -> Iterator[StoredObject]:
        """Files of the table of headers, of these months or of all."""
        for stored in self._listed(table_prefix(HEADERS.name)):
            if months is None or month_of(stored.key) in months:
                yield stored

    def _seen(self, months: Collection[str] | None) -> Iterator[tuple[str, str]]:
        """Keys and fingerprints as the provider has them."""
        table, schema = (ARRIVALS, _SEEN) if months is None else (OBJECTS, _LEDGER)
        for stored in self._listed(table_prefix(table.name)):
            for row in read_columns(self.raw, stored, schema).to_pylist():
                if months is None or row["month"] in months:
                    yield row["source_key"] or "", row["fingerprint"] or ""

    def _listed(self, prefix: str) -> Iterable[StoredObject]:
        for stored in self.raw.list(prefix):
            is_table = stored.key.endswith(".parquet")
            if is_table and batch_of(stored.key) != EMPTY:
                yield stored


def _add(known: Known, study: str, text: str | None) -> None:
    header = json_of(text) if text else {}
    for kind, value in identities(header):
        known.needles.add(kind, value)
    for tag in _SAME_DAY if study else ():
        for value in header.get(tag, {}).get("Value", ()):
            known.days[study].add(str(value))
