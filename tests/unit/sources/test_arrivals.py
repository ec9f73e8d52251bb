"""A listing that is added to, changed and emptied meanwhile loses nothing."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from dicom_pipeline.resources.bucket import Bucket, Page, StoredObject
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.store import Store
from dicom_pipeline.sources.arrivals import PROVIDER, RAW, Watch

NOW = datetime(2026, 1, 1, tzinfo=UTC)  # every file has the same time


@dataclass
class Listing:
    """A bucket whose pages hold two keys, in an order that no key decides."""

    files: dict[str, str] = field(default_factory=dict)

    def list_page(self, prefix="", token=""):  # noqa: ARG002  # the bucket's signature
        """Return two keys from position ``token`` on."""
        start = int(token or 0)
        names = sorted(self.files, key=lambda key: key[::-1])
        page = [
            StoredObject(key, self.files[key], 1, NOW)
            for key in names[start : start + 2]
        ]
        more = start + 2 < len(names)
        return Page(page, str(start + 2) if more else "")


@pytest.fixture(scope="module")
def raw():
    """Yield an empty raw bucket in moto's memory."""
    with mock_aws():
        bucket = Bucket("raw", Store(access_key="testing", secret_key="testing"))
        bucket.create()
        yield bucket


def _watch(raw, bucket, source=PROVIDER):
    ticks = count()
    return Watch(
        source=source,
        bucket=bucket,
        prefix="",
        ledger=Ledger(raw),
        name=lambda text: text,
        batch_size=3,
        clock=lambda: float(next(ticks)),
    )


def _empty(raw):
    for item in list(raw.list()):
        raw.delete(item.key)


FILES = st.dictionaries(
    st.text("abc/", min_size=1, max_size=4), st.sampled_from("xyz"), max_size=7
)


@settings(max_examples=25, deadline=None)
@given(rounds=st.lists(FILES, min_size=1, max_size=4))
def test_every_file_that_stays_is_found_once(raw, rounds):
    """Files come, change and go between looks; after a full look none is missing."""
    _empty(raw)
    listing = Listing()
    watch = _watch(raw, listing)
    for files in rounds:
        listing.files = files
        watch.scan(0.5)  # one page

    watch.scan_all()

    seen = watch.ledger.seen()
    assert {f"provider\x1f{k}\x1f{v}" for k, v in listing.files.items()} <= seen
    assert watch.ledger.balance().received == len(seen)
    assert watch.scan_all().found == 0


def test_a_look_that_ends_early_goes_on_where_it_stopped(raw):
    """A bucket of many pages is listed over many looks, each within its budget."""
    _empty(raw)
    listing = Listing({f"{n:02}": "x" for n in range(10)})
    watch = _watch(raw, listing)

    pages = [watch.scan(0.5).pages for _ in range(5)]

    assert pages == [1] * 5
    assert len(watch.ledger.seen()) == 10


def test_what_the_door_filed_is_not_an_arrival(raw):
    """Our own copies in the raw bucket are known by the fingerprint in their key."""
    _empty(raw)
    _watch(raw, Listing({"a": "f1"})).scan_all()
    ours = "dicom/month=2024-01/1.2/1.3/1.4/f1.dcm"
    theirs = {"dicom/month=2024-01/1.2/1.3/1.4/f2.dcm": "f2", "incoming/b": "f3"}

    found = _watch(raw, Listing({ours: "f1", **theirs}), RAW).scan_all()

    assert found.found == 2
