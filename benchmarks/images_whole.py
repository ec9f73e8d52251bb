"""The program as a whole: scaling, start, what it reads, its size: B9 to B12."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pydicom.data
from frame import Options, Row, bounded, cpu_seconds
from headers_local import CORPUS
from images_methods import BINARY, Fresh, batch, peers_python, samples, workspace

_WHEEL = Path(pydicom.data.__file__).parent / "test_files"
_GIVEN = ("pydicom+pydicom-data", "pydicom+pylibjpeg-data")
_IDLE = 0.3
_SHARE = 172 / 177


def rows(options: Options) -> Iterator[Row]:
    """Four rows and the words behind them."""
    with workspace() as name:
        folder = Path(name)
        files = samples(folder / "ct", "ct", 8)
        yield from _scaling(files, Fresh(folder / "out"), options)
        yield from _start(files[0], Fresh(folder / "out"), options)
        yield from _corpus(Fresh(folder / "out"))
    yield bounded("B12 binary", BINARY.stat().st_size / 2**20, 15, "MiB")


def _scaling(files: list[Path], fresh: Fresh, options: Options) -> Iterator[Row]:
    """By the clock; without a target where others use the cores."""
    count, ratios, took = options.files(800), [], []
    busy = os.getloadavg()[0]
    for _ in range(options.rounds):
        one, two = (_seconds(files, count, workers, fresh) for workers in (1, 2))
        ratios.append(one / two)
        took.append((one, two))
    ratio, idle = statistics.median(ratios), busy < _IDLE
    yield Row(
        name="B9 two workers" + ("" if idle else f" (noisy: load {busy:.1f})"),
        ours=statistics.median(two for _, two in took) / count * 1e6,
        peer=statistics.median(one for one, _ in took) / count * 1e6,
        unit="us wall",
        ratio=ratio,
        target=">= 1.8x" if idle else "",
        met=ratio >= 1.8 if idle else None,  # noqa: PLR2004  as the row says
        spread=(min(ratios), max(ratios)),
    )


def _seconds(files: list[Path], count: int, workers: int, fresh: Fresh) -> float:
    requests = _requests([files[n % len(files)] for n in range(count)], fresh.folder())
    began = time.perf_counter()
    batch(requests, ["--workers", str(workers)])
    return time.perf_counter() - began


def _start(file: Path, fresh: Fresh, options: Options) -> Iterator[Row]:
    """Processor time of a process for one image."""
    turns = 10 if options.quick else 40
    requests = _requests([file], fresh.folder())
    ours = statistics.median(batch(requests) for _ in range(turns)) * 1e3
    yield bounded("B10 start and one image", ours, 5, "ms cpu")
    dcmtk = shutil.which("dcmj2pnm")
    others = {"import pydicom, cv2": [peers_python(), "-c", "import pydicom, cv2"]}
    if dcmtk:
        out = requests.with_suffix(".jpg")
        others["dcmj2pnm"] = [dcmtk, "+oj", "+Wi", "1", file, out]
    for name, command in others.items():
        peer = statistics.median(_cpu(command) for _ in range(5)) * 1e3
        yield Row(f"B10 start: {name}", ours, peer, "ms cpu", peer / ours)


def _cpu(command: list[object]) -> float:
    before = cpu_seconds()
    subprocess.run(command, check=True, capture_output=True)
    return cpu_seconds() - before


def _corpus(fresh: Fresh) -> Iterator[Row]:
    """Objects with pixels of pydicom's wheel and of the two given collections."""
    files = {path.read_bytes(): path for path in _objects()}
    out = fresh.folder()
    requests, answers = _requests(list(files.values()), out), out / "answers"
    with answers.open("w") as file:
        batch(requests, ["--emit", "pnm"], file.fileno())
    worst: dict[str, tuple[str, str]] = {}
    for line in answers.read_text().splitlines():
        row = json.loads(line)
        if row["status"] != "ok" or row["input"] not in worst:
            worst[row["input"]] = row["status"], row["reason"] or ""
    refused = Counter(reason for status, reason in worst.values() if status != "ok")
    decoded = sum(status == "ok" for status, _ in worst.values())
    print("refused:", json.dumps(refused), file=sys.stderr)
    name = f"B11 decoded, of {len(files)} objects"
    share = decoded / len(files)
    target = f">= {_SHARE:.2f}x"
    yield Row(name, decoded, len(files), "objects", share, target, share >= _SHARE)
    crashed = refused["internal_error"] + len(files) - len(worst)
    name = "B11 crashes and objects without an answer"
    yield Row(name, crashed, None, "objects", crashed, "0", crashed == 0)


def _objects() -> Iterator[Path]:
    for root in (_WHEEL, *(CORPUS / name for name in _GIVEN)):
        for path in sorted(root.rglob("*.dcm")):
            try:
                header = pydicom.dcmread(path, stop_before_pixels=True, force=True)
            except Exception:  # noqa: BLE001  what pydicom cannot read is no image
                continue
            if "Rows" in header:
                yield path


def _requests(files: list[Path], out: Path) -> Path:
    requests = out / "requests"
    lines = (
        json.dumps({"input": str(file), "output": str(out / str(number))})
        for number, file in enumerate(files)
    )
    requests.write_text("\n".join(lines) + "\n")
    return requests
