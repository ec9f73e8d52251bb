"""Peak memory of one object of 4 GiB, from disk and from an S3 server: row B8.

8,191 frames of 512 x 512 words, most of them a hole in the file: memory is proven by
it, speed is not. ``--quick`` takes a tenth; the bound is the same at any size.
"""

import io
import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pydicom
from boto3.s3.transfer import TransferConfig
from frame import Options, Row, bounded
from images_methods import BINARY
from pydicom.data import get_testdata_file

from dicom_pipeline.resources.local_s3 import LocalS3
from dicom_pipeline.resources.store import Store

_FRAME = 512 * 512 * 2
_FRAMES = 8_191  # one more and the length would say "undefined"
_MIB = 1024


def rows(options: Options) -> Iterator[Row]:
    """Disk, then S3."""
    frames = options.files(_FRAMES)
    of = f"B8 {frames * _FRAME / 2**30:.1f} GiB, {frames:,} frames: peak memory"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = _sparse(folder / "large.dcm", frames)
        peak = _peak(str(file), str(folder / "out"), frames, None)
        yield bounded(f"{of}, local", peak / _MIB, 16, "MiB")
        with LocalS3(folder / "s3").running() as store:
            client = store.client
            client.create_bucket(Bucket="large")
            config = TransferConfig(max_concurrency=2, multipart_chunksize=64 << 20)
            client.upload_file(str(file), "large", "large.dcm", Config=config)
            peak = _peak("s3://large/large.dcm", "s3://large/out", frames, store)
        yield bounded(f"{of}, S3", peak / _MIB, 96, "MiB")


def _sparse(path: Path, frames: int) -> Path:
    dataset = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    dataset.Rows = dataset.Columns = 512
    dataset.NumberOfFrames = frames
    dataset.WindowCenter, dataset.WindowWidth = 40, 400
    noise, dataset.PixelData = dataset.PixelData, b""
    head = io.BytesIO()
    # Nothing may stand behind the pixels.
    del dataset[0x7FE0_0011:]
    dataset.save_as(head, enforce_file_format=True)
    with path.open("wb") as file:
        file.write(head.getvalue()[:-4] + (frames * _FRAME).to_bytes(4, "little"))
        file.write(noise * (_FRAME // len(noise)))
        file.truncate(len(head.getvalue()) + frames * _FRAME)
    return path


def _peak(source: str, out: str, frames: int, store: Store | None) -> int:
    """KiB that the binary has held at most, asked before it ends."""
    process = subprocess.Popen(
        [BINARY, "batch", "--workers", "2", "--pack", "tar"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=store.environment() if store else None,
        text=True,
    )
    with process:
        process.stdin.write(json.dumps({"input": source, "output": out}) + "\n")
        process.stdin.flush()
        for _ in range(frames):
            row = json.loads(process.stdout.readline())
            if row["status"] != "ok":
                raise RuntimeError(f"a frame was refused: {row['reason']}")
        status = Path(f"/proc/{process.pid}/status").read_text()
        process.stdin.close()
    return int(status.split("VmHWM:")[1].split()[0])
