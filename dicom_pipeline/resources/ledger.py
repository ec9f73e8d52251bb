"""The ledger: what was seen, what became of it, and what is still owed.

Two records that are written apart, so that they can be held against each other:
``arrivals`` when a listing shows a file, ``objects`` when its batch is done, last of
all. A batch without its ``objects`` is invisible and is done again. A replay is one
more arrival under the same id.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dicom_pipeline.catalog.objects import ARRIVALS, NEWEST, OBJECTS
from dicom_pipeline.resources.accounts import Accounts
from dicom_pipeline.resources.arrow_sql import Kept, ask
from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.ledger_table import LedgerTable
from dicom_pipeline.resources.outcomes import IS_STORED, STORED, Balance, Outcome

__all__ = ["NEWEST_FIRST", "STORED", "Balance", "Ledger", "Outcome", "Row", "Version"]

Row = dict[str, Any]

NEWEST_FIRST = ", ".join(f"{column} desc nulls last" for column in NEWEST)
"""``order by`` of the rule that says which version feeds the tables."""

_NEWEST = f"""
    select sop_instance_uid, fingerprint, batch_id from stored
    qualify row_number() over (
        partition by sop_instance_uid order by {NEWEST_FIRST}
    ) = 1
"""  # noqa: S608  # columns of the catalogue
_MOVED = """
    select distinct here.month, there.batch_id
    from moved as here join moved as there using (sop_instance_uid)
"""
_INSTANCES = f"""
    select count(distinct sop_instance_uid) from objects where {IS_STORED}
"""  # noqa: S608
_OWNER = ("patient_identity", "study_instance_uid", "series_instance_uid")


@dataclass(frozen=True)
class Version:
    """One stored version of a SOP instance, and what it says it is part of.

    Attributes:
        fingerprint: Of its bytes.
        owner: Patient, study and series; nulls where the ledger did not know them yet.
    """

    fingerprint: str
    owner: tuple[str | None, ...] = field(repr=False)


@dataclass(frozen=True)
class Ledger:
    """Both records of one raw bucket."""

    bucket: Bucket
    _kept: Kept = field(default_factory=Kept, repr=False, compare=False)

    @cached_property
    def arrivals(self) -> LedgerTable:
        """What was seen."""
        used = ("arrival_id", "attempt", "modified_at", "batch_id")
        return LedgerTable(self.bucket, ARRIVALS, used, words=("batch_id",))

    @cached_property
    def objects(self) -> LedgerTable:
        """What became of it."""
        words = ("outcome", "reason", "month", "reader_version", "batch_id", *_OWNER)
        rare = ("arrival_id", "attempt", "sop_instance_uid", *NEWEST[:2])
        return LedgerTable(self.bucket, OBJECTS, (*rare, *words), words=words)

    @cached_property
    def accounts(self) -> Accounts:
        """The one held against the other."""
        return Accounts(self.arrivals, self.objects)

    def seen(self) -> set[str]:
        """Ids of every arrival so far."""
        return set(self.arrivals.all()["arrival_id"].to_pylist())

    def pending(self) -> list[str]:
        """Batches that were handed out and are not done, in a stable order."""
        return sorted(self.arrivals.batches() - self.objects.batches())

    def hand_out(self, arrivals: list[Row]) -> str:
        """Record arrivals as one batch and return its name."""
        batch = batch_name(map(_named, arrivals))
        rows = [{**row, "batch_id": batch} for row in arrivals]
        self.arrivals.write(batch, rows)
        return batch

    def versions(self, sop_uids: Iterable[str]) -> dict[str, list[Version]]:
        """Stored versions of each of these SOP instances, where there are any."""
        found: dict[str, list[Version]] = defaultdict(list)
        stored = self._stored(sop_uids).sort_by("fingerprint")
        for row in stored.to_pylist():
            owner = tuple(row[name] for name in _OWNER)
            found[row["sop_instance_uid"]].append(Version(row["fingerprint"], owner))
        return dict(found)

    def newest(self, sop_uids: Iterable[str]) -> set[tuple[str, str, str]]:
        """The newest version of each of these SOP instances, in whatever month.

        Returns:
            SOP Instance UID, fingerprint and batch.
        """
        rows = ask(_NEWEST, stored=self._stored(sop_uids))
        return {(sop, fingerprint, batch) for sop, fingerprint, batch in rows}

    def batches_by_month(self) -> dict[str, list[str]]:
        """Batches that stored something in each month, sorted."""
        stored = self.accounts.stored()
        return {month: sorted(batches) for month, batches in stored.items()}

    def batches_that_touch(self) -> dict[str, list[str]]:
        """Batches that change what each month shows, sorted.

        Beside its own, those that stored a newer version of one of its instances
        under another month: a corrected study date moves an instance.
        """
        found = {month: set(own) for month, own in self.accounts.stored().items()}
        for month, batch in self._kept.of("moved", self.objects.all(), self._moved):
            found[month].add(batch)
        return {month: sorted(batches) for month, batches in found.items()}

    def instances(self) -> int:
        """SOP instances that lie in the raw bucket, whatever their versions."""
        return int(ask(_INSTANCES, objects=self.objects.all())[0][0])

    def balance(self) -> Balance:
        """Everything received, by outcome."""
        return self.accounts.balance()

    def balance_by_month(self) -> dict[str, dict[str, int]]:
        """Count per month and outcome; files without a month count under none."""
        return self.accounts.balance_by_month()

    def unaccounted(self) -> int:
        """Arrivals of done batches without one outcome, or outcomes without arrival."""
        return self.accounts.unaccounted()

    def _moved(self, _rows: pa.Table) -> list[tuple[str, str]]:
        """Months of instances of several versions, with the batches of each version."""
        further = self._kept.each("further", self.objects.parts(), _of_new_versions)
        sops = {sop for part in further for sop in part}
        if not sops:
            return []
        pairs = ask(_MOVED, moved=self._stored(sops))
        return [(month, batch) for month, batch in pairs]

    def _stored(self, sop_uids: Iterable[str]) -> pa.Table:
        rows = self.objects.all()
        wanted = pa.array(sorted(set(sop_uids)), pa.string())
        found = rows.filter(pc.is_in(rows["sop_instance_uid"], value_set=wanted))
        stored = pa.array(map(str, STORED), pa.string())
        return found.filter(pc.is_in(found["outcome"], value_set=stored))


def _of_new_versions(rows: pa.Table) -> list[str]:
    further = rows.filter(pc.equal(rows["outcome"], str(Outcome.NEW_VERSION)))
    sops: list[str] = further["sop_instance_uid"].to_pylist()
    return sops


def _named(arrival: Row) -> str:
    attempt = arrival.get("attempt") or 1
    name: str = arrival["arrival_id"]
    return name if attempt == 1 else f"{name} {attempt}"


def batch_name(arrival_ids: Iterable[str]) -> str:
    """Name a batch by what is in it, so that the same files give the same batch."""
    text = "\n".join(sorted(arrival_ids))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
