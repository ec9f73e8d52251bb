"""What may enter the ledger: each version of each file once, in batches.

Listing, events and inventories all end here, so it does not matter which of them tells
of a file first, nor how often.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from dicom_pipeline.layout import OWN_RAW_PREFIXES, RawKey
from dicom_pipeline.resources.bucket import StoredObject
from dicom_pipeline.resources.ledger import Ledger, Row
from dicom_pipeline.sources.known import Known

PROVIDER, RAW = "provider", "raw"

Name = Callable[[str], str]
"""A keyed hash: what may be written where a key may not."""


@dataclass(frozen=True)
class Intake:
    """Records arrivals that the ledger does not have yet.

    Attributes:
        ledger: Where arrivals are recorded.
        known: What it has already.
        name: Keyed hash that gives an arrival its id.
        batch_size: Files per batch, at most.
        lock: Held while a batch is written, so that two processes that find the same
            file do not both record it.
    """

    ledger: Ledger
    known: Known
    name: Name
    batch_size: int
    lock: AbstractContextManager[object] = field(
        default_factory=nullcontext, repr=False
    )

    def unknown(
        self,
        source: str,
        objects: Iterable[StoredObject],
        *,
        is_there: bool = False,
    ) -> dict[str, Row]:
        """Return the arrivals among ``objects`` that are not known, by their ids.

        A known one whose file was gone when the door came is among them if it is back:
        ``is_there`` says that it was seen, not told of.
        """
        rows = {row["arrival_id"]: row for row in self._rows(source, objects)}
        held = self.known.ids.hold(list(rows))
        new = []
        for row, is_held in zip(rows.values(), held, strict=True):
            if not is_held:
                new.append(row)
                continue
            seen_at = None if is_there else row["modified_at"]
            attempt = self.known.returned.attempt(row["arrival_id"], seen_at)
            if attempt:
                new.append({**row, "attempt": attempt})
        return self._not_ours(new)

    def hand_out(self, rows: dict[str, Row]) -> dict[str, int]:
        """Record what is still unknown; return the files of each batch."""
        if not rows:
            return {}
        with self.lock:
            self.known.catch_up()
            new = list(self._still_unknown(rows).values())
            cuts = range(0, len(new), self.batch_size)
            return dict(
                self._written(new[start : start + self.batch_size]) for start in cuts
            )

    def _written(self, rows: list[Row]) -> tuple[str, int]:
        batch = self.ledger.hand_out(rows)
        self.known.add(batch, rows)
        return batch, len(rows)

    def _still_unknown(self, rows: dict[str, Row]) -> dict[str, Row]:
        held = self.known.ids.hold(list(rows))
        new = [
            row
            for row, is_held in zip(rows.values(), held, strict=True)
            if not is_held or self._is_next_attempt(row)
        ]
        return self._not_ours(new)

    def _is_next_attempt(self, row: Row) -> bool:
        attempt: int = row.get("attempt", 0)
        return attempt > 0 and attempt == self.known.returned.attempt(row["arrival_id"])

    def _not_ours(self, rows: list[Row]) -> dict[str, Row]:
        """Leave out what we put into the raw bucket ourselves.

        The key of a copy quotes a fingerprint that has arrived: it was recorded before
        it was copied.
        """
        if not rows or rows[0]["source"] != RAW:
            return {row["arrival_id"]: row for row in rows}
        parsed = [RawKey.parse(row["source_key"]) for row in rows]
        held = self.known.fingerprints.hold(
            [k.fingerprint if k else "" for k in parsed]
        )
        return {
            row["arrival_id"]: row
            for row, is_held in zip(rows, held, strict=True)
            if not is_held and not row["source_key"].startswith(OWN_RAW_PREFIXES)
        }

    def _rows(self, source: str, objects: Iterable[StoredObject]) -> Iterable[Row]:
        for stored in objects:
            named = f"{source}\x1f{stored.key}\x1f{stored.fingerprint}"
            yield {
                "arrival_id": self.name(named),
                "source": source,
                "source_key": stored.key,
                "fingerprint": stored.fingerprint,
                "bytes": stored.bytes,
                "modified_at": stored.modified_at,
            }
