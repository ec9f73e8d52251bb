"""A loss that someone plants is found, each kind by what it leaves behind."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.layout import QUARANTINE_PREFIX, RawKey, ledger_key, table_key
from dicom_pipeline.resources.audit import Audit
from dicom_pipeline.resources.bucket import Page
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.tables import RawTables, parquet
from dicom_pipeline.sources.quarantine import Quarantine
from tests.unit.resources.ledgers import arrival, compact, loaded, newer, record
from tests.unit.sources.memory_store import RawBucket

MONTHS = ("2024-01", "2024-02")


class Raw(RawBucket):
    """A bucket that can also be listed by page."""

    def list_page(self, prefix: str = "", token: str = "") -> Page:
        """Return everything below the prefix."""
        return Page(list(self.list(prefix)), token)


@pytest.fixture
def raw():
    """Two batches over two months, with their header rows and files."""
    bucket = Raw()
    ledger, tables = Ledger(bucket), RawTables(bucket)
    tables.make_room((HEADERS,))
    for number in (1, 2):
        ends = []
        for month in MONTHS:
            name = f"{month}-{number}"
            key = RawKey(month, "1.2", "1.2.3", f"9.{number}", f"f-{name}").spell()
            bucket.write(key, b"file")
            seen, outcome, more = loaded(name, f"9.{number}.{month[-1]}", month=month)
            ends.append((seen, outcome, {**more, "raw_key": key}))
        junk = arrival(f"junk-{number}")
        bucket.write(f"{QUARANTINE_PREFIX}empty/junk-{number}", b"")
        ends.append((junk, "quarantined", {"reason": "empty"}))
        batch = record(ledger, *ends)
        for month in MONTHS:
            table = pa.Table.from_pylist([{"batch_id": batch}], schema=HEADERS.schema)
            tables.write(HEADERS, month, batch, table)
    return bucket


def _found(raw: Raw) -> dict[str, int]:
    """What a new process finds wrong, by kind; nothing where nothing is."""
    ledger = Ledger(raw)
    audit = Audit(ledger, RawTables(raw))
    months = audit.months(MONTHS).values()
    found = {
        "unaccounted": ledger.unaccounted(),
        "batches_missing": audit.batches().batches_missing,
        "batches_unknown": audit.batches().batches_unknown,
        "rows_wrong": sum(month.rows_wrong for month in months),
        "files_missing": sum(month.files_missing for month in months),
        "files_by_month": sum(a != b for a, b in audit.files().values()),
        "waiting_lost": Quarantine(ledger, 1, "").lost(),
    }
    return {kind: n for kind, n in found.items() if n}


def _keys(raw: Raw, beginning: str) -> list[str]:
    return sorted(k for k in raw.bodies if k.startswith(beginning) and "empty" not in k)


def test_nothing_is_found_where_nothing_is_lost(raw):
    """Neither before compaction nor after it, nor between."""
    ledger = Ledger(raw)
    batches = sorted(ledger.objects.batches())

    assert _found(raw) == {}
    for table in (ledger.arrivals, ledger.objects):
        compact(raw, table, *batches, delete=False)
    assert _found(raw) == {}
    for batch in batches:
        del raw.bodies[ledger_key("objects", batch)]
    assert _found(raw) == {}


def test_a_ledger_batch_that_is_deleted_is_found(raw):
    """Its header batches have nothing that speaks of them."""
    del raw.bodies[_keys(raw, "tables/objects/")[0]]

    assert _found(raw) == {"batches_unknown": 2, "rows_wrong": 2, "files_by_month": 2}
    assert len(Ledger(raw).pending()) == 1  # and it is done again


def test_a_header_batch_that_is_deleted_is_found(raw):
    """The ledger says that it was written."""
    del raw.bodies[_keys(raw, "tables/headers/month=2024-01/")[0]]

    assert _found(raw) == {"batches_missing": 1, "rows_wrong": 1}


def test_a_header_row_that_is_missing_is_found(raw):
    """The batch is there, and shorter than it was."""
    batch = min(Ledger(raw).objects.batches())
    key = table_key(HEADERS.name, MONTHS[0], batch)
    raw.bodies[key] = parquet(HEADERS, HEADERS.schema.empty_table())

    assert _found(raw) == {"rows_wrong": 1}


@pytest.mark.parametrize("table", ["arrivals", "objects"])
def test_a_row_that_is_dropped_is_found(raw, table):
    """An arrival without outcome, or an outcome that nothing has announced."""
    key = _keys(raw, f"tables/{table}/")[0]
    rows = pq.read_table(pa.BufferReader(raw.bodies[key]))
    kept = pa.BufferOutputStream()
    pq.write_table(rows.slice(1), kept)
    raw.bodies[key] = kept.getvalue().to_pybytes()

    assert _found(raw)["unaccounted"] == 1
    assert Ledger(raw).balance().holds is False


def test_a_file_that_is_deleted_is_found(raw):
    """In the raw bucket, and in the quarantine."""
    del raw.bodies[_keys(raw, "dicom/month=2024-02/")[0]]
    del raw.bodies[f"{QUARANTINE_PREFIX}empty/junk-1"]

    assert _found(raw).keys() >= {"files_by_month", "waiting_lost"}


def test_a_version_more_is_a_row_more(raw):
    """Both versions lie in the month, and both have their row."""
    ledger = Ledger(raw)
    batch = record(ledger, newer("more", "9.1.1", month=MONTHS[0], raw_key="k"))

    assert _found(raw)["rows_wrong"] == 1
    assert ledger.accounts.stored()[MONTHS[0]][batch] == 1
