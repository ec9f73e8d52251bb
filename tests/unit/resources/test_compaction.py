"""Compaction: fewer files, the same rows, wherever it was stopped."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from dicom_pipeline.catalog import DEVICES
from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.layout import table_key
from dicom_pipeline.resources.bucket import StoredObject
from dicom_pipeline.resources.compaction import Compaction, ForeignRowsError
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.months import Months
from dicom_pipeline.resources.tables import RawTables, parquet
from tests.unit.resources.ledgers import loaded, newer, record
from tests.unit.sources.memory_store import Fuse, KilledError, RawBucket

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
NOW = LONG_AGO + timedelta(days=30)
QUIET = NOW - timedelta(days=7)


@dataclass
class Bucket(RawBucket):
    """A raw bucket that tells ages, takes streams and gives ranges."""

    ages: dict[str, datetime] = field(default_factory=dict)
    name: str = "raw"

    def list(self, prefix=""):
        """Yield what there is, as old as it is."""
        for item in super().list(prefix):
            age = self.ages.get(item.key, LONG_AGO)
            body = self.bodies[item.key]
            yield StoredObject(item.key, str(hash(body)), len(body), age)

    def read_range(self, key, start, end):
        """Return some bytes."""
        return self.read(key)[start:end]

    def upload(self, key, body, part_bytes, metadata):
        """Put a stream, whole or not at all."""
        assert part_bytes > 0
        assert not metadata
        self.write(key, body.read())

    def delete(self, key):
        """Remove one object."""
        self.fuse.burn(lambda: self.bodies.pop(key, None))


def rows_of(table, batch, count):
    """Rows of a batch that can be told apart; the rest is null."""
    made = {name: [None] * count for name in table.schema.names}
    made |= {
        "batch_id": [batch] * count,
        table.key[0]: [f"{batch}{n}" for n in range(count)],
    }
    return pa.table(made, schema=table.schema)


def filled(months=("2024-01", "2024-02"), batches=7):
    """A bucket with a ledger and two tables, a file a batch."""
    bucket = Bucket()
    ledger, tables = Ledger(bucket), RawTables(bucket)
    for n in range(batches):
        month = months[n % len(months)]
        batch = record(
            ledger,
            loaded(f"a{n}", f"1.{n}", month),
            newer(f"b{n}", f"1.{n}", month),
        )
        for table in (HEADERS, DEVICES):
            tables.write(table, month, batch, rows_of(table, batch, n + 1))
    return bucket


def seen(bucket):
    """All that readers of the raw zone are told."""
    ledger, tables = Ledger(bucket), RawTables(bucket)
    months = ledger.batches_by_month()
    rows = {
        (table.name, month, batch): tables.read(table, month, batch).to_pylist()
        for table in (HEADERS, DEVICES)
        for month, batches in months.items()
        for batch in batches
    }
    stored = {
        (t.name, m): tables.batches(t, m) for t in (HEADERS, DEVICES) for m in months
    }
    due = Months(ledger).due()
    return rows, stored, due, ledger.pending(), ledger.balance(), ledger.unaccounted()


def compaction(bucket, most=None):
    """What would be run on a day when all is quiet."""
    return Compaction(bucket, QUIET, most)


@pytest.mark.parametrize("most", [None, 5])
def test_files_become_few_and_nobody_notices(most):
    """Rows, batches, due months and the balance are as before; again, nothing."""
    bucket = filled()
    before, files = seen(bucket), set(bucket.bodies)

    done = compaction(bucket, most).compact()

    assert seen(bucket) == before
    assert done.before == len(files)
    assert len(bucket.bodies) == done.after < len(files)
    assert (done.after == 6) == (most is None)
    bucket.fuse = Fuse(1)
    compaction(bucket, most).compact()
    assert bucket.fuse.left == 1


@pytest.mark.parametrize("most", [None, 5])
def test_killed_anywhere_it_ends_the_same(most):
    """Before any write or deletion: no row is lost, and the next run finishes."""
    calm = filled(["2024-01"], 4)
    before = seen(calm)
    compaction(calm, most).compact()
    kills = 0
    while True:
        bucket = filled(["2024-01"], 4)
        bucket.fuse = Fuse(kills + 1)
        try:
            compaction(bucket, most).compact()
        except KilledError:
            kills += 1
        else:
            break
        bucket.fuse = Fuse()
        assert seen(bucket) == before
        compaction(bucket, most).compact()
        assert bucket.bodies == calm.bodies

    assert kills >= 16


def test_a_month_that_still_grows_is_left_alone():
    """Its files stay; of the ledgers, which always grow, the old ones go together."""
    bucket = filled()
    young = max(key for key in bucket.bodies if "devices/month=2024-02" in key)
    late = max(key for key in bucket.bodies if "/objects/" in key)
    bucket.ages = {young: NOW, late: NOW}
    grown = {key for key in bucket.bodies if "devices/month=2024-02" in key}

    compaction(bucket).compact()

    assert grown < set(bucket.bodies)
    assert sum("devices/month=2024-01" in key for key in bucket.bodies) == 1
    assert [key for key in bucket.bodies if "/objects/" in key].count(late) == 1
    assert sum("/objects/" in key for key in bucket.bodies) == 2


def test_what_comes_later_joins_the_last_file():
    """A full file is not written again."""
    bucket = filled(months=("2024-01",))
    compaction(bucket, 5).compact()
    packed = {k: v for k, v in bucket.bodies.items() if "headers" in k}
    ledger, tables = Ledger(bucket), RawTables(bucket)
    for name in ("x", "y"):
        batch = record(ledger, loaded(name, name, "2024-01"))
        tables.write(HEADERS, "2024-01", batch, rows_of(HEADERS, batch, 1))
    before = seen_headers(bucket)

    compaction(bucket, 5).compact()

    kept = {k: v for k, v in bucket.bodies.items() if packed.get(k) == v}
    assert len(kept) >= len(packed) - 1
    assert seen_headers(bucket) == before


def seen_headers(bucket):
    """Rows of the headers of one month, by batch."""
    tables = RawTables(bucket)
    return {
        batch: tables.read(HEADERS, "2024-01", batch).to_pylist()
        for batch in tables.batches(HEADERS, "2024-01")
    }


def test_a_file_with_rows_of_another_batch_stops_it():
    """Rows that it cannot place are not lost: nothing is deleted."""
    bucket = filled()
    rows = rows_of(HEADERS, "another", 2)
    key = table_key("headers", "2024-01", "odd")
    bucket.write(key, parquet(HEADERS, rows))

    with pytest.raises(ForeignRowsError, match="headers"):
        compaction(bucket).compact()

    assert key in bucket.bodies
