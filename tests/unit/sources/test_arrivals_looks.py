"""A look takes its time and no more, and what it has read it keeps."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

import pytest

from dicom_pipeline.resources.bucket import BucketError, Page, StoredObject
from dicom_pipeline.resources.compaction import Compaction
from dicom_pipeline.sources.arrivals import Watch
from dicom_pipeline.sources.intake import PROVIDER
from tests.unit.sources.memory_store import (
    NOW,
    Fuse,
    KilledError,
    Listing,
    RawBucket,
    intake,
    recorded,
)


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


@pytest.mark.parametrize("killed_at", [1, 2])
@pytest.mark.parametrize("after", [False, True])
def test_a_look_that_is_killed_is_repeated(killed_at, after):
    """At either of its two writes, before or after: the batch, then the place."""
    files = {str(n): "x" for n in range(5)}
    raw = RawBucket(fuse=Fuse(killed_at, after))
    with suppress(KilledError):
        Watch(PROVIDER, Listing(files), "", intake(raw), clock=_seconds()).look(3.0)
    watch = Watch(PROVIDER, Listing(files), "", intake(raw), clock=_seconds())

    while not watch.look(3.0).complete:
        pass

    assert recorded(raw) == Counter(files.items())


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


def _seconds():
    """Return a clock that goes on by one each time it is read."""
    seconds = count()
    return lambda: float(next(seconds))
