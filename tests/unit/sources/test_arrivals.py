"""A listing that is added to, changed and emptied meanwhile loses nothing."""

import json
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from urllib.parse import quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicom_pipeline.resources.bucket import BucketError, Page, StoredObject
from dicom_pipeline.resources.compaction import Compaction
from dicom_pipeline.sources.arrivals import Watch
from dicom_pipeline.sources.events import Events
from dicom_pipeline.sources.intake import PROVIDER, RAW
from tests.unit.sources.memory_store import (
    NOW,
    Fuse,
    KilledError,
    Listing,
    MemoryQueue,
    RawBucket,
    intake,
    recorded,
)

KEYS = st.sampled_from(["a", "b", "b c", "b+c", "é/1", "p/2", "p/3", "p/4", "%41"])
CHANGES = st.tuples(KEYS, st.sampled_from([*"xyz", ""]))
"""A file that is put with a fingerprint, or deleted where there is none."""


@dataclass(frozen=True)
class Tick:
    """One look, and everything that goes on at the same time.

    Attributes:
        pages: After how many pages its time is over.
        meanwhile: What changes before each page.
        told: How often the notification of each change is delivered.
        killed_at: The write at which the process is killed; zero for none.
    """

    pages: int
    meanwhile: list[list[tuple[str, str]]]
    told: int
    killed_at: int
    after: bool
    forgetful: bool


TICKS = st.builds(
    Tick,
    pages=st.integers(1, 4),
    meanwhile=st.lists(st.lists(CHANGES, max_size=3), max_size=4),
    told=st.sampled_from([0, 1, 2]),
    killed_at=st.sampled_from([0, 0, 1, 2, 3]),
    after=st.booleans(),
    forgetful=st.booleans(),
)


@dataclass
class World:
    """A provider bucket with a queue, and what the pipeline has made of it."""

    listing: Listing = field(default_factory=Listing)
    queue: MemoryQueue = field(default_factory=MemoryQueue)
    raw: RawBucket = field(default_factory=RawBucket)
    ever: set[tuple[str, str]] = field(default_factory=set)

    def start(self) -> Watch:
        """Return what a new process would have."""
        entry = intake(self.raw)
        events = Events(self.queue, entry, PROVIDER, "provider", "", clock=lambda: 0.0)
        seconds = count()
        return Watch(
            PROVIDER,
            self.listing,
            "",
            entry,
            events,
            clock=lambda: float(next(seconds)),
        )

    def change(self, key: str, fingerprint: str, told: int) -> None:
        """Change one file; its notification comes so often."""
        if not fingerprint:
            self.listing.delete(key)
            return
        self.listing.put(key, fingerprint)
        self.ever.add((key, fingerprint))
        for _ in range(told):
            self.queue.send(notification(key, fingerprint))

    def live(self, watch: Watch, tick: Tick) -> Watch:
        """Let one tick pass; return the process that is left."""
        changes = iter(tick.meanwhile)
        self.listing.between = lambda: (
            [self.change(*each, tick.told) for each in next(changes, [])] and None
        )
        self.listing.forgetful = tick.forgetful
        self.raw.fuse = Fuse(tick.killed_at, tick.after)
        self.queue.show()
        before = set(self.listing.steady)
        try:
            # The clock is read once per page, and twice before the first.
            complete = watch.look(tick.pages + 2).complete
        except KilledError:
            # A listing begun again may be lost with it: the one before goes on.
            self.listing.steady &= before
            return self.start()
        if complete:
            assert self.listing.steady <= set(recorded(self.raw))
        return watch


@settings(max_examples=120, deadline=None)
@given(ticks=st.lists(TICKS, max_size=8))
def test_what_stays_for_one_listing_is_recorded_once(ticks):
    """Keys come, change and go under the scan, ticks are killed, tokens are lost."""
    world = World()
    watch = world.start()
    for tick in ticks:
        watch = world.live(watch, tick)
    world.raw.fuse, world.listing.between = Fuse(), lambda: None
    watch.scan_all()

    found = recorded(world.raw)
    assert set(found.values()) <= {1}
    assert set(world.listing.files.items()) <= set(found) <= world.ever
    assert watch.scan_all().found == 0


@settings(max_examples=60, deadline=None)
@given(
    changes=st.lists(CHANGES, max_size=12),
    told=st.sampled_from([1, 2, 3]),
    killed_at=st.integers(0, 3),
    after=st.booleans(),
)
def test_what_the_queue_tells_needs_no_listing(changes, told, killed_at, after):
    """Every version is recorded once, killed or not, in whatever order it is told."""
    world = World(raw=RawBucket(fuse=Fuse(killed_at, after)))
    for key, fingerprint in changes:
        world.change(key, fingerprint, told)
    with suppress(KilledError):
        world.start().events.drain(100)
    world.queue.show()
    watch = world.start()

    watch.events.drain(100)

    assert recorded(world.raw) == Counter(world.ever)
    assert watch.scan_all().found == 0


def test_two_processes_that_find_the_same_file_record_it_once():
    """What another has written meanwhile is looked up while the lock is held."""
    raw, files = RawBucket(), [StoredObject("k", "f", 1, NOW)]
    one, other = intake(raw), intake(raw)
    seen = one.unknown(PROVIDER, files)

    other.hand_out(other.unknown(PROVIDER, files))

    assert one.hand_out(seen) == {}


@dataclass
class Endless:
    """A bucket of ``size`` keys in pages of 1,000; each page takes a tenth second."""

    size: int
    now: float = 0.0
    calls: int = 0

    def list_page(self, prefix: str = "", token: str = "") -> Page:  # noqa: ARG002
        """Return the page that begins at ``token``."""
        self.now, self.calls = self.now + 0.1, self.calls + 1
        start = int(token or 0)
        end = min(start + 1_000, self.size)
        files = [StoredObject(f"k{n}", f"{n:x}", 1, NOW) for n in range(start, end)]
        return Page(files, str(end) if end < self.size else "")


@dataclass
class Busy(Endless):
    """The same, but the store is busy when it is asked for the fourth page first."""

    asked: list[str] = field(default_factory=list)

    def list_page(self, prefix: str = "", token: str = "") -> Page:
        """Return a page, or fail."""
        self.asked.append(token)
        if self.asked.count("3000") == 1 and token == "3000":
            raise BucketError("list failed: SlowDown", "SlowDown")
        return super().list_page(prefix, token)


def test_no_look_exceeds_its_budget_whatever_the_bucket():
    """A bucket of many pages takes many looks; each is a page over at most."""
    bucket, raw = Endless(40_000), RawBucket()
    watch = Watch(PROVIDER, bucket, "", intake(raw, 2_000), clock=lambda: bucket.now)

    looks, took = [], []
    while not (looks and looks[-1].complete):
        began = bucket.now
        looks.append(watch.look(0.5))
        took.append(bucket.now - began)

    assert max(took) < 0.5 + 0.15
    assert sum(look.found for look in looks) == 40_000
    assert bucket.calls == 40


def test_a_store_that_is_busy_is_asked_for_the_same_page_again():
    """What was read before is recorded, and not read again."""
    raw, bucket = RawBucket(), Busy(5_000)
    watch = Watch(PROVIDER, bucket, "", intake(raw, 2_000))

    with pytest.raises(BucketError):
        watch.look(9.0)

    assert sum(recorded(raw).values()) == 3_000
    assert watch.look(9.0).found == 2_000
    assert bucket.asked == ["", "1000", "2000", "3000", "3000", "4000"]


def test_a_new_process_reads_a_long_ledger_over_several_looks():
    """What it has read is kept, and nothing is listed before it knows the ledger."""
    raw = RawBucket()
    Watch(PROVIDER, Endless(4_000), "", intake(raw, 50)).scan_all()
    bucket = Endless(4_000)
    again = Watch(PROVIDER, bucket, "", intake(raw, 50), clock=_seconds())

    looks = [again.look(3.0) for _ in range(4)]

    assert [look.pages for look in looks[:2]] == [0, 0]
    assert looks[-1].pages
    assert sum(look.found for look in looks) == 0


def test_compacting_the_ledger_brings_nothing_back():
    """Neither for the process that wrote it nor for one that reads it later."""
    raw = RawBucket()
    watch = Watch(PROVIDER, Endless(40), "", intake(raw, 3))
    watch.scan_all()

    done = Compaction(raw, NOW + timedelta(days=1)).compact()

    assert (done.before, done.after) == (14, 1)
    assert watch.scan_all().found == 0
    assert Watch(PROVIDER, Endless(41), "", intake(raw, 3)).scan_all().found == 1


def test_with_a_queue_the_bucket_is_listed_rarely():
    """A listing that has ended rests; one in progress goes on."""
    bucket, hour = Endless(2_500), 3_600.0
    watch = Watch(
        PROVIDER,
        bucket,
        "",
        intake(RawBucket()),
        pause_seconds=hour,
        clock=lambda: bucket.now,
        wall=lambda: hour + bucket.now,
    )

    pages = [watch.look(0.15).pages for _ in range(4)]
    bucket.now += hour
    pages.append(watch.look(9.0).pages)

    assert pages == [2, 1, 0, 0, 3]


def test_what_the_door_filed_is_not_an_arrival():
    """Our own copies in the raw bucket are known by the fingerprint in their key."""
    raw = RawBucket()
    Watch(PROVIDER, Listing({"a": "f1"}), "", intake(raw)).scan_all()
    ours = "dicom/month=2024-01/1.2/1.3/1.4/f1.dcm"
    theirs = {"dicom/month=2024-01/1.2/1.3/1.4/f2.dcm": "f2", "incoming/b": "f3"}
    tables = {"tables/arrivals/batch=1.parquet": "f4"}

    listing = Listing({ours: "f1", **theirs, **tables})
    found = Watch(RAW, listing, "", intake(raw)).scan_all()

    assert found.found == 2


def _seconds():
    """Return a clock that goes on by one each time it is read."""
    seconds = count()
    return lambda: float(next(seconds))


def notification(key: str, fingerprint: str) -> str:
    """Spell a notification as S3 does: the key as in a form."""
    told = {
        "eventName": "ObjectCreated:Put",
        "eventTime": NOW.isoformat(),
        "s3": {
            "bucket": {"name": "provider"},
            "object": {"key": quote_plus(key), "size": 1, "eTag": fingerprint},
        },
    }
    return json.dumps({"Records": [told]})
