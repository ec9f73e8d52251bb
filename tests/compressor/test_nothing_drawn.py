"""Overlays, annotations and icons may name a person: none of them is drawn."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

BINARY = Path(sys.executable).with_name("img-compressor")

pytestmark = pytest.mark.skipif(not BINARY.exists(), reason="no img-compressor")


def ct():
    return pydicom.dcmread(get_testdata_file("CT_small.dcm"))


def overlay():
    """An overlay plane that is set everywhere (PS3.3 C.9.2)."""
    dataset = ct()
    dataset.add_new(0x60000010, "US", dataset.Rows)
    dataset.add_new(0x60000011, "US", dataset.Columns)
    dataset.add_new(0x60000040, "CS", "G")
    dataset.add_new(0x60000050, "SS", [1, 1])
    dataset.add_new(0x60000100, "US", 1)
    dataset.add_new(0x60000102, "US", 0)
    dataset.add_new(0x60003000, "OW", b"\xff" * (dataset.Rows * dataset.Columns // 8))
    return dataset


def annotation():
    """A text in the middle of the image (PS3.3 C.10.5)."""
    dataset, text, layer = ct(), Dataset(), Dataset()
    text.UnformattedTextValue, text.AnchorPoint = "DOE^JANE", [64, 64]
    text.AnchorPointAnnotationUnits, text.AnchorPointVisibility = "PIXEL", "Y"
    layer.GraphicLayer, layer.TextObjectSequence = "NAME", [text]
    dataset.GraphicAnnotationSequence = [layer]
    return dataset


def icon():
    """A white icon (PS3.3 C.7.6.1.1.6)."""
    dataset, small = ct(), Dataset()
    small.Rows = small.Columns = 8
    small.SamplesPerPixel, small.PhotometricInterpretation = 1, "MONOCHROME2"
    small.BitsAllocated = small.BitsStored = 8
    small.HighBit, small.PixelRepresentation = 7, 0
    small.PixelData = b"\xff" * 64
    dataset.IconImageSequence = [small]
    return dataset


def embedded(bits):
    """Twelve bits of value and, above them, an overlay's (retired, PS3.3 C.9.2)."""
    dataset = ct()
    values = np.clip(dataset.pixel_array, 0, 4095).astype(np.uint16)
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 12, 11, 0
    dataset.PixelData = (values | bits).tobytes()
    dataset.add_new(0x60000100, "US", 16)
    dataset.add_new(0x60000102, "US", 12)
    return dataset


def drawn(dataset, folder):
    """Pixels of the JPEG of a dataset."""
    folder.mkdir()
    dataset.save_as(folder / "in.dcm")
    job = {"id": "a", "input": str(folder / "in.dcm"), "output": str(folder)}
    done = subprocess.run(
        [BINARY, "batch"],
        input=json.dumps(job),
        text=True,
        stdout=subprocess.PIPE,
        check=True,
    )
    with Image.open(json.loads(done.stdout)["key"]) as image:
        return np.asarray(image)


@pytest.mark.parametrize(
    ("plain", "with_more"),
    [
        (ct, overlay),
        (ct, annotation),
        (ct, icon),
        (lambda: embedded(0), lambda: embedded(0xF000)),
    ],
    ids=["overlay plane", "annotation", "icon", "overlay in the high bits"],
)
def test_what_is_drawn_is_the_pixel_data_alone(plain, with_more, tmp_path):
    """With it and without it, the JPEG is the same."""
    without, with_it = plain(), with_more()

    assert with_it != without
    assert np.array_equal(
        drawn(with_it, tmp_path / "with"), drawn(without, tmp_path / "without")
    )
