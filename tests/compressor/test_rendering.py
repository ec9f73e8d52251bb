"""The binary's 8-bit pixels are those of the standard, file by file.

`--emit pnm` gives the pixels before JPEG; `tests.oracles.display` reads PS3.3 in
float64 on what pydicom decodes. Every file that is not equal stands in
`exceptions.csv` with its outcome and reason:

- `refused`: no image, for this reason of the binary
- `skipped`: nothing to render, for this reason of the binary
- `no oracle`: rendered, but pydicom and its permissive plugins decode it not at all
- `oracle wrong`: rendered, and pydicom is known to read it wrongly
"""

import csv
import hashlib
import json
import logging
import os
import shutil
import struct
import subprocess
import zlib
from collections import defaultdict
from pathlib import Path

import numpy as np
import pydicom
import pydicom.data
import pytest

from tests.oracles.display import rendered

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WHEEL = Path(pydicom.data.__file__).parent / "test_files"
CORPUS = Path(os.environ.get("DICOM_CORPUS", ROOT.parent / "shared/data/dicom"))
# Decoders of the same lossy stream may round differently; windows may widen that.
LOSSY_LEVELS = 2
MOST_FRAMES = 6


def binary() -> str:
    """The installed binary, else the one that cargo built."""
    built = ROOT / "img_compressor/target/release/img-compressor"
    found = shutil.which("img-compressor") or (str(built) if built.exists() else None)
    if found is None:
        pytest.skip("img-compressor is not built")
    return found


def answers(files: list[Path], out: Path, *options: str) -> dict[str, list[dict]]:
    """Rows of one batch over `files`, by path."""
    requests = [
        json.dumps({"input": str(file), "output": str(out / str(number))})
        for number, file in enumerate(files)
    ]
    done = subprocess.run(
        [binary(), "batch", *options],
        input="\n".join(requests).encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == b""
    rows = defaultdict(list)
    for line in done.stdout.splitlines():
        row = json.loads(line)
        rows[row["input"]].append(row)
    return rows


def exceptions() -> dict[str, tuple[str, str]]:
    """Outcome and reason of every file that has no equal."""
    with (HERE / "exceptions.csv").open(newline="") as table:
        return {
            row["file"]: (row["outcome"], row["reason"])
            for row in csv.DictReader(table)
        }


def levels(path: str) -> np.ndarray:
    """Pixels of a binary PGM or PPM."""
    magic, size, _, pixels = Path(path).read_bytes().split(b"\n", 3)
    width, height = (int(number) for number in size.split())
    shape = (height, width) if magic == b"P5" else (height, width, 3)
    return np.frombuffer(pixels, np.uint8).reshape(shape)


def without_image(rows: list[dict]) -> tuple[str, str] | None:
    """Outcome of an object of which no frame was rendered."""
    if any(row["status"] == "ok" for row in rows):
        return None
    outcome = "skipped" if rows[0]["status"] == "skipped" else "refused"
    return outcome, rows[0]["reason"]


def worst_difference(file: Path, rows: list[dict]) -> int | None:
    """Largest difference in levels to the oracle; `None` where there is no oracle."""
    keys = {row["frame"] - 1: row["key"] for row in rows if row["status"] == "ok"}
    indices = sorted(keys)
    if len(indices) > MOST_FRAMES:
        indices = [indices[0], indices[len(indices) // 2], indices[-1]]
    try:
        dataset = pydicom.dcmread(file, force=True)
        expected = list(rendered(dataset, indices))
    except Exception:  # noqa: BLE001  what pydicom raises is as wide as its plugins
        return None
    pairs = zip(indices, expected, strict=True)
    return max(
        int(np.abs(levels(keys[index]).astype(int) - frame).max())
        for index, frame in pairs
    )


def outcome(file: Path, rows: list[dict]) -> tuple[str, str] | None:
    """`None` where every frame is equal, else an outcome as in the table."""
    missing = without_image(rows)
    if missing is not None:
        return missing
    worst = worst_difference(file, rows)
    if worst is None:
        return "no oracle", ""
    allowed = LOSSY_LEVELS if "lossy_source" in rows[0]["warnings"] else 0
    return None if worst <= allowed else ("oracle wrong", f"{worst} levels")


def surprises(files: list[Path], out: Path) -> list[tuple[str, object, object]]:
    """Files whose outcome is not what the table says (no entry: equal)."""
    table = exceptions()
    rows = answers(files, out, "--emit", "pnm")
    assert set(rows) == {str(file) for file in files}
    found = []
    for file in files:
        got, said = outcome(file, rows[str(file)]), table.get(file.name)
        same = got == said
        if got and said and got[0] in {"no oracle", "oracle wrong"}:
            same = got[0] == said[0]
        if not same:
            found.append((file.name, got, said))
    return found


@pytest.fixture(autouse=True)
def _quiet():
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.filterwarnings("ignore")
def test_wheel_files_look_as_the_standard_says(tmp_path):
    """Every object inside the pydicom wheel is equal to the oracle or in the table."""
    files = sorted(WHEEL.rglob("*.dcm"))

    assert len(files) > 70
    assert surprises(files, tmp_path) == []


@pytest.mark.corpus
@pytest.mark.filterwarnings("ignore")
def test_corpus_files_look_as_the_standard_says(tmp_path):
    """Every object of the corpus is equal to the oracle or in the table."""
    manifest = CORPUS / "MANIFEST.csv"
    if not manifest.exists():
        pytest.skip(f"no corpus at {CORPUS.name}/ (set DICOM_CORPUS)")
    with manifest.open(newline="") as table:
        files = [CORPUS / row["path"] for row in csv.DictReader(table)]

    assert surprises(files, tmp_path) == []


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("coded", "plain"),
    [
        ("liver_deflate.dcm", "liver.dcm"),
        ("liver_rle.dcm", "liver.dcm"),
        ("liver_nonbyte_aligned_deflate.dcm", "liver_nonbyte_aligned.dcm"),
        ("liver_nonbyte_aligned_rle.dcm", "liver_nonbyte_aligned.dcm"),
        ("OBXXXX1A_expb.dcm", "OBXXXX1A.dcm"),
        ("OBXXXX1A_expb_2frame.dcm", "OBXXXX1A_2frame.dcm"),
        ("CT_small_deflated.dcm", "CT_small.dcm"),
        (
            "emri_small_jpeg_2k_lossless_too_short.dcm",
            "emri_small_jpeg_2k_lossless.dcm",
        ),
    ],
)
def test_files_without_an_oracle_equal_their_twins(tmp_path, coded, plain):
    """The same image in another lossless transfer syntax gives the same pixels."""
    files = [next(CORPUS.rglob(name), None) for name in (coded, plain)]
    if None in files:
        pytest.skip("no corpus (set DICOM_CORPUS)")
    rows = answers(files, tmp_path, "--emit", "pnm")
    coded_frames, plain_frames = (
        [row["sha256"] for row in rows[str(file)]] for file in files
    )

    assert coded_frames[: len(plain_frames)] == plain_frames


@pytest.mark.corpus
def test_stored_values_have_the_hashes_of_the_manifest(tmp_path):
    """Lossless 16-bit copies hold the values that other decoders found."""
    manifest = CORPUS / "MANIFEST.csv"
    if not manifest.exists():
        pytest.skip("no corpus (set DICOM_CORPUS)")
    with manifest.open(newline="") as table:
        known = {
            str(CORPUS / row["path"]): row
            for row in csv.DictReader(table)
            if row["frame0_sha256"]
            and row["SamplesPerPixel"] == "1"
            and row["BitsAllocated"] in {"8", "16"}
            # Inverse DCTs of 12 bits round differently.
            and not row["TransferSyntaxUID"].endswith(".4.51")
        }
    rows = answers([Path(name) for name in known], tmp_path, "--emit", "png16")
    same = [has_hash(rows[name][0], row) for name, row in known.items()]

    assert len(same) > 400
    assert all(same)


def has_hash(row: dict, known: dict[str, str]) -> bool:
    """Whether the first frame's stored values are those of the manifest, or refused."""
    if row["reason"] == "unsupported_emit":
        return True
    values = grey16(Path(row["key"]).read_bytes()).astype(np.int64)
    if "signed_offset" in row["warnings"]:
        values = values - 32768
    dtype = np.dtype(known["frame0_dtype"])
    hashes = (
        hashlib.sha256(values.astype(order).tobytes()).hexdigest()
        for order in (dtype.newbyteorder("<"), dtype.newbyteorder(">"))
    )
    return known["frame0_sha256"] in hashes


def grey16(png: bytes) -> np.ndarray:
    """Samples of a 16-bit grey PNG whose rows are filtered by "up"."""
    width, height = struct.unpack(">II", png[16:24])
    length = struct.unpack(">I", png[33:37])[0]
    rows = np.frombuffer(zlib.decompress(png[41 : 41 + length]), np.uint8)
    rows = rows.reshape(height, 1 + 2 * width)
    assert (rows[:, 0] == 2).all()
    return np.cumsum(rows[:, 1:], axis=0, dtype=np.uint8).view(">u2")


def test_every_exception_has_a_reason():
    """The table is sorted, and no file stands in it without a reason."""
    table = exceptions()

    assert list(table) == sorted(table)
    assert all(reason for _, reason in table.values())
