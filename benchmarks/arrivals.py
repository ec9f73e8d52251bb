"""A bucket of 1,000,000 keys: time of a look, and memory of the process that looks.

Pages and the raw bucket are made up in memory, so what is measured is our own work; the
requests of a real store come on top. The peer builds two Python sets of everything that
is known at each look.
"""

import io
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
from frame import Options, Row, bounded

from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.resources.bucket import ObjectGoneError, Page, StoredObject
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.sources.arrivals import Scan, Watch
from dicom_pipeline.sources.intake import PROVIDER, Intake
from dicom_pipeline.sources.known import Known

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_BUDGET_SECONDS = 5.0
_PAGE = 1_000
_MIB = 1024


@dataclass
class _Raw:
    """The raw bucket in memory."""

    bodies: dict[str, bytes] = field(default_factory=dict)

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        keys = sorted(key for key in self.bodies if key.startswith(prefix))
        return (StoredObject(key, "", len(self.bodies[key]), _AT) for key in keys)

    def read(self, key: str) -> bytes:
        if key not in self.bodies:
            raise ObjectGoneError("gone")
        return self.bodies[key]

    def write(self, key: str, body: bytes) -> None:
        self.bodies[key] = body


@dataclass
class _Provider:
    """A bucket of ``size`` keys."""

    size: int

    def list_page(self, prefix: str = "", token: str = "") -> Page:  # noqa: ARG002
        start = int(token or 0)
        end = min(start + _PAGE, self.size)
        page = [
            StoredObject(f"site/2026/{n:09}/IM{n % 500:05}.dcm", f"{n:032x}", 1, _AT)
            for n in range(start, end)
        ]
        return Page(page, str(end) if end < self.size else "")


def rows(options: Options) -> Iterator[Row]:
    """Three bounds and one ratio, measured in a process that has done nothing else."""
    count = options.files(1_000_000)
    command = [sys.executable, Path(__file__), str(count)]
    said = json.loads(
        subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    )
    print(
        f"first listing {said['first']:.1f} s, second {said['second']:.1f} s,"
        f" a new process reads the ledger in {said['start']:.1f} s",
        file=sys.stderr,
    )
    of = f"{count:,} keys"
    limit = 1_000 * _BUDGET_SECONDS
    yield bounded(f"{of}: longest look beyond its budget", said["over"], limit, "ms")
    yield bounded(f"{of}: memory of all looks", said["grown"], 512, "MiB")
    yield Row(
        name=f"{of} known: a look at one page",
        ours=said["page"],
        peer=said["sets"],
        unit="ms",
        ratio=said["sets"] / said["page"],
    )


def _run(count: int) -> dict[str, float]:
    raw, idle = _Raw(), _peak()
    watch = _watch(raw, _Provider(count))
    first = _looks(watch)
    second = _looks(watch)
    one = replace(watch, bucket=_Provider(_PAGE))
    page = _looks(one)
    grown = _peak() - idle
    began = time.monotonic()
    _watch(raw, _Provider(0)).intake.known.catch_up()
    start = time.monotonic() - began
    longest = max(first + second)
    return {
        "first": sum(first),
        "second": sum(second),
        "page": 1_000 * sum(page),
        "sets": 1_000 * _sets(raw),
        "over": max(0.0, 1_000 * (longest - _BUDGET_SECONDS)),
        "grown": grown / _MIB,
        "start": start,
    }


def _watch(raw: _Raw, provider: _Provider) -> Watch:
    ledger, names = Ledger(raw), Pseudonyms(bytes(32))
    intake = Intake(
        ledger, Known(ledger), lambda text: names.token("source_key", text)[:32], 2_000
    )
    return Watch(PROVIDER, provider, "", intake)


def _looks(watch: Watch) -> list[float]:
    """Seconds of each look until the listing has ended."""
    took, seen = list[float](), Scan()
    while not seen.complete:
        began = time.monotonic()
        seen = watch.look(_BUDGET_SECONDS)
        took.append(time.monotonic() - began)
    return took


def _sets(raw: _Raw) -> float:
    """Seconds to make two sets of what is known, its files read already."""
    wanted = ["arrival_id", "fingerprint"]
    tables = [
        pq.read_table(io.BytesIO(body), columns=wanted)
        for key, body in raw.bodies.items()
        if key.startswith("tables/arrivals/")
    ]
    began = time.monotonic()
    for name in wanted:
        {text for table in tables for text in table[name].to_pylist()}
    return time.monotonic() - began


def _peak() -> float:
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


if __name__ == "__main__":
    print(json.dumps(_run(int(sys.argv[1]))))
