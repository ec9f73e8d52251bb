"""Ledgers in memory, told what happened to which file."""

from datetime import UTC, datetime

import pyarrow as pa

from dicom_pipeline.layout import compacted_name, ledger_key
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.ledger_table import LedgerTable
from dicom_pipeline.resources.tables import parquet
from tests.unit.sources.memory_store import RawBucket

Row = dict[str, object]


def moment(second: int) -> datetime:
    """A time of arrival; stores tell whole seconds."""
    return datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC)


def arrival(name: str, attempt: int | None = None, **more: object) -> Row:
    """Return a row of ``arrivals``."""
    return {
        "arrival_id": name,
        "source": "provider",
        "source_key": f"{name}.dcm",
        "fingerprint": f"f-{name}",
        "bytes": 1,
        "modified_at": moment(0),
        "attempt": attempt,
        **more,
    }


def ended(seen: Row, outcome: str, batch: str, **more: object) -> Row:
    """Return its row of ``objects``."""
    kept = {k: v for k, v in seen.items() if not k.startswith(("held", "accepts"))}
    return {**kept, "outcome": outcome, "batch_id": batch, **more}


def record(ledger: Ledger, *ends: tuple[Row, str, Row]) -> str:
    """Hand these out as one batch and end them as told."""
    batch = ledger.hand_out([seen for seen, _, _ in ends])
    rows = [ended(seen, outcome, batch, **more) for seen, outcome, more in ends]
    ledger.objects.write(batch, rows)
    return batch


def loaded(name: str, sop: str, month: str = "2024-01", **more: object):
    """Say that a file became the first version of an instance."""
    return arrival(name, **more), "loaded", {"sop_instance_uid": sop, "month": month}


def newer(
    name: str, sop: str, month: str = "2024-01", raw_key: str = "", **more: object
):
    """Say that a file became a further version of an instance."""
    where = {"sop_instance_uid": sop, "month": month, "raw_key": raw_key}
    return arrival(name, **more), "new_version", where


def compact(
    bucket: RawBucket, ledger: LedgerTable, *batches: str, delete: bool
) -> None:
    """Put batches into one file, and delete their own or leave them."""
    rows = pa.concat_tables([ledger.read(batch) for batch in batches])
    key = ledger_key(ledger.table.name, compacted_name(batches))
    bucket.write(key, parquet(ledger.table, rows))
    for batch in batches:
        if delete:
            del bucket.bodies[ledger_key(ledger.table.name, batch)]
