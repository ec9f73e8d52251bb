"""12-bit JPEGs against the exact inverse DCT: no reader of Python has another oracle.

The manifest's hashes of these are those of one decoder alone, pylibjpeg's, whose levels
lie 0.02 to 0.15 above the exact ones on average; ours lie within 0.65 of them.
"""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.encaps import generate_frames

from tests.compressor.test_rendering import CORPUS, WHEEL, answers, grey16
from tests.oracles.jpeg import exact

# Half a level of rounding, and what whole numbers add in rows and in columns.
MOST = 0.65


def farthest(file: Path, out: Path) -> float:
    """Largest distance of a stored value to the exact one."""
    (row,) = answers([file], out, "--emit", "png16")[str(file)]
    frames = generate_frames(pydicom.dcmread(file).PixelData, number_of_frames=1)
    ours = grey16(Path(row["key"]).read_bytes())
    return float(np.abs(ours - exact(next(frames))).max())


def test_twelve_bits_are_the_exact_ones_rounded(tmp_path):
    """A frame of 1024 x 256 of pydicom's wheel, pixel by pixel."""
    assert farthest(WHEEL / "JPGExtended.dcm", tmp_path) < MOST


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["I290.dcm", "I341.dcm"])
def test_twelve_bits_of_the_corpus_are_too(tmp_path, name):
    """Two MR; other files hold one of these streams, or are a DX that takes 6 s."""
    file = next(CORPUS.rglob(name), None)
    if file is None:
        pytest.skip("no corpus (set DICOM_CORPUS)")

    assert farthest(file, tmp_path) < MOST
