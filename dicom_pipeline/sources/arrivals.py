"""What is new in a bucket: a paged listing that never forgets and never stalls.

The ledger decides what is new, by the keyed hash of key and fingerprint. Times and
listing order decide nothing, so files that are changed, deleted, equal in time or
listed out of order are neither skipped nor do they stop the scan.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from dicom_pipeline.layout import OWN_RAW_PREFIXES, RawKey
from dicom_pipeline.resources.bucket import Bucket, BucketError, Page, StoredObject
from dicom_pipeline.resources.ledger import Ledger, Row
from dicom_pipeline.resources.tables import State

PROVIDER, RAW = "provider", "raw"

Name = Callable[[str], str]
"""A keyed hash: what may be written where a key may not."""


@dataclass(frozen=True)
class Scan:
    """What one look at a bucket found.

    Attributes:
        batches: Names of the batches that were handed out.
        found: Files in them.
        pages: Pages of the listing that were read.
        complete: Whether the end of the listing was reached.
    """

    batches: tuple[str, ...]
    found: int
    pages: int
    complete: bool


@dataclass(frozen=True)
class Watch:
    """One bucket that files arrive in, and where its listing was left.

    Attributes:
        source: ``provider`` or ``raw``.
        bucket: The bucket that is listed.
        prefix: Only keys below it are looked at.
        ledger: Where arrivals are recorded.
        name: Keyed hash that gives an arrival its id.
        batch_size: Files per batch, at most.
    """

    source: str
    bucket: Bucket
    prefix: str
    ledger: Ledger
    name: Name
    batch_size: int
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)

    def scan(self, budget_seconds: float) -> Scan:
        """List from where the last look ended, for ``budget_seconds`` at most.

        At least one page is read, so a small budget only means more looks. What is
        found is recorded before the position moves: a look that is killed is
        repeated, and the ids keep the repetition from counting twice.
        """
        end = self.clock() + budget_seconds
        new, pages, token = _Unseen(self), 0, self._position()
        while True:
            page = self._page(token)
            new.take(page.objects)
            pages, token = pages + 1, page.token
            if not token or self.clock() >= end:
                break
        batches = self._hand_out(list(new.rows.values()))
        self._move_to(token)
        return Scan(tuple(batches), len(new.rows), pages, complete=not token)

    def scan_all(self) -> Scan:
        """List the whole bucket once, from its beginning."""
        self._move_to("")
        return self.scan(float("inf"))

    def _page(self, token: str) -> Page:
        try:
            return self.bucket.list_page(self.prefix, token)
        except BucketError:
            if not token:
                raise
            return self.bucket.list_page(self.prefix)  # the store forgot the token

    def _hand_out(self, rows: list[Row]) -> list[str]:
        cuts = range(0, len(rows), self.batch_size)
        return [
            self.ledger.hand_out(rows[start : start + self.batch_size])
            for start in cuts
        ]

    # The token may spell a key, so it is kept in the raw zone, never in a cursor.
    def _position(self) -> str:
        return str(self._state.get(self._fact).get("token", ""))

    def _move_to(self, token: str) -> None:
        if token != self._position():
            self._state.put(self._fact, {"token": token})

    @property
    def _state(self) -> State:
        return State(self.ledger.bucket)

    @property
    def _fact(self) -> str:
        return f"scan-{self.source}"


class _Unseen:
    """The objects of a listing that the ledger does not know."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        known = watch.ledger.arrivals.all()
        self._ids = set(known["arrival_id"].to_pylist())
        self._fingerprints = set(known["fingerprint"].to_pylist())
        self.rows: dict[str, Row] = {}

    def take(self, objects: list[StoredObject]) -> None:
        """Keep what is new."""
        for stored in objects:
            if self._watch.source == RAW and self._ours(stored.key):
                continue
            row = self._row(stored)
            if row["arrival_id"] not in self._ids:
                self.rows[row["arrival_id"]] = row

    def _ours(self, key: str) -> bool:
        """Whether we put it there: its key quotes a fingerprint that has arrived."""
        raw_key = RawKey.parse(key)
        if raw_key is not None:
            return raw_key.fingerprint in self._fingerprints
        return key.startswith(OWN_RAW_PREFIXES)

    def _row(self, stored: StoredObject) -> Row:
        named = f"{self._watch.source}\x1f{stored.key}\x1f{stored.fingerprint}"
        return {
            "arrival_id": self._watch.name(named),
            "source": self._watch.source,
            "source_key": stored.key,
            "fingerprint": stored.fingerprint,
            "bytes": stored.bytes,
            "modified_at": stored.modified_at,
        }
