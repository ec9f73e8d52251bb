"""Expected pixels of every frame in pydicom's wheel, by a vote of three readers.

    uv run --no-project --with highdicom,pylibjpeg[openjpeg,rle],pyjpegls,pydicom \
        python -m tests.oracles.vote IMG_COMPRESSOR OUT.csv

The binary's 8-bit pixels (before JPEG) are held against PS3.3 read in float64
(``display``), DCMTK's ``dcmj2pnm`` and highdicom. A reader's vote is how many levels
its picture is away, or nothing where it cannot read the file. Where two agree the hash
of the pixels is an expectation that no decoder of ours had a part in.
"""

import csv
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
import pydicom.data
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from tests.oracles.display import rendered

Levels = NDArray[np.uint8]
WHEEL = Path(pydicom.data.__file__).parent / "test_files"
MOST_FRAMES = 3
UINT8_MAX = 255
JPEG_LS = ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81")
COLUMNS = ("file", "frame", "sha256", "lossy", "standard", "dcmtk", "highdicom")


def main(binary: str, out: Path) -> None:
    """Render, ask the three, and write one row per frame."""
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder, out.open("w", newline="") as table:
        writer = csv.DictWriter(table, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for row in _rows(binary, Path(folder)):
            writer.writerow(_voted(row))


def _rows(binary: str, folder: Path) -> list[dict[str, Any]]:
    files = sorted(WHEEL.rglob("*.dcm"), key=lambda path: path.name)
    asked = [
        json.dumps({"input": str(file), "output": str(folder / file.name)})
        for file in files
    ]
    done = subprocess.run(
        [binary, "batch", "--workers", "1", "--emit", "pnm"],
        input="\n".join(asked).encode(),
        capture_output=True,
        check=True,
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return [
        row for row in rows if row["status"] == "ok" and row["frame"] <= MOST_FRAMES
    ]


def _voted(row: dict[str, Any]) -> dict[str, object]:
    file, frame = Path(row["input"]), row["frame"]
    ours = pixels(Path(row["key"]).read_bytes())
    readers = {"standard": _standard, "dcmtk": _dcmtk, "highdicom": _highdicom}
    votes = {name: _away(ours, read, row) for name, read in readers.items()}
    return {
        "file": file.name,
        "frame": frame,
        "sha256": hashlib.sha256(ours.tobytes()).hexdigest(),
        "lossy": int("lossy_source" in row["warnings"]),
        **votes,
    }


def _away(ours: Levels, read: Any, row: dict[str, Any]) -> int | str:
    try:
        theirs = read(row)
    except Exception:  # noqa: BLE001  each reader refuses in its own words
        return ""
    if theirs.shape != ours.shape:
        return ""
    return int(np.abs(theirs.astype(int) - ours).max())


def pixels(pnm: bytes) -> Levels:
    """Levels of a binary PGM or PPM, rows x columns (x 3); comments are skipped."""
    head = re.match(rb"(P[56])\s+(?:#.*\n)*(\d+)\s+(\d+)\s+255\s", pnm)
    if head is None:
        raise ValueError("no 8-bit picture")
    width, height = int(head[2]), int(head[3])
    shape = (height, width) if head[1] == b"P5" else (height, width, 3)
    return np.frombuffer(pnm, np.uint8, offset=head.end()).reshape(shape)


def _standard(row: dict[str, Any]) -> Levels:
    dataset = pydicom.dcmread(row["input"], force=True)
    [levels] = rendered(dataset, [row["frame"] - 1])
    return levels


def _dcmtk(row: dict[str, Any]) -> Levels:
    """Draws no overlays; the window is the first one, else the one of our span."""
    dataset = pydicom.dcmread(row["input"], force=True, stop_before_pixels=True)
    options = ["-O", "+F", str(row["frame"]), "+Ma", "--write-raw-pnm"]
    if row["window"]:
        options += _window(dataset, row["window"])
    elif "VOILUTSequence" in dataset:
        options += ["+Wl", "1"]
    with tempfile.TemporaryDirectory() as folder:
        source, out = row["input"], f"{folder}/out.pnm"
        if row["transfer_syntax"] in JPEG_LS:  # dcmj2pnm itself reads none
            source = f"{folder}/plain.dcm"
            subprocess.run(["dcmdjpls", row["input"], source], check=True)
        subprocess.run(
            ["dcmj2pnm", *options, source, out], capture_output=True, check=True
        )
        return pixels(Path(out).read_bytes())


def _window(dataset: Dataset, window: list[float]) -> list[str]:
    if dataset.get("WindowCenter"):
        return ["+Wi", "1"]
    return ["+Ww", *map(str, window)]


def _highdicom(row: dict[str, Any]) -> Levels:
    image = highdicom.imread(row["input"])
    grey = image.PhotometricInterpretation.startswith("MONOCHROME")
    if not grey:
        frame = np.asarray(image.get_frame(row["frame"], apply_icc_profile=False))
        if frame.max() > UINT8_MAX:
            raise ValueError("left at more than 8 bits")
        return frame.astype(np.uint8)
    said = image.get("WindowCenter") or image.get("VOILUTSequence")
    shares = image.get_frame(
        row["frame"],
        apply_real_world_transform=False,
        apply_voi_transform=bool(said),
        apply_presentation_lut=bool(said),
    )
    if not said:
        center, width = row["window"]
        shares = ((shares - (center - 0.5)) / (width - 1) + 0.5).clip(0, 1)
        if image.PhotometricInterpretation == "MONOCHROME1":
            shares = 1 - shares
    return np.floor(shares * UINT8_MAX + 0.5).clip(0, UINT8_MAX).astype(np.uint8)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
