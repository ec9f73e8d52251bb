"""What the raw tables know of each patient: since when, born when, listed how.

Headers are read for two elements alone: the stored texts are searched for their tags,
and only those that have one are parsed. Of a corrected instance the newest version
counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc

from dicom_pipeline.catalog import IMAGES, PATIENTS, Table
from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.deid.other_ids import TAGS, other_ids
from dicom_pipeline.deid.person_facts import OtherId, Patient
from dicom_pipeline.dicom.identity import (
    SEPARATOR,
    is_named,
    normalised,
    patient_identity,
)
from dicom_pipeline.dicom.json_text import json_of
from dicom_pipeline.dicom.outcome import Json, first_text
from dicom_pipeline.layout import table_prefix
from dicom_pipeline.resources.batches import steady
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.parquet_files import read_columns, row_groups
from dicom_pipeline.resources.tables import RawTables

_IDENTITY = "patient_identity"
_SEEN = ("patient_identity", "modified_at")
_DESCRIBED = ("issuer_of_patient_id", "provider", "patient_birth_date")
_VERSION = ("sop_instance_uid", "fingerprint", "batch_id")
_READ = (*_VERSION, "study_instance_uid", "provider", "header")


@dataclass
class _Known:
    """What is known of one patient so far."""

    first_seen: datetime
    namespaces: set[str] = field(default_factory=set)
    others: set[OtherId] = field(default_factory=set)
    birth_dates: set[date] = field(default_factory=set)


@dataclass(frozen=True)
class PersonEvidence:
    """Reads the raw tables of one bucket.

    Attributes:
        tables: Of the raw bucket.
        ledger: Knows the newest version of each instance.
    """

    tables: RawTables
    ledger: Ledger

    def patients(self) -> list[Patient]:
        """Return every patient of the raw zone; compaction may run meanwhile."""
        return steady(self._patients)

    def _patients(self) -> list[Patient]:
        known: dict[str, _Known] = {}
        for table in (IMAGES, PATIENTS):
            for rows in self._files(table, _SEEN):
                _see(known, rows)
        for rows in self._files(PATIENTS, (_IDENTITY, *_DESCRIBED)):
            _describe(known, rows)
        for identity, listed in self._listed():
            if identity in known:
                known[identity].others |= listed
        return [_patient(identity, found) for identity, found in known.items()]

    def identities(self) -> set[str]:
        """Return who there is; no header is read for that."""
        found: set[str] = set()
        for rows in self._files(PATIENTS, (_IDENTITY,)):
            found.update(filter(None, pc.unique(rows[_IDENTITY]).to_pylist()))
        return found

    def _files(self, table: Table, names: tuple[str, ...]) -> Iterator[pa.Table]:
        for item in self.tables.files.listed(table_prefix(table.name)):
            yield read_columns(self.tables.bucket, item, _schema(table, names))

    def _listed(self) -> Iterator[tuple[str, frozenset[OtherId]]]:
        """Other ids of the newest headers, with whose they are."""
        for item in self.tables.files.listed(table_prefix(HEADERS.name)):
            found = [
                (tuple(map(row.get, _VERSION)), *_others_of(row))
                for rows in row_groups(
                    self.tables.bucket, item, _schema(HEADERS, _READ)
                )
                for row in rows.filter(_has_others(rows["header"])).to_pylist()
            ]
            newest = self.ledger.newest(version[0] for version, _, _ in found)
            for version, identity, listed in found:
                if version in newest:
                    yield identity, listed


def _others_of(row: Json) -> tuple[str, frozenset[OtherId]]:
    header = json_of(row["header"])
    identity = patient_identity(
        first_text(header, "00100021"),
        row["provider"] or "",
        first_text(header, "00100020"),
        row["study_instance_uid"] or "",
    )
    return identity, other_ids(header)


def _has_others(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Which headers may list other ids: the tag may also stand deeper, or in a text."""
    first, second = (pc.match_substring(texts, f'"{tag}"') for tag in TAGS)
    return pc.or_(first, second)


def _see(known: dict[str, _Known], rows: pa.Table) -> None:
    ages = rows.group_by(_IDENTITY).aggregate([("modified_at", "min")])
    for row in ages.to_pylist():
        identity, seen = row[_IDENTITY], row["modified_at_min"]
        if identity and seen:
            found = known.setdefault(identity, _Known(seen))
            found.first_seen = min(found.first_seen, seen)


def _describe(known: dict[str, _Known], rows: pa.Table) -> None:
    names = [_IDENTITY, *_DESCRIBED]
    for row in rows.group_by(names).aggregate([]).to_pylist():
        found = known.get(row[_IDENTITY])
        if found is None:
            continue
        namespace = normalised(row["issuer_of_patient_id"])
        found.namespaces.add(namespace or normalised(row["provider"]))
        if row["patient_birth_date"]:
            found.birth_dates.add(row["patient_birth_date"])


def _patient(identity: str, found: _Known) -> Patient:
    own = {identity.partition(SEPARATOR)[0]} if is_named(identity) else set()
    return Patient(
        identity,
        found.first_seen,
        frozenset(own or found.namespaces),
        frozenset(found.others),
        frozenset(found.birth_dates),
    )


def _schema(table: Table, names: tuple[str, ...]) -> pa.Schema:
    return pa.schema([(name, table.column(name).type) for name in names])
