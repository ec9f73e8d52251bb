"""The files that were refused: which wait, why, and their way back to the door.

A replay hands a waiting file out again, as a further attempt of the same arrival, and
reads it from its copy in the quarantine: the provider may have deleted his. The door
does the rest, and so does whatever does pending batches, so a replay that is killed
goes on by itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from dicom_pipeline.layout import QUARANTINE_PREFIX, quarantine_key
from dicom_pipeline.resources.arrow_sql import ask
from dicom_pipeline.resources.bucket import StoredObject
from dicom_pipeline.resources.ledger import Ledger, Outcome, Row
from dicom_pipeline.sources.versions import CONFLICTS

# What has no study month is found under the month in which it came.
_WAITING = """
    select
        arrival_id, reason, coalesce(attempt, 1), batch_id, reader_version,
        coalesce(month, strftime(modified_at at time zone 'UTC', '%Y-%m'))
    from objects
    where
        outcome = 'quarantined'
        and (arrival_id, batch_id) not in (
            select (arrival_id, batch_id) from superseded
        )
    order by all
"""


@dataclass(frozen=True)
class Waiting:
    """One refused file.

    Attributes:
        arrival_id: Keyed hash; tells nothing of the file.
        reason: Why it was refused.
        attempts: How often it was read.
        batch: Where its latest attempt is in the ledger.
        reader_version: The reader that refused it.
        month: Study month; where it could not be read, the month of arrival.
    """

    arrival_id: str
    reason: str
    attempts: int
    batch: str
    reader_version: str | None
    month: str

    @property
    def key(self) -> str:
        """Where the copy lies in the raw bucket."""
        return quarantine_key(self.reason, self.arrival_id)


@dataclass(frozen=True)
class Choice:
    """Which of the waiting files; an empty word is every one."""

    reason: str = ""
    month: str = ""

    def takes(self, file: Waiting) -> bool:
        """Whether the file is one of them."""
        return self.reason in {"", file.reason} and self.month in {"", file.month}


EVERY = Choice()


@dataclass(frozen=True)
class Replay:
    """What a replay has handed out.

    Attributes:
        files: Files that go through the door once more.
        batches: Names of their batches.
        missing: Files whose copy is not in the quarantine any more.
    """

    files: int
    batches: tuple[str, ...]
    missing: int


@dataclass(frozen=True)
class Quarantine:
    """Every refused file of one raw bucket.

    Attributes:
        ledger: Knows what was refused.
        batch_size: Files per batch, at most.
        reader_version: The reader of today.
    """

    ledger: Ledger
    batch_size: int
    reader_version: str

    def waiting(self, choice: Choice = EVERY) -> list[Waiting]:
        """Refused files, by keyed id."""
        rows = ask(
            _WAITING,
            objects=self.ledger.objects.all(),
            superseded=self.ledger.accounts.superseded(),
        )
        return [file for file in (Waiting(*row) for row in rows) if choice.takes(file)]

    def outdated(self) -> int:
        """Files that a reader of another version has refused, and may be read now."""
        return sum(map(self.is_outdated, self.waiting()))

    def is_outdated(self, file: Waiting) -> bool:
        """Whether another reader has refused it; no reader solves a conflict."""
        other = file.reader_version != self.reader_version
        return other and file.reason not in CONFLICTS

    def details(self, files: list[Waiting]) -> Iterator[Row]:
        """Rows of the ledger for these files. Personal: they have keys."""
        wanted = {(file.batch, file.arrival_id) for file in files}
        for batch in sorted({batch for batch, _ in wanted}):
            for row in self.ledger.objects.read(batch).to_pylist():
                if (batch, row["arrival_id"]) in wanted:
                    yield row

    def replay(self, choice: Choice, *, accept: bool = False) -> Replay:
        """Hand the files out again; those that are handed out already, once.

        Args:
            choice: Which files.
            accept: Overrule the conflict for which a file was set aside.
        """
        owed = self._owed()
        files = [f for f in self.waiting(choice) if f.arrival_id not in owed]
        held = {item.key: item.fingerprint for item in self._held(choice.reason)}
        there = {f.arrival_id: f for f in files if f.key in held}
        rows = [
            _again(row, there[row["arrival_id"]], held, accept=accept)
            for row in self._arrivals(list(there.values()))
        ]
        cuts = range(0, len(rows), self.batch_size)
        batches = tuple(
            self.ledger.hand_out(rows[start : start + self.batch_size])
            for start in cuts
        )
        return Replay(len(rows), batches, len(files) - len(there))

    def lost(self) -> int:
        """Files that should wait and have no copy, by a listing of the quarantine."""
        held = {item.key for item in self._held("")}
        return sum(file.key not in held for file in self.waiting())

    def sweep(self) -> int:
        """Delete copies of files that wait no more or elsewhere; return how many.

        A door that was killed after its last ledger entry leaves them.
        """
        waiting = {file.key for file in self.waiting()}
        left = [item.key for item in self._held("") if item.key not in waiting]
        filed = self._filed({key.rsplit("/", 1)[1] for key in left})
        swept = [key for key in left if key.rsplit("/", 1)[1] in filed]
        for key in swept:
            self.ledger.bucket.delete(key)
        return len(swept)

    def _owed(self) -> set[str]:
        """Ids in batches that are not done."""
        rows = self.ledger.arrivals.all()
        pending = pa.array(self.ledger.pending(), pa.string())
        owed = rows.filter(pc.is_in(rows["batch_id"], value_set=pending))
        return set(owed["arrival_id"].to_pylist())

    def _held(self, reason: str) -> Iterator[StoredObject]:
        folder = f"{reason}/" if reason else ""
        return self.ledger.bucket.list(f"{QUARANTINE_PREFIX}{folder}")

    def _arrivals(self, files: list[Waiting]) -> Iterator[Row]:
        """What was seen of these files, in a stable order."""
        wanted = {(file.batch, file.arrival_id) for file in files}
        for batch in sorted({batch for batch, _ in wanted}):
            rows = self.ledger.arrivals.read(batch).sort_by("arrival_id").to_pylist()
            yield from (r for r in rows if (batch, r["arrival_id"]) in wanted)

    def _filed(self, ids: set[str]) -> set[str]:
        """Which of these have ended, in their latest attempt, anywhere but ignored."""
        rows = self.ledger.objects.all().select(["arrival_id", "attempt", "outcome"])
        wanted = pa.array(sorted(ids - self._owed()), pa.string())
        found = rows.filter(pc.is_in(rows["arrival_id"], value_set=wanted)).to_pylist()
        found.sort(key=lambda row: row["attempt"] or 1)
        latest = {row["arrival_id"]: row["outcome"] for row in found}
        return {arrival for arrival in latest if latest[arrival] != Outcome.IGNORED}


def _again(row: Row, file: Waiting, held: Mapping[str, str], *, accept: bool) -> Row:
    """Make the arrival of the next attempt."""
    return {
        **row,
        "attempt": file.attempts + 1,
        "held_key": file.key,
        "held_fingerprint": held[file.key],
        "accepts": file.reason if accept and file.reason in CONFLICTS else None,
    }
