"""A file that was gone when the door came, and is back, is let in after all."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicom_pipeline.dicom.reasons import IgnoredReason
from dicom_pipeline.resources.bucket import StoredObject
from dicom_pipeline.resources.ledger import Ledger, Outcome
from dicom_pipeline.sources.arrivals import Watch
from dicom_pipeline.sources.intake import PROVIDER
from tests.unit.sources.memory_store import NOW, Listing, RawBucket, intake

FILE = StoredObject("a", "x", 1, NOW)


def let_in(raw, files):
    """Do what the door does with pending batches: read each file by its ETag."""
    ledger = Ledger(raw)
    for batch in ledger.pending():
        rows = [
            row | _outcome(row, files)
            for row in ledger.arrivals.read(batch).to_pylist()
        ]
        ledger.objects.write(batch, rows)


def _outcome(row, files):
    found = files.get(row["source_key"])
    if found == row["fingerprint"]:
        return {"outcome": Outcome.LOADED}
    reason = IgnoredReason.SUPERSEDED if found else IgnoredReason.VANISHED
    return {"outcome": Outcome.IGNORED, "reason": reason}


def loaded(raw):
    """Return what was let in, by key and fingerprint."""
    rows = Ledger(raw).objects
    return [
        (row["source_key"], row["fingerprint"])
        for batch in rows.batches()
        for row in rows.read(batch).to_pylist()
        if row["outcome"] == Outcome.LOADED
    ]


CHANGES = st.tuples(st.sampled_from("abc"), st.sampled_from(["x", "y", ""]))


@settings(max_examples=30, deadline=None)
@given(
    rounds=st.lists(
        st.tuples(st.lists(CHANGES, max_size=3), st.booleans(), st.booleans()),
        max_size=6,
    )
)
def test_what_is_there_in_the_end_is_let_in_once(rounds):
    """Files come, go and come back between the look and the door."""
    raw, listing = RawBucket(), Listing()
    watch = Watch(PROVIDER, listing, "", intake(raw))
    for changes, is_new, is_let_in in rounds:
        watch = Watch(PROVIDER, listing, "", intake(raw)) if is_new else watch
        watch.scan_all()
        for key, fingerprint in changes:
            listing.put(key, fingerprint) if fingerprint else listing.delete(key)
        if is_let_in:
            let_in(raw, listing.files)
    for _ in range(2):
        watch.scan_all()
        let_in(raw, listing.files)

    found = loaded(raw)
    assert set(listing.files.items()) <= set(found)
    assert len(found) == len(set(found))
    assert watch.scan_all().found == 0
    assert Ledger(raw).balance().holds


def test_what_is_on_its_way_is_not_handed_out_again():
    """A further attempt that the door has not done yet counts as known."""
    raw, listing = RawBucket(), Listing({"a": "x"})
    watch = Watch(PROVIDER, listing, "", intake(raw))
    watch.scan_all()
    let_in(raw, {})

    again = watch.scan_all().found
    listing.put("b", "y")
    further = watch.scan_all().found
    new = Watch(PROVIDER, listing, "", intake(raw)).scan_all().found

    assert (again, further, new) == (1, 1, 0)


@pytest.mark.parametrize(("seconds", "again"), [(0, 0), (1, 1)])
def test_an_event_counts_again_only_when_it_is_a_later_one(seconds, again):
    """A second delivery of the event of a file that vanished says nothing new."""
    raw = RawBucket()
    entry = intake(raw)
    entry.hand_out(entry.unknown(PROVIDER, [FILE]))
    let_in(raw, {})
    entry.known.catch_up()
    later = replace(FILE, modified_at=NOW + timedelta(seconds=seconds))

    found = entry.hand_out(entry.unknown(PROVIDER, [later]))

    assert sum(found.values()) == again
