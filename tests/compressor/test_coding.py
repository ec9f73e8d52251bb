"""JPEG coding is as good as cjpeg's at the same quality, and good enough."""

import io
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.compressor.test_rendering import CORPUS, WHEEL, answers, levels

QUALITY = "90"
# Lowest decibels of real images; a photograph of waves in the sun has no floor.
WHEEL_FILES = {"CT_small.dcm": 37, "MR_small.dcm": 37, "examples_rgb_color.dcm": 0}
CORPUS_FILES = {
    "693_UNCR.dcm": 37,
    "MR2_UNCR.dcm": 37,
    "RG2_JPLL.dcm": 37,
    "US1_UNCR.dcm": 39,
}


def decibel(first: np.ndarray, second: np.ndarray) -> float:
    """Peak signal-to-noise ratio of 8-bit pictures."""
    error = np.mean((first.astype(float) - second) ** 2)
    return float("inf") if error == 0 else 10 * np.log10(255**2 / error)


def cjpeg(pnm: bytes, picture: np.ndarray) -> bytes:
    """The reference coder: accurate DCT, full colour."""
    options = ["-quality", QUALITY, "-dct", "int"]
    if picture.ndim == 3:
        options += ["-sample", "1x1"]
    done = subprocess.run(
        ["cjpeg", *options], input=pnm, capture_output=True, check=True
    )
    return done.stdout


def pictures(file: Path, out: Path) -> tuple[bytes, bytes]:
    """The first frame as PNM and as JPEG."""
    found = []
    for emit in ("pnm", "jpeg"):
        options = ("--emit", emit, "--passthrough", "never", "--quality", QUALITY)
        [row, *_] = answers([file], out / emit, *options)[str(file)]
        found.append(Path(row["key"]).read_bytes())
    return found[0], found[1]


def images() -> list[tuple[Path, int]]:
    """Real images of the wheel, and of the corpus where it is there; their floors."""
    names = {path.name: path for path in WHEEL.rglob("*.dcm")}
    given = {path.name: path for path in CORPUS.rglob("*.dcm")}
    return [(names[name], floor) for name, floor in WHEEL_FILES.items()] + [
        (given[name], floor) for name, floor in CORPUS_FILES.items() if name in given
    ]


@pytest.mark.parametrize(
    ("file", "floor"), images(), ids=lambda each: getattr(each, "name", each)
)
def test_coding_is_that_of_cjpeg(file, floor, tmp_path):
    """Within 0.05 dB and 1 % of the bytes, and above the floor of its kind."""
    if shutil.which("cjpeg") is None:
        pytest.skip("no cjpeg: install libjpeg-turbo-progs")
    pnm, ours = pictures(file, tmp_path)
    (tmp_path / "frame.pnm").write_bytes(pnm)
    plain = levels(os.fspath(tmp_path / "frame.pnm"))
    theirs = cjpeg(pnm, plain)
    ours_db, theirs_db = (
        decibel(np.asarray(Image.open(io.BytesIO(jpeg))), plain)
        for jpeg in (ours, theirs)
    )

    assert ours_db >= theirs_db - 0.05
    assert abs(len(ours) - len(theirs)) <= max(0.01 * len(theirs), 64)
    assert ours_db >= floor
