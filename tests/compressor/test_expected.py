"""Frames of pydicom's wheel have the pixels that two of three other readers see.

``tests/oracles/vote.py`` made the table; a change of a pixel is a change of its hash.
"""

import csv
import hashlib
from pathlib import Path

import pytest

from tests.compressor.test_rendering import WHEEL, answers, levels

TABLE = Path(__file__).parents[1] / "oracles/expected_frames.csv"
READERS = ("standard", "dcmtk", "highdicom")
NO_MAJORITY = {
    "JPEG-lossy.dcm": "12-bit JPEG: neither pydicom nor highdicom decodes it",
    "JPGExtended.dcm": "12-bit JPEG: neither pydicom nor highdicom decodes it",
    "rtdose_expb.dcm": "big endian of 32 bits: highdicom refuses, DCMTK 3.6.7 differs",
    "rtdose_expb_1frame.dcm": "as rtdose_expb.dcm; its little endian twin has three",
}


def expected() -> list[dict[str, str]]:
    """Rows of the table, one per frame."""
    with TABLE.open(newline="") as table:
        return list(csv.DictReader(table))


def votes(row: dict[str, str]) -> int:
    """Readers that see the same: exactly, to one level, to two of a lossy stream."""
    nearest = 2 if row["lossy"] == "1" else 1
    allowed = {"standard": 2 if row["lossy"] == "1" else 0}
    return sum(
        row[reader] != "" and int(row[reader]) <= allowed.get(reader, nearest)
        for reader in READERS
    )


def test_two_of_three_agree_on_every_frame():
    """A frame without a majority stands in the list with its reason, and no other."""
    alone = {row["file"] for row in expected() if votes(row) < 2}

    assert len(expected()) >= 70
    assert alone == set(NO_MAJORITY)


@pytest.mark.filterwarnings("ignore")
def test_frames_have_the_expected_pixels(tmp_path):
    """Every frame of the table, before JPEG."""
    table = {(row["file"], int(row["frame"])): row["sha256"] for row in expected()}
    files = {path.name: path for path in WHEEL.rglob("*.dcm")}
    names = sorted({name for name, _ in table})
    rows = answers([files[name] for name in names], tmp_path, "--emit", "pnm")

    found = {
        (Path(row["input"]).name, row["frame"]): row["key"]
        for of_file in rows.values()
        for row in of_file
        if row["status"] == "ok"
    }
    differ = [
        frame
        for frame, sha256 in table.items()
        if hashlib.sha256(levels(found[frame]).tobytes()).hexdigest() != sha256
    ]

    assert differ == []
