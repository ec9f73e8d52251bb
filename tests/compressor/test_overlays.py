"""Overlays are never drawn unasked; if asked for, they are where DCMTK has them."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from pydicom.data import get_testdata_file

from tests.compressor.test_rendering import answers, binary, levels

OVERLAID = "examples_overlay.dcm"


@pytest.fixture(scope="module")
def file():
    return get_testdata_file(OVERLAID)


def shown(file, out, *options):
    """Pixels and warnings of the only frame."""
    (row,) = answers([file], out, "--emit", "pnm", *options)[file]
    return levels(row["key"]), row["warnings"]


def test_an_overlay_is_told_and_not_drawn(file, tmp_path):
    """Without the option, the pixels are those of the image alone."""
    plain, warnings = shown(file, tmp_path / "plain")
    _, drawn = shown(file, tmp_path / "drawn", "--overlays", "draw")

    assert "overlay_not_drawn" in warnings
    assert "overlay_drawn" not in warnings
    assert "overlay_drawn" in drawn
    assert plain.shape == (300, 484)


def test_a_drawn_overlay_lies_where_dcmtk_draws_it(file, tmp_path):
    """Both turn the same pixels white, and no other changes."""
    if shutil.which("dcmj2pnm") is None:
        pytest.skip("no DCMTK")
    plain, _ = shown(file, tmp_path / "plain")
    drawn, _ = shown(file, tmp_path / "drawn", "--overlays", "draw")
    theirs = []
    for number, overlays in enumerate((["-O"], ["+O", "0"])):
        out = tmp_path / f"{number}.pgm"
        command = ["dcmj2pnm", "+op", *overlays, file, out]
        subprocess.run(command, check=True, capture_output=True)
        theirs.append(levels(out))
    touched = theirs[0] != theirs[1]

    assert touched.sum() > 200
    assert np.array_equal(plain != drawn, touched)
    assert (drawn[touched] == 255).all()


def test_a_mask_leaves_no_overlay(file, tmp_path):
    """Who masks does not know what an overlay says elsewhere."""
    asked = {"input": file, "output": str(tmp_path), "masks": [[0, 0, 1, 1]]}
    done = subprocess.run(
        [binary(), "batch", "--emit", "pnm", "--overlays", "draw"],
        input=json.dumps(asked).encode(),
        capture_output=True,
        check=True,
    )

    assert "overlay_not_drawn" in json.loads(done.stdout)["warnings"]
