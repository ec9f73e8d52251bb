"""The ledger: what was seen, what became of it, and what is still owed.

Two records that are written apart, so that they can be held against each other:
``arrivals`` when a listing shows a file, ``objects`` when its batch is done, last of
all. A batch without its ``objects`` is invisible and is done again.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from dicom_pipeline.catalog.objects import ARRIVALS, OBJECTS
from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.tables import LedgerTable

Row = dict[str, Any]


class Outcome(StrEnum):
    """What became of an arrival; each has exactly one."""

    LOADED = "loaded"  # first version of its SOP instance
    IDENTICAL = "identical"  # the same bytes are in the raw bucket already
    NEW_VERSION = "new_version"  # other bytes under a known SOP Instance UID
    QUARANTINED = "quarantined"  # refused, with a reason; can be replayed
    IGNORED = "ignored"  # not meant to be loaded, with a reason


STORED = (Outcome.LOADED, Outcome.NEW_VERSION)


@dataclass(frozen=True)
class Balance:
    """What came in and what became of it.

    Attributes:
        received: Files that a listing has shown.
        outcomes: Count per outcome.
        reasons: Count per ``outcome: reason``.
    """

    received: int
    outcomes: dict[str, int]
    reasons: dict[str, int]

    @property
    def pending(self) -> int:
        """Files seen whose batch is not done yet."""
        return self.received - sum(self.outcomes.values())

    @property
    def holds(self) -> bool:
        """Whether everything received has its outcome."""
        return self.pending == 0


@dataclass(frozen=True)
class Ledger:
    """Both records of one raw bucket."""

    bucket: Bucket

    @cached_property
    def arrivals(self) -> LedgerTable:
        """What was seen."""
        used = ("arrival_id", "fingerprint", "batch_id")
        return LedgerTable(self.bucket, ARRIVALS, used)

    @cached_property
    def objects(self) -> LedgerTable:
        """What became of it."""
        used = (
            *("arrival_id", "outcome", "reason", "month", "raw_key"),
            "sop_instance_uid",
            *("modified_at", "fingerprint", "batch_id"),
        )
        return LedgerTable(self.bucket, OBJECTS, used)

    def seen(self) -> set[str]:
        """Ids of every arrival so far."""
        return set(self.arrivals.all()["arrival_id"].to_pylist())

    def pending(self) -> list[str]:
        """Batches that were handed out and are not done, in a stable order."""
        return sorted(self.arrivals.batches() - self.objects.batches())

    def hand_out(self, arrivals: list[Row]) -> str:
        """Record arrivals as one batch and return its name."""
        batch = batch_name(row["arrival_id"] for row in arrivals)
        rows = [{**row, "batch_id": batch} for row in arrivals]
        self.arrivals.write(batch, rows)
        return batch

    def raw_keys_by_sop(self, sop_uids: Iterable[str]) -> dict[str, set[str]]:
        """Raw keys of the stored versions of each of these SOP instances."""
        wanted, found = set(sop_uids), defaultdict(set)
        for row in self._stored():
            if row["sop_instance_uid"] in wanted:
                found[row["sop_instance_uid"]].add(row["raw_key"])
        return dict(found)

    def batches_by_month(self) -> dict[str, list[str]]:
        """Batches that stored something in each month, sorted."""
        found: dict[str, set[str]] = defaultdict(set)
        for row in self._stored():
            found[row["month"]].add(row["batch_id"])
        return {month: sorted(batches) for month, batches in sorted(found.items())}

    def batches_that_touch(self) -> dict[str, list[str]]:
        """Batches that change what each month shows, sorted.

        Beside its own, those that stored a newer version of one of its instances
        under another month: a corrected study date moves an instance.
        """
        months: dict[str, set[str]] = defaultdict(set)
        batches: dict[str, set[str]] = defaultdict(set)
        moved = {
            row["sop_instance_uid"]
            for row in self._stored()
            if row["outcome"] == Outcome.NEW_VERSION
        }
        found: dict[str, set[str]] = defaultdict(set)
        for row in self._stored():
            found[row["month"]].add(row["batch_id"])
            if row["sop_instance_uid"] in moved:
                months[row["sop_instance_uid"]].add(row["month"])
                batches[row["sop_instance_uid"]].add(row["batch_id"])
        for sop, its_months in months.items():
            for month in its_months:
                found[month] |= batches[sop]
        return {month: sorted(touching) for month, touching in sorted(found.items())}

    def current_keys(self, sop_uids: Iterable[str]) -> set[str]:
        """Raw keys of the newest version of each of these SOP instances.

        Newest is the last by (time of arrival, fingerprint), in whatever month.
        """
        wanted = set(sop_uids)
        newest: dict[str, Row] = {}
        for row in self._stored():
            sop = row["sop_instance_uid"]
            if sop in wanted and _age(row) >= _age(newest.get(sop, row)):
                newest[sop] = row
        return {row["raw_key"] for row in newest.values()}

    def instances(self) -> int:
        """SOP instances that lie in the raw bucket, whatever their versions."""
        return len({row["sop_instance_uid"] for row in self._stored()})

    def _stored(self) -> list[Row]:
        """Rows of the objects that lie in the raw bucket."""
        everything = self.objects.all()
        return [row for row in everything.to_pylist() if row["outcome"] in STORED]

    def balance(self) -> Balance:
        """Hold the two records against each other."""
        rows = self.objects.all().select(["outcome", "reason"]).to_pylist()
        outcomes = Counter(row["outcome"] for row in rows)
        reasons = Counter(
            f"{row['outcome']}: {row['reason']}" for row in rows if row["reason"]
        )
        return Balance(
            received=len(self.seen()),
            outcomes={outcome: outcomes[outcome] for outcome in Outcome},
            reasons=dict(sorted(reasons.items())),
        )

    def unaccounted(self) -> int:
        """Arrivals of finished batches that have no outcome, or more than one."""
        outcomes = Counter(self.objects.all()["arrival_id"].to_pylist())
        done = self.objects.batches()
        rows = self.arrivals.all().select(["arrival_id", "batch_id"]).to_pylist()
        expected = [row["arrival_id"] for row in rows if row["batch_id"] in done]
        return sum(outcomes[arrival] != 1 for arrival in expected)

    def balance_by_month(self) -> dict[str, dict[str, int]]:
        """Count per month and outcome; files without a month count under none."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for row in self.objects.all().select(["outcome", "month"]).to_pylist():
            found[row["month"] or "none"][row["outcome"]] += 1
        return {month: dict(counts) for month, counts in sorted(found.items())}


def _age(row: Row) -> tuple[Any, str]:
    return row["modified_at"], row["fingerprint"]


def batch_name(arrival_ids: Iterable[str]) -> str:
    """Name a batch by what is in it, so that the same files give the same batch."""
    text = "\n".join(sorted(arrival_ids))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
