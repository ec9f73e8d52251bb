"""What is new in a bucket: told by a queue, found by a listing that never stalls.

The ledger decides what is new, by the keyed hash of key and fingerprint. Times and
listing order decide nothing, so files that are changed, deleted, equal in time or
listed out of order are neither skipped nor do they stop the scan.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from dicom_pipeline.resources.bucket import Bucket, BucketError, Page
from dicom_pipeline.resources.ledger import Row
from dicom_pipeline.resources.queue import QueueError
from dicom_pipeline.resources.tables import State
from dicom_pipeline.sources.events import Drained, Events
from dicom_pipeline.sources.intake import Intake

_NOTHING = Drained()
_BUSY = frozenset(
    {
        *("500", "502", "503", "504", "InternalError", "RequestTimeout"),
        *("ServiceUnavailable", "SlowDown", "Throttling", "TooManyRequests"),
        *("ConnectionClosedError", "ConnectTimeoutError", "EndpointConnectionError"),
        "ReadTimeoutError",
    }
)
"""Failures that say nothing of the token: the same page is asked for again later."""


@dataclass(frozen=True)
class Scan:
    """What one look at a bucket found.

    Attributes:
        batches: Names of the batches that were handed out.
        found: Files in them.
        pages: Pages of the listing that were read.
        complete: Whether the end of the listing was reached.
        drained: What the queue told.
    """

    batches: tuple[str, ...] = ()
    found: int = 0
    pages: int = 0
    complete: bool = False
    drained: Drained = _NOTHING


@dataclass(frozen=True)
class Watch:
    """One bucket that files arrive in, and where its listing was left.

    Attributes:
        source: ``provider`` or ``raw``.
        bucket: The bucket that is listed.
        prefix: Only keys below it are looked at.
        intake: Where arrivals are recorded.
        events: The queue that tells of arrivals, where there is one.
        pause_seconds: Time between the end of one listing and the next.
    """

    source: str
    bucket: Bucket
    prefix: str
    intake: Intake
    events: Events | None = None
    pause_seconds: float = 0.0
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    wall: Callable[[], float] = field(default=time.time, repr=False)

    def look(self, budget_seconds: float) -> Scan:
        """Ask the queue, then go on with the listing if it is due.

        Half of the time is for the queue while a listing is due, so that neither
        keeps the other from its end.
        """
        end, is_due = self.clock() + budget_seconds, self._is_due()
        share = budget_seconds / 2 if is_due else budget_seconds
        drained = self._drained(share)
        if not is_due:
            return Scan(drained=drained)
        return replace(self.scan(end - self.clock()), drained=drained)

    def _drained(self, budget_seconds: float) -> Drained:
        try:
            return self.events.drain(budget_seconds) if self.events else _NOTHING
        except QueueError as error:  # the listing must not stop with the queue
            return Drained(error=str(error))

    def scan(self, budget_seconds: float) -> Scan:
        """List from where the last look ended, for ``budget_seconds`` at most.

        At least one page is read, so a small budget only means more looks. What is
        found is recorded before the position moves: a look that is killed is
        repeated, and the ids keep the repetition from counting twice.

        Time: the budget and one request. Memory: one batch and one page.
        """
        end = self.clock() + budget_seconds
        if not self.intake.known.catch_up(end, self.clock):
            return Scan()
        found, rows = dict[str, int](), dict[str, Row]()
        pages, token = 0, self._position()
        while True:
            page = self._page_or_keep(token, rows)
            rows |= self.intake.unknown(self.source, page.objects, is_there=True)
            found |= self._hand_out_whole_batches(rows)
            pages, token = pages + 1, page.token
            if not token or self.clock() >= end:
                break
        found |= self._keep(token, rows)
        return Scan(tuple(found), sum(found.values()), pages, complete=not token)

    def scan_all(self) -> Scan:
        """List the whole bucket once, from its beginning."""
        self._move_to("")
        return self.scan(float("inf"))

    def rest(self) -> None:
        """Let the next listing wait its pause: the bucket was read by other means."""
        self._state.put(self._fact, {"token": "", "ended_at": self.wall()})

    def _hand_out_whole_batches(self, rows: dict[str, Row]) -> dict[str, int]:
        whole = len(rows) - len(rows) % self.intake.batch_size
        return self.intake.hand_out(dict(rows.popitem() for _ in range(whole)))

    def _page_or_keep(self, token: str, rows: dict[str, Row]) -> Page:
        """Return a page; where the store fails, what was read is not read again."""
        try:
            return self._page(token)
        except BucketError:
            if token:
                self._keep(token, rows)
            raise

    def _keep(self, token: str, rows: dict[str, Row]) -> dict[str, int]:
        """Record what was found, then move: in this order nothing is lost."""
        found = self.intake.hand_out(rows)
        self._move_to(token)
        return found

    def _page(self, token: str) -> Page:
        try:
            return self.bucket.list_page(self.prefix, token)
        except BucketError as error:
            if not token or error.code in _BUSY:
                raise
            return self.bucket.list_page(self.prefix)  # the store forgot the token

    # The token may spell a key, so it is kept in the raw zone, never in a cursor.
    def _position(self) -> str:
        return str(self._state.get(self._fact).get("token", ""))

    def _move_to(self, token: str) -> None:
        if not token and self.pause_seconds:
            self.rest()
        elif token != self._position():
            self._state.put(self._fact, {"token": token})

    def _is_due(self) -> bool:
        left = self._state.get(self._fact)
        waited = self.wall() - float(left.get("ended_at", 0.0))
        return bool(left.get("token")) or waited >= self.pause_seconds

    @property
    def _state(self) -> State:
        return State(self.intake.ledger.bucket)

    @property
    def _fact(self) -> str:
        return f"scan-{self.source}"
