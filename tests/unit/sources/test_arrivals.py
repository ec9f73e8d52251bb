"""A listing that is added to, changed and emptied meanwhile loses nothing."""

import json
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import quote_plus

from hypothesis import given, settings
from hypothesis import strategies as st

from dicom_pipeline.resources.bucket import StoredObject
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
