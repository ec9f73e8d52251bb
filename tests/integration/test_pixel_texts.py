"""What stands on an image decides where the header does not say enough."""

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import pydicom
import pytest
from PIL import Image, ImageDraw, ImageFont
from pydicom.data import get_testdata_file
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian

from dicom_pipeline.places import Places
from dicom_pipeline.resources.ocr import TextReader, TextReaderError
from dicom_pipeline.settings import Settings
from tests.integration.pixels import keys, load, pixels_of, render_due, rows

ROOT = Path(__file__).parents[2]
APART = ROOT / ".venv" / "ocr" / "bin" / "python"
REAL = "examples_rgb_color.dcm"  # an ultrasound of pydicom's wheel, words around it
ROOT_UID = "1.2.826.0.1.3680043.8.498.24"


@pytest.fixture(scope="module")
def python() -> str:
    """An interpreter that has the extra."""
    if APART.exists():
        return str(APART)
    if find_spec("rapidocr_onnxruntime") is None:
        pytest.skip("no text recognition: make .venv/.ocr")
    return sys.executable


def radiograph(folder, number, *texts, **words):
    """A grey CR image of 640 x 480 with lines of text; its header says nothing."""
    dataset = pydicom.dcmread(get_testdata_file(REAL))
    picture = Image.new("L", (640, 480), 40)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(24)
    for text, (x, y) in texts:
        draw.text((x, y), text, fill=230, font=font)
    dataset.PixelData = picture.tobytes()
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = 480, 640, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    del dataset.PlanarConfiguration
    dataset.WindowCenter, dataset.WindowWidth = "128", "256"
    dataset.PatientName, dataset.PatientID = "QUISTGAARD^ODA", "HX-774411"
    return named(dataset, folder, number, **words)


def named(dataset, folder, number, **words):
    """Make it a CR image of its own and store it."""
    dataset.SOPClassUID = ComputedRadiographyImageStorage
    dataset.SOPInstanceUID = f"{ROOT_UID}.{number}"
    dataset.Modality, dataset.StudyDate = "CR", "20240305"
    for name, value in words.items():
        setattr(dataset, name, value)
    meta = dataset.file_meta
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.save_as(folder / str(number))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    own = ("Quistgaard, Oda  HX-774411", (30, 20))
    radiograph(folder, 1, own, ("L", (580, 430)))
    radiograph(folder, 2, ("R", (580, 430)), ("12 cm", (40, 430)))
    radiograph(folder, 3, own, ("Dr. Halvorsen", (30, 400)))
    radiograph(folder, 4, own, BurnedInAnnotation="NO")
    radiograph(folder, 5, own, BurnedInAnnotation="YES")
    named(pydicom.dcmread(get_testdata_file(REAL)), folder, 6)
    return folder


@pytest.fixture(scope="module")
def site(install, files, python):
    """An installation that reads, with the files in it."""
    made = install("texts")
    left = made.home / "reading" / "of a killed run"
    left.mkdir(parents=True)
    os.utime(left, (0, 0))
    with made.hold():
        told = {"ocr": "projections", "ocr_python": python}
        settings = Settings(home=made.home, _env_file=None, **told)
        made.held = Places(settings)
        load(made.held, files)
        yield made


def reasons(site):
    found = {}
    for row in rows(site, ""):
        found.setdefault(row["pixel_reason"], []).append(row["sop_instance_uid"])
    named = {site.held.pseudonyms.uid(f"{ROOT_UID}.{n}"): n for n in range(1, 7)}
    return {why: sorted(named[sop] for sop in sops) for why, sops in found.items()}


def test_each_image_is_decided_by_what_stands_on_it(site):
    """Own words are masked, strangers' withheld; a flag is not read away.

    The last one is real: the words around an ultrasound of pydicom's wheel.
    """
    assert reasons(site) == {
        "own_text_masked": [1, 4],
        "no_text_seen": [2],
        "text_seen": [3, 6],
        "burned_in": [5],
    }


def test_the_name_is_black_and_the_marker_is_not(site):
    """In the JPEG, by another decoder."""
    mine = site.held.pseudonyms.uid(f"{ROOT_UID}.1")
    [row] = [r for r in rows(site, "own") if r["sop_instance_uid"] == mine]
    pixels = pixels_of(site, row)

    assert pixels[20:44, 32:330].max() <= 48
    assert pixels[430:460, 575:600].max() > 200


def test_an_image_is_read_once(site, monkeypatch):
    """Another JPEG quality reads nothing again, and what is kept is no text."""
    before = keys(site)
    monkeypatch.setattr(TextReader, "_read", lambda *_: pytest.fail("read again"))
    other = site.held.settings.model_copy(update={"jpeg_quality": 80})
    with_other_jpegs = Places(other)

    assert sum(month.answered for month in render_due(with_other_jpegs)) == 6

    assert keys(site) == before
    kept = with_other_jpegs.pixel_texts.table.all().to_pylist()
    assert len(kept) == 5
    assert list((site.home / "reading").iterdir()) == []
    assert not any("QUIST" in str(row).upper() for row in kept)


def test_without_the_extra_nothing_starts(tmp_path):
    """The message has the ways out."""
    none = tmp_path / "python"
    shutil.copy("/bin/false", none)

    with pytest.raises(TextReaderError, match="DICOM_PIPELINE_OCR_PYTHON"):
        _ = TextReader(str(none)).version
