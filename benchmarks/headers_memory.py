"""Memory of one run that lets 100,000 files in and projects their tables.

The path is the real one, ``Door.admit`` batch by batch with its processes, then the
five entity tables. The files lie at their place in the raw bucket already, as after a
change of reader, so that copying them is no part of it; the store makes them up while
they are read (``made_up_store``). Peak resident memory is that of the run and of every
process it has started, each at its own peak.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from frame import Options, Row, bounded
from made_up_store import FIRST, made_up_store, size
from samples import SLICES

from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.dicom.rows import entity_tables
from dicom_pipeline.layout import Grain, RawKey
from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.header_workers import HeaderReader
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.store import Store
from dicom_pipeline.resources.tables import RawTables
from dicom_pipeline.sources.door import Door

_BATCH = 2_000
_MIB = 1024 * 1024
_UID = "1.2.826.0.1.3680043.8.498"
_MONTH = "2004-01"
_WORKERS = 2


def rows(options: Options) -> Iterator[Row]:
    """One row, measured in a process that has done nothing else."""
    count = options.files(100_000)
    with made_up_store() as endpoint:
        command = [sys.executable, Path(__file__), endpoint, str(count)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    said = json.loads(done.stdout)
    print(f"{said['loaded']:,} headers in {said['seconds']:,.0f} s", file=sys.stderr)
    name = f"{said['loaded']:,} headers in one run: peak memory"
    yield bounded(name, said["peak"] / _MIB, 1024, "MiB")


def _run(endpoint: str, count: int) -> dict[str, float]:
    store = Store(endpoint=endpoint, access_key="a", secret_key="b")
    raw = Bucket("raw", store)
    ledger, reader = Ledger(raw), HeaderReader(_WORKERS)
    door = Door({"raw": raw}, ledger, "bench", Grain.MONTHLY, reader)
    start, outcomes = time.monotonic(), 0
    for first in range(FIRST, FIRST + count, _BATCH):
        numbers = range(first, min(first + _BATCH, FIRST + count))
        batch = ledger.hand_out([_arrival(number) for number in numbers])
        outcomes += door.admit(batch)["loaded"]
    tables = RawTables(raw)
    for month, batches in ledger.batches_by_month().items():
        for batch in batches:
            entity_tables(tables.read(HEADERS, month, batch))
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    peak = sum(_peak(pid) for pid in ("self", *children))
    reader.close()
    return {"loaded": outcomes, "seconds": time.monotonic() - start, "peak": peak}


def _arrival(number: int) -> dict[str, object]:
    series = number // SLICES
    uids = (f"{_UID}.1.{series}", f"{_UID}.2.{series}", f"{_UID}.3.{number}")
    return {
        "arrival_id": f"{number:032x}",
        "source": "raw",
        "source_key": RawKey(_MONTH, *uids, "00").spell(),
        "fingerprint": "00",
        "bytes": size(),
        "modified_at": datetime(2026, 1, 1, tzinfo=UTC),
    }


def _peak(pid: str) -> int:
    """Largest resident memory that a process has had so far, bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


if __name__ == "__main__":
    print(json.dumps(_run(sys.argv[1], int(sys.argv[2]))))
