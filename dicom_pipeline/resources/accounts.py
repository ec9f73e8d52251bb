"""The two records of the ledger held against each other.

A file may be handed out again by a replay: of its outcomes the latest attempt counts.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dicom_pipeline.resources.arrow_sql import Kept, ask, choose
from dicom_pipeline.resources.ledger_table import LedgerTable
from dicom_pipeline.resources.outcomes import (
    IS_STORED,
    STORED,
    Balance,
    Outcome,
)

Count = tuple[str | None, str, str | None, int]
"""Month, outcome, reason, files."""

_REPEATED = "select arrival_id from objects group by all having count(*) > 1"
# Two looks at once may hand a file out twice: the copy that was stored counts.
_SUPERSEDED = f"""
    select * from repeated
    qualify row_number() over (
        partition by arrival_id
        order by coalesce(attempt, 1) desc, {IS_STORED} desc, outcome, batch_id
    ) > 1
"""  # noqa: S608  # made of the outcomes' names
_RECEIVED = "select count(distinct arrival_id) from arrivals"
_DIGESTS = """
    select batch_id, count(*), bit_xor(hash(arrival_id)) from rows group by batch_id
"""


@dataclass(frozen=True)
class Freshness:
    """Times at which stores received files; ``None`` where there is no such file.

    Attributes:
        newest_seen: Of all that were seen.
        newest_done: Of those that have an outcome.
        oldest_pending: Of those that have none.
    """

    newest_seen: datetime | None
    newest_done: datetime | None
    oldest_pending: datetime | None


@dataclass(frozen=True)
class Accounts:
    """What was seen against what became of it.

    Attributes:
        arrivals: What was seen.
        objects: What became of it.
    """

    arrivals: LedgerTable
    objects: LedgerTable
    _kept: Kept = field(default_factory=Kept, repr=False, compare=False)

    def balance(self) -> Balance:
        """Everything received, by outcome."""
        outcomes = dict.fromkeys(map(str, Outcome), 0)
        reasons: Counter[str] = Counter()
        for _, outcome, reason, files in self.counts():
            outcomes[outcome] += files
            if reason:
                reasons[f"{outcome}: {reason}"] += files
        return Balance(self.received(), outcomes, dict(sorted(reasons.items())))

    def balance_by_month(self) -> dict[str, dict[str, int]]:
        """Count per month and outcome; files without a month count under none."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for month, outcome, _, files in self.counts():
            found[month or "none"][outcome] += files
        return {month: dict(counts) for month, counts in sorted(found.items())}

    def balance_of(self, batches: Iterable[str]) -> Balance:
        """What came in with these batches, replays too, and what became of it."""
        names = pa.array(sorted(set(batches)), pa.string())
        seen, done = (
            rows.filter(pc.is_in(rows["batch_id"], value_set=names))
            for rows in (self.arrivals.all(), self.objects.all())
        )
        outcomes = Counter(done["outcome"].to_pylist())
        reasons = Counter(
            f"{outcome}: {reason}"
            for outcome, reason in zip(
                done["outcome"].to_pylist(), done["reason"].to_pylist(), strict=True
            )
            if reason
        )
        return Balance(
            seen.num_rows,
            {str(outcome): outcomes[outcome] for outcome in Outcome},
            dict(sorted(reasons.items())),
        )

    def received(self) -> int:
        """Files that were seen; a replay is none of its own."""
        rows = self.arrivals.all()
        return self._kept.of(
            "received", rows, lambda seen: int(ask(_RECEIVED, arrivals=seen)[0][0])
        )

    def counts(self) -> list[Count]:
        """Files by month, outcome and reason, each by its latest attempt."""
        total: Counter[tuple[str | None, str, str | None]] = Counter()
        for part in self._kept.each("counts", self.objects.parts(), _counted):
            total.update(part)
        total.subtract(_counted(self.superseded()))
        found = [(*key, files) for key, files in total.items() if files]
        return sorted(found, key=lambda count: tuple(map(str, count[:3])))

    def stored(self) -> dict[str, dict[str, int]]:
        """Files that were stored, by month and batch."""
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for part in self._kept.each("stored", self.objects.parts(), _stored):
            for (month, batch), files in part.items():
                found[month][batch] = files
        return {month: found[month] for month in sorted(found)}

    def freshness(self) -> Freshness:
        """How far behind the outcomes are what was seen."""
        seen, done = self.arrivals.all(), self.objects.all()
        batches = pa.array(sorted(self.objects.batches()), pa.string())
        owed = seen.filter(pc.invert(pc.is_in(seen["batch_id"], value_set=batches)))
        return Freshness(
            newest_seen=pc.max(seen["modified_at"]).as_py(),
            newest_done=pc.max(done["modified_at"]).as_py(),
            oldest_pending=pc.min(owed["modified_at"]).as_py(),
        )

    def superseded(self) -> pa.Table:
        """Outcomes that a later attempt has replaced."""
        return self._kept.of("superseded", self.objects.all(), _superseded)

    def unaccounted(self) -> int:
        """Arrivals of done batches without one outcome, or outcomes without arrival.

        Batches are compared by count and a sum of hashes, and only those that differ
        row by row: a set of 1,000,000 ids would take 100 MB.
        """
        seen, done = self.arrivals.all(), self.objects.all()
        expected, found = _digests(seen), _digests(done)
        wrong = {batch for batch in found if expected.get(batch) != found[batch]}
        if not wrong:
            return 0
        arrived, ended = _ids(seen, wrong), _ids(done, wrong)
        return sum(arrived[key] != ended[key] for key in arrived | ended)


def _counted(rows: pa.Table) -> Counter[tuple[str | None, str, str | None]]:
    return _grouped(rows, "month", "outcome", "reason")


def _stored(rows: pa.Table) -> Counter[tuple[str, str]]:
    stored = pa.array(map(str, STORED), pa.string())
    kept = rows.filter(pc.is_in(rows["outcome"], value_set=stored))
    return _grouped(kept, "month", "batch_id")


def _grouped(rows: pa.Table, *names: str) -> Counter[Any]:
    groups = rows.unify_dictionaries().group_by(list(names))
    counts = groups.aggregate([([], "count_all")]).to_pydict()
    keys = zip(*(counts[name] for name in names), strict=True)
    return Counter(dict(zip(keys, counts["count_all"], strict=True)))


def _superseded(rows: pa.Table) -> pa.Table:
    ids = [arrival for (arrival,) in ask(_REPEATED, objects=rows)]
    wanted = pa.array(ids, pa.string())
    repeated = rows.filter(pc.is_in(rows["arrival_id"], value_set=wanted))
    return choose(_SUPERSEDED, repeated=repeated)


def _digests(rows: pa.Table) -> dict[str, tuple[int, int]]:
    return {batch: (n, sum_) for batch, n, sum_ in ask(_DIGESTS, rows=rows)}


def _ids(rows: pa.Table, batches: Iterable[str]) -> Counter[tuple[str, str]]:
    wanted = pa.array(sorted(batches), pa.string())
    of_these = rows.filter(pc.is_in(rows["batch_id"], value_set=wanted))
    pairs = zip(
        of_these["batch_id"].to_pylist(),
        of_these["arrival_id"].to_pylist(),
        strict=True,
    )
    return Counter(pairs)
