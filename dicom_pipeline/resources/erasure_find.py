"""Everything of one patient that the raw zone knows of, before any of it goes.

The ledger names his files; the raw table ``images`` names them too, and each covers
what the other may lack. No header text is read to find him.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from dicom_pipeline.catalog import IMAGES
from dicom_pipeline.deid.tombstones import Tombstone
from dicom_pipeline.layout import month_of, quarantine_key, table_prefix
from dicom_pipeline.resources.ledger import Ledger, Outcome, Row
from dicom_pipeline.resources.ledger_table import LedgerTable
from dicom_pipeline.resources.parquet_files import read_columns
from dicom_pipeline.resources.tables import RawTables

_IDENTITY = "patient_identity"
_IMAGE = (
    *("sop_instance_uid", "study_instance_uid", "series_instance_uid"),
    *("raw_key", "fingerprint", "device_identity", "batch_id"),
)
_WORD = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True)
class Found:
    """What there is of one patient. Personal: it names him.

    Attributes:
        identity: Issuer or provider, U+001F, normalised Patient ID.
        arrivals: Ledger ids of his files.
        raw_keys: Keys of his objects in the raw bucket, wherever they came from.
        provider_keys: Keys of his files in the provider bucket.
        sop_uids: SOP instances that are his.
        study_uids: Their studies.
        series_uids: Their series.
        devices: Identities of the devices that made them.
        batches: Batches with rows of his, by month.
    """

    identity: str = field(repr=False)
    arrivals: frozenset[str] = field(repr=False)
    raw_keys: frozenset[str] = field(repr=False)
    provider_keys: frozenset[str] = field(repr=False)
    sop_uids: frozenset[str] = field(repr=False)
    study_uids: frozenset[str] = field(repr=False)
    series_uids: frozenset[str] = field(repr=False)
    devices: frozenset[str] = field(repr=False)
    batches: Mapping[str, frozenset[str]] = field(repr=False)


@dataclass(frozen=True)
class Finder:
    """Looks for one patient in the raw zone.

    Attributes:
        ledger: Names his files.
        tables: Names their rows.
    """

    ledger: Ledger
    tables: RawTables

    def find(self, identity: str, tombstone: Tombstone) -> Found:
        """Return what is left of a patient; after an erasure, of what came since.

        Args:
            identity: Of the patient.
            tombstone: Of the same; names files that a killed run has found.
        """
        images = self._images(identity)
        rows = self._rows(identity, tombstone, images)
        named = [*rows, *images]
        batches: dict[str, set[str]] = defaultdict(set)
        for row in named:
            if row.get("month"):
                batches[row["month"]].add(row["batch_id"])
        return Found(
            identity=identity,
            arrivals=frozenset(row["arrival_id"] for row in rows),
            raw_keys=_raw_keys(rows) | _values(images, "raw_key"),
            provider_keys=_keys_in(rows, "provider"),
            sop_uids=_values(named, "sop_instance_uid"),
            study_uids=_values(named, "study_instance_uid"),
            series_uids=_values(named, "series_instance_uid"),
            devices=_values(images, "device_identity"),
            batches={month: frozenset(found) for month, found in batches.items()},
        )

    def others(self, identity: str) -> int:
        """Count other patients of the same Patient ID: of other issuers."""
        words = pc.unique(self.ledger.objects.all()[_IDENTITY]).to_pylist()
        ending = identity[identity.index("\x1f") :]
        return sum(
            bool(word) and word.endswith(ending) and word != identity for word in words
        )

    def _images(self, identity: str) -> list[Row]:
        """Rows of ``images`` that are his, with their month."""
        alone = pa.schema([(_IDENTITY, _WORD)])
        wanted = pa.schema([(name, pa.string()) for name in (_IDENTITY, *_IMAGE)])
        found: list[Row] = []
        for item in self.tables.files.listed(table_prefix(IMAGES.name)):
            words = read_columns(self.tables.bucket, item, alone)[_IDENTITY]
            if identity in pc.unique(words).to_pylist():
                rows = read_columns(self.tables.bucket, item, wanted)
                mine = rows.filter(pc.equal(rows[_IDENTITY], identity))
                month = month_of(item.key)
                found += [{**row, "month": month} for row in mine.to_pylist()]
        return found

    def _rows(
        self, identity: str, tombstone: Tombstone, images: list[Row]
    ) -> list[Row]:
        """Rows of both ledgers that are his: by name, by bytes, by file."""
        done = self.ledger.objects.all()
        mine = done.filter(pc.fill_null(pc.equal(done[_IDENTITY], identity), False))  # noqa: FBT003
        prints = {*mine["fingerprint"].to_pylist(), *_values(images, "fingerprint")}
        same = _among(done, "fingerprint", prints - {None})
        ids = {*mine["arrival_id"].to_pylist(), *same["arrival_id"].to_pylist()}
        ids |= tombstone.arrivals
        return [
            *_of(self.ledger.objects, ids),
            *_of(self.ledger.arrivals, ids),
        ]


def _of(table: LedgerTable, ids: set[str]) -> list[Row]:
    """Whole rows of these arrivals."""
    batches = _among(table.all(), "arrival_id", ids)["batch_id"].to_pylist()
    return [
        row
        for batch in sorted(set(batches))
        for row in _among(table.read(batch), "arrival_id", ids).to_pylist()
    ]


def _among(rows: pa.Table, column: str, values: Iterable[str]) -> pa.Table:
    wanted = pa.array(sorted(values), pa.string())
    return rows.filter(pc.is_in(rows[column], value_set=wanted))


def _values(rows: Iterable[Row], name: str) -> frozenset[str]:
    return frozenset(row[name] for row in rows if row.get(name))


def _keys_in(rows: Iterable[Row], source: str) -> frozenset[str]:
    mine = (row["source_key"] for row in rows if row["source"] == source)
    return frozenset(key for key in mine if key)


def _raw_keys(rows: Iterable[Row]) -> frozenset[str]:
    """Where his files lie in the raw bucket: filed, found there, or set aside."""
    waiting = {
        quarantine_key(row["reason"], row["arrival_id"])
        for row in rows
        if row.get("outcome") == Outcome.QUARANTINED
    }
    filed, held = _values(rows, "raw_key"), _values(rows, "held_key")
    return filed | held | waiting | _keys_in(rows, "raw")
