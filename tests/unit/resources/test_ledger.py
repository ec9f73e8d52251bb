"""The ledger answers from what is stored, whichever files hold it."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dicom_pipeline.layout import ledger_key
from dicom_pipeline.resources.ledger import Ledger
from tests.unit.resources.ledgers import arrival, compact, loaded, moment, newer, record
from tests.unit.sources.memory_store import RawBucket


@pytest.fixture
def bucket():
    return RawBucket()


@pytest.fixture
def ledger(bucket):
    return Ledger(bucket)


def _told(ledger: Ledger) -> dict[str, object]:
    """Everything that the ledger is asked."""
    return {
        "balance": ledger.balance(),
        "by month": ledger.balance_by_month(),
        "batches": ledger.batches_by_month(),
        "touching": ledger.batches_that_touch(),
        "pending": ledger.pending(),
        "unaccounted": ledger.unaccounted(),
        "newest": ledger.newest(["1", "2", "3"]),
        "versions": ledger.versions(["1", "2"]),
        "instances": ledger.instances(),
        "seen": ledger.seen(),
    }


def test_a_batch_is_owed_until_its_outcomes_are_written(ledger):
    """Handed out is pending; done is in the balance."""
    owed = ledger.hand_out([arrival("a"), arrival("b")])
    before = ledger.pending(), ledger.balance().pending
    record(ledger, loaded("c", "1"))

    assert before == ([owed], 2)
    assert ledger.pending() == [owed]
    assert ledger.balance().received == 3
    assert ledger.balance().outcomes["loaded"] == 1
    assert not ledger.balance().holds


@pytest.mark.parametrize("delete", [True, False], ids=["done", "killed before delete"])
def test_compaction_changes_no_answer(bucket, ledger, delete):
    """Neither where old files are gone, nor where rows are in two files."""
    one = record(ledger, loaded("a", "1"), loaded("b", "2", month="2024-02"))
    two = record(ledger, newer("c", "1", month="2024-03", modified_at=moment(5)))
    record(ledger, (arrival("d"), "quarantined", {"reason": "empty"}))
    before, rows = _told(ledger), ledger.objects.read(one)

    for table in (ledger.arrivals, ledger.objects):
        compact(bucket, table, one, two, delete=delete)

    assert _told(ledger) == before == _told(Ledger(bucket))
    assert ledger.objects.read(one).equals(rows)
    assert Ledger(bucket).objects.batches() == ledger.arrivals.batches()


def test_what_another_process_writes_is_seen(bucket, ledger):
    """Nothing that is kept in memory outlives the files it came from."""
    record(ledger, loaded("a", "1"))
    before = ledger.balance().received
    other = record(Ledger(bucket), loaded("b", "2"))
    between = ledger.balance().received
    del bucket.bodies[ledger_key("objects", other)]

    assert (before, between) == (1, 2)
    assert ledger.balance().pending == 1
    assert ledger.pending() == [other]


def test_a_corrected_date_makes_the_old_month_due_too(ledger):
    """The batch that moved an instance touches the month that it left."""
    first = record(ledger, loaded("a", "1", month="2024-01"))
    record(ledger, loaded("b", "2", month="2024-02"))
    moved = record(ledger, newer("c", "1", month="2024-03"))

    touching = ledger.batches_that_touch()

    assert set(touching["2024-01"]) == {first, moved} == set(touching["2024-03"])
    assert len(touching["2024-02"]) == 1


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("x", 3), ("y", 5)], "y"),  # later
        ([("y", 5), ("x", 9)], "x"),  # later, whatever was loaded first
        ([("x", 5), ("y", 5)], "y"),  # the same second: the greater fingerprint
        ([("y", 5), ("x", 5)], "y"),
    ],
)
def test_the_newest_version_is_the_last_by_time_then_fingerprint(
    ledger, rows, expected
):
    """The order of loading decides nothing."""
    for number, (fingerprint, second) in enumerate(rows):
        say = newer if number else loaded
        known = {"fingerprint": fingerprint, "modified_at": moment(second)}
        record(ledger, say(f"n{number}", "1", month=f"2024-0{number + 1}", **known))

    [(sop, newest, _)] = ledger.newest(["1", "unknown"])

    assert (sop, newest) == ("1", expected)


def test_of_a_replayed_file_the_latest_attempt_counts(ledger):
    """Refused, refused again, loaded: one file received, one file loaded."""
    record(ledger, (arrival("a"), "quarantined", {"reason": "unreadable"}))
    again = (arrival("a", attempt=2), "quarantined", {"reason": "truncated"})
    record(ledger, again, (arrival("b"), "quarantined", {"reason": "empty"}))
    refused = ledger.balance()
    record(ledger, loaded("a", "1", attempt=3))

    assert refused.reasons == {"quarantined: empty": 1, "quarantined: truncated": 1}
    assert (refused.received, refused.holds) == (2, True)
    assert ledger.balance().outcomes["loaded"] == 1
    assert ledger.balance().outcomes["quarantined"] == 1
    assert ledger.balance().holds
    assert ledger.unaccounted() == 0


def test_a_file_that_was_handed_out_twice_counts_once(ledger):
    """Two processes that looked at the same time cut the batches differently."""
    record(ledger, loaded("a", "1"))
    record(ledger, (arrival("a"), "identical", {}), loaded("b", "2"))

    assert ledger.balance().outcomes["loaded"] == 2
    assert ledger.balance().outcomes["identical"] == 0
    assert ledger.balance().holds
    assert ledger.unaccounted() == 0


def test_a_batch_from_before_a_column_reads_as_null(bucket, ledger):
    """The ledger grows by columns; what is written stays as it is."""
    batch = record(ledger, loaded("a", "1"))
    for table in (ledger.arrivals, ledger.objects):
        key = ledger_key(table.table.name, batch)
        old = pq.read_table(pa.BufferReader(bucket.bodies[key]))
        sink = pa.BufferOutputStream()
        gone = ["attempt", "patient_identity", "study_instance_uid", "held_key"]
        pq.write_table(
            old.drop_columns([name for name in gone if name in old.column_names]), sink
        )
        bucket.bodies[key] = sink.getvalue().to_pybytes()
    record(ledger, newer("b", "1"))

    fresh = Ledger(bucket)

    assert fresh.objects.read(batch)["study_instance_uid"].to_pylist() == [None]
    assert fresh.arrivals.read(batch)["held_key"].to_pylist() == [None]
    assert fresh.balance().holds
    assert len(fresh.versions(["1"])["1"]) == 2


def test_a_file_that_compaction_removes_after_the_listing_is_found_elsewhere(bucket):
    """Whoever reads meanwhile looks again, and sees every row once."""
    ledger = Ledger(bucket)
    one, two = record(ledger, loaded("a", "1")), record(ledger, loaded("b", "2"))
    reader, read = Ledger(bucket), bucket.read

    def compact_first(key: str) -> bytes:
        bucket.read = read
        compact(bucket, ledger.objects, one, two, delete=True)
        return read(key)

    bucket.read = compact_first

    assert sorted(reader.objects.all()["arrival_id"].to_pylist()) == ["a", "b"]
