"""What a store tells of its objects: S3 event notifications, by way of SQS.

At least once, in any order: a message is deleted after the ledger has its arrivals, a
second delivery finds them known, and the door sees what has become of the object since.
A message that cannot be read is left to the queue, whose redrive policy moves it to the
dead-letter queue.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

from dicom_pipeline.resources.bucket import StoredObject
from dicom_pipeline.resources.ledger import Row
from dicom_pipeline.resources.queue import Message, Queue
from dicom_pipeline.sources.intake import Intake

_CREATED = "ObjectCreated"
_CREATED_BY_BRIDGE = "Object Created"
_SHORTEST_HIDDEN_SECONDS = 120

Json = dict[str, Any]


class EventError(ValueError):
    """A message is no notification of a store; never quotes it."""


@dataclass(frozen=True)
class Drained:
    """What one look at the queue brought.

    Attributes:
        batches: Names of the batches that were handed out.
        found: Files in them.
        messages: Messages that were dealt with and deleted.
        unreadable: Messages that were left to the dead-letter queue.
        error: Why the queue could not be asked; empty where it could.
    """

    batches: tuple[str, ...] = ()
    found: int = 0
    messages: int = 0
    unreadable: int = 0
    error: str = ""


@dataclass
class _Held:
    """What was received and is not recorded yet."""

    rows: dict[str, Row] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)


@dataclass(frozen=True)
class Events:
    """The queue of one bucket.

    Attributes:
        queue: Where its notifications arrive.
        intake: Where arrivals are recorded.
        source: ``provider`` or ``raw``.
        bucket_name: Notifications of other buckets are dropped.
        prefix: So are keys that do not begin with it.
        wait_seconds: How long an empty queue is asked; zero may miss a message that
            the next look finds.
    """

    queue: Queue
    intake: Intake
    source: str
    bucket_name: str
    prefix: str
    wait_seconds: int = 1
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)

    def drain(self, budget_seconds: float) -> Drained:
        """Receive until the queue is empty or the time is over.

        Messages stay hidden from others for four budgets, two minutes at least, and
        are held for one budget at most.
        """
        end = self.clock() + budget_seconds
        hidden = max(_SHORTEST_HIDDEN_SECONDS, int(4 * budget_seconds))
        held, found, messages, unreadable = _Held(), dict[str, int](), 0, 0
        if not self.intake.known.catch_up(end, self.clock):
            return Drained()
        while received := self.queue.receive(self.wait_seconds, hidden):
            unreadable += self._take(received, held)
            is_over = self.clock() >= end
            if is_over or len(held.messages) >= self.intake.batch_size:
                messages += len(held.messages)
                found |= self._record(held)
                held = _Held()
            if is_over:
                break
        messages += len(held.messages)
        found |= self._record(held)
        return Drained(tuple(found), sum(found.values()), messages, unreadable)

    def _take(self, received: list[Message], held: _Held) -> int:
        """Hold what can be read; return how many messages could not be."""
        unreadable = 0
        for message in received:
            try:
                told = list(arrivals_in(message.body, self.bucket_name, self.prefix))
            except EventError:
                unreadable += 1
                continue
            held.rows |= self.intake.unknown(self.source, told)
            held.messages.append(message)
        return unreadable

    def _record(self, held: _Held) -> dict[str, int]:
        """Record arrivals, then delete their messages: killed between, both repeat."""
        found = self.intake.hand_out(held.rows)
        self.queue.delete(held.messages)
        return found


def arrivals_in(body: str, bucket: str, prefix: str) -> Iterator[StoredObject]:
    """Yield the objects that a message says were created in ``bucket``.

    Reads S3's own notifications, those of EventBridge, and both as SNS forwards them.
    Deletions, test events and other buckets yield nothing.

    Raises:
        EventError: The message is none of these.
    """
    try:
        told = json.loads(body)
        if told.get("Type") == "Notification" and "Message" in told:
            told = json.loads(told["Message"])
        found = list(_created(told))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise EventError("no notification of a store") from None
    for name, stored in found:
        if name == bucket and stored.key.startswith(prefix):
            yield stored


def _created(told: Json) -> Iterator[tuple[str, StoredObject]]:
    if "detail-type" in told:
        if told["detail-type"] == _CREATED_BY_BRIDGE:
            yield _from_bridge(told)
    elif told.get("Event") != "s3:TestEvent":
        for record in told["Records"]:
            # Some servers spell it with the prefix that only configurations bear.
            if record["eventName"].removeprefix("s3:").startswith(_CREATED):
                yield _from_record(record)


def _from_record(record: Json) -> tuple[str, StoredObject]:
    """Read one record; its key is URL-encoded as in a form: a space is a plus."""
    bucket, told = record["s3"]["bucket"]["name"], record["s3"]["object"]
    key = unquote_plus(told["key"], errors="strict")
    return bucket, _stored(key, told["eTag"], told["size"], record["eventTime"])


def _from_bridge(told: Json) -> tuple[str, StoredObject]:
    """Read an EventBridge event; its key is as it is."""
    detail = told["detail"]["object"]
    stored = _stored(detail["key"], detail["etag"], detail["size"], told["time"])
    return told["detail"]["bucket"]["name"], stored


def _stored(key: str, tag: str, size: int, at: str) -> StoredObject:
    modified_at = datetime.fromisoformat(at)
    if modified_at.tzinfo is None or not tag or not key:
        raise ValueError
    return StoredObject(key, tag.strip('"'), int(size), modified_at)
