"""Buckets and queues in memory that can be killed, made to forget, and looked into."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import BinaryIO

from dicom_pipeline.resources.bucket import (
    BucketError,
    ObjectGoneError,
    Page,
    StoredObject,
)
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.queue import Message
from dicom_pipeline.sources.intake import Intake
from dicom_pipeline.sources.known import Known

NOW = datetime(2026, 1, 1, tzinfo=UTC)  # every file has the same time


class KilledError(BaseException):
    """The process ends here."""


@dataclass
class Fuse:
    """Kills at the n-th write from now, before or after it takes effect."""

    left: int = 0
    after: bool = False

    def burn(self, effect: Callable[[], None]) -> None:
        """Have the effect, or not."""
        self.left -= 1
        if self.left == 0 and not self.after:
            raise KilledError
        effect()
        if self.left == 0:
            raise KilledError


@dataclass
class RawBucket:
    """The raw bucket: whole objects by key."""

    bodies: dict[str, bytes] = field(default_factory=dict)
    fuse: Fuse = field(default_factory=Fuse)

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Yield what there is, by key."""
        for key in sorted(self.bodies):
            if key.startswith(prefix):
                yield StoredObject(key, "", len(self.bodies[key]), NOW)

    def read(self, key: str) -> bytes:
        """Return one object."""
        if key not in self.bodies:
            raise ObjectGoneError("gone")
        return self.bodies[key]

    def write(self, key: str, body: bytes) -> None:
        """Put one object, whole or not at all."""
        self.fuse.burn(lambda: self.bodies.__setitem__(key, body))

    def upload(self, key: str, body: BinaryIO, part_bytes: int, metadata: dict) -> None:  # noqa: ARG002
        """Put one object from a file."""
        self.write(key, body.read())

    def delete(self, key: str) -> None:
        """Remove one object."""
        self.bodies.pop(key, None)


@dataclass
class Listing:
    """A provider bucket: pages of two, in an order that no key decides.

    Attributes:
        files: What there is: fingerprint by key.
        steady: What has been there since the listing in progress began.
        between: Called before each page, to change the bucket under the listing.
    """

    files: dict[str, str] = field(default_factory=dict)
    steady: set[tuple[str, str]] = field(default_factory=set)
    between: Callable[[], None] = lambda: None
    forgetful: bool = False

    def put(self, key: str, fingerprint: str) -> None:
        """Add or replace one file."""
        self.delete(key)
        self.files[key] = fingerprint

    def delete(self, key: str) -> None:
        """Remove one file."""
        self.steady.discard((key, self.files.pop(key, "")))

    def list_page(self, prefix: str = "", token: str = "") -> Page:
        """Return the two files after the one that ``token`` names."""
        self.between()
        if token and self.forgetful:
            self.forgetful = False
            raise BucketError("no such token")
        if not token:
            self.steady = set(self.files.items())
        keys = sorted((k for k in self.files if k.startswith(prefix)), key=_place)
        left = [key for key in keys if not token or _place(key) > token]
        page = [StoredObject(key, self.files[key], 1, NOW) for key in left[:2]]
        return Page(page, _place(left[1]) if len(left) > 2 else "")


@dataclass
class MemoryQueue:
    """Hands out every message until it is deleted; the last ones first."""

    bodies: dict[str, str] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)

    def send(self, body: str) -> None:
        """Put one message."""
        self.bodies[str(len(self.bodies) + 1)] = body

    def receive(self, wait_seconds: int, hidden_seconds: int) -> list[Message]:  # noqa: ARG002
        """Return up to three messages that are not hidden."""
        names = [name for name in self.bodies if name not in self.hidden][-3:]
        self.hidden |= set(names)
        return [Message(self.bodies[name], name) for name in names]

    def delete(self, messages: list[Message]) -> None:
        """Forget what these said; the names stay taken."""
        for message in messages:
            self.bodies[message.receipt] = '{"Records": []}'

    def show(self) -> None:
        """Let the visibility timeout pass."""
        self.hidden.clear()


def intake(raw: RawBucket, batch_size: int = 3) -> Intake:
    """Return what a new process would have: it knows nothing yet."""
    ledger = Ledger(raw)
    return Intake(ledger, Known(ledger), _name, batch_size)


def recorded(raw: RawBucket) -> Counter[tuple[str, str]]:
    """Count how often each version of each file is in a batch."""
    ledger = Ledger(raw)
    return Counter(
        (row["source_key"], row["fingerprint"])
        for batch in ledger.arrivals.batches()
        for row in ledger.arrivals.read(batch).to_pylist()
    )


def _name(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]


def _place(key: str) -> str:
    return sha256(key.encode()).hexdigest()
