"""10,000 CT through the asset's own path, from an S3 server to it: images a second.

``Jpegs.render_month`` reads headers, decides, runs the compressor and writes the table,
as the asset does; ``--images`` says how many. The server is SeaweedFS on loopback and
takes its share of the cores.
"""

import hashlib
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pydicom
from frame import Options, Row
from images_methods import samples

from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.layout import Grain, RawKey
from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.compressor import Compressor
from dicom_pipeline.resources.jpegs import Jpegs
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.local_s3 import LocalS3
from dicom_pipeline.resources.pixel_judge import PixelJudge
from dicom_pipeline.resources.reviews import Reviews
from dicom_pipeline.resources.store import Store
from dicom_pipeline.sources.door import Door

_FIRST = 10_000_000  # numbers of one width, so that one is replaced in place
_UID = "1.2.826.0.1.3680043.8.498"
_BATCH = 500


def rows(options: Options) -> Iterator[Row]:
    """Two rows without a target: loopback is no network."""
    count = options.images or options.files(10_000)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = _templates(samples(folder / "ct", "ct", 8))
        with LocalS3(folder / "s3").running() as store:
            jpegs, months = _admitted(store, files, count)
            began, mine, theirs = time.monotonic(), *_spent()
            done = [jpegs.render_month(month, lambda *_: None) for month in months]
            seconds = time.monotonic() - began
            mine, theirs = (
                b - a for a, b in zip((mine, theirs), _spent(), strict=True)
            )
    columns = [each.rows.select(["status", "reason"]).to_pylist() for each in done]
    outcomes = Counter(str(sorted(row.items())) for rows in columns for row in rows)
    if (done and len(outcomes) > 1) or outcomes.total() != count:
        raise RuntimeError(f"not every image was rendered: {outcomes}")
    of = f"{count:,} CT 512, S3 to S3"
    load = os.getloadavg()[0]
    name = f"{of}: {count / seconds:,.0f} images/s (load {load:.1f})"
    yield Row(name, seconds / count * 1e6, None, "us wall", 0)
    both = (mine + theirs) / count * 1e6
    share = mine / (mine + theirs)
    name = f"{of}: share outside the binary"
    yield Row(name, mine / count * 1e6, both, "us cpu", share)


def _spent() -> tuple[float, float]:
    """Processor seconds of this process and of those that it started and that ended."""
    times = os.times()
    return times.user + times.system, times.children_user + times.children_system


def _templates(paths: list[Path]) -> list[bytes]:
    """Files whose instance is number ``_FIRST`` of one series."""
    made = []
    for path in paths:
        dataset = pydicom.dcmread(path)
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"{_UID}.1", f"{_UID}.2"
        dataset.SOPInstanceUID = f"{_UID}.3.{_FIRST}"
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        file = BytesIO()
        dataset.save_as(file, enforce_file_format=True)
        made.append(file.getvalue())
    return made


def _admitted(store: Store, files: list[bytes], count: int) -> tuple[Jpegs, list[str]]:
    raw, stage = Bucket("raw", store), Bucket("stage", store)
    raw.create()
    stage.create()
    ledger = Ledger(raw)
    first = f"{_UID}.3.{_FIRST}".encode()

    def put(number: int) -> dict[str, object]:
        sop = f"{_UID}.3.{_FIRST + number}"
        body = files[number % len(files)].replace(first, sop.encode())
        # A store's name for content that came in one piece.
        digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
        key = RawKey("2004-01", f"{_UID}.1", f"{_UID}.2", sop, digest).spell()
        raw.write(key, body)
        return {
            "arrival_id": f"{number:032x}",
            "source": "raw",
            "source_key": key,
            "fingerprint": digest,
            "bytes": len(body),
            "modified_at": datetime(2026, 1, 1, tzinfo=UTC),
        }

    with ThreadPoolExecutor(8) as pool:
        batch = ledger.hand_out(list(pool.map(put, range(count))))
    Door({"raw": raw}, ledger, "bench", Grain.MONTHLY).admit(batch)
    compressor = Compressor("img-compressor", 90, store)
    jpegs = Jpegs(
        ledger,
        stage,
        compressor,
        Pseudonyms(bytes(32)),
        "bench",
        "",
        _BATCH,
        PixelJudge(Reviews(raw)),
    )
    return jpegs, list(ledger.batches_by_month())
