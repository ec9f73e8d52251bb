"""From a withheld image to a JPEG that someone has let go, and back."""

import io
import json
import shutil
from contextlib import nullcontext

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit
from typer.testing import CliRunner

from dicom_pipeline.cli.main import app
from dicom_pipeline.places import Places
from dicom_pipeline.publish.query import raw_connection, run_raw
from tests.integration.pixels import keys, load, render_due, rows, shown

pytestmark = pytest.mark.s3

PREFIX = "tables/pixel_reviews/"
WITHHELD = "examples_rgb_color.dcm"  # ultrasound without regions, 320 x 240
SHOWN = "CT_small.dcm"
COPIED = "SC_rgb_jpeg_dcmtk.dcm"  # a stream that could be copied, 100 x 100


def bright_ultrasound(**words):
    """White, 1024 x 768, as a baseline JPEG that could be copied, with a flag."""
    dataset = pydicom.dcmread(get_testdata_file(WITHHELD))
    body = io.BytesIO()
    Image.fromarray(np.full((768, 1024), 255, np.uint8)).save(body, "JPEG")
    dataset.PixelData = encapsulate([body.getvalue()])
    dataset["PixelData"].VR = "OB"
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = 768, 1024, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    del dataset.PlanarConfiguration
    dataset.WindowCenter, dataset.WindowWidth = "128", "256"
    for name, value in words.items():
        setattr(dataset, name, value)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pixels")
    for name in (WITHHELD, SHOWN, COPIED):
        shutil.copy(get_testdata_file(name), folder)
    known = {"Manufacturer": "Philips Medical Systems", "BurnedInAnnotation": "YES"}
    known |= {"SOPInstanceUID": "1.2.826.0.1.3680043.8.498.23.1"}
    bright_ultrasound(ManufacturerModelName="EPIQ 5G", **known).save_as(folder / "box")
    return folder


@pytest.fixture(scope="module")
def site(install, files):
    """An installation with the files in it, rendered; no table is built."""
    made = install("pixels")
    with made.hold():
        load(made.held, files)
        yield made


def review(site, *words, code=0):
    """Run a command of the group in this process; return what it says as JSON."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Places, "open", lambda _: nullcontext(site.held))
        done = CliRunner().invoke(app, ["review", *map(str, words), "--json"])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if not code else {}


def waiting(site, reason):
    listed = review(site, "list", "--reason", reason)
    return [each["image"] for each in listed["images"]]


def test_the_box_of_a_known_device_is_black_in_the_jpeg(site):
    """Decoded by another decoder; what lies below it stays, and nothing is copied."""
    pixels, warnings = shown(site, "device_boxes:deid-039")

    assert pixels.shape == (768, 1024)
    assert pixels[:48].max() == 0
    assert pixels[56:].min() > 250
    assert "stream_copied" not in warnings


def test_what_is_withheld_is_counted_without_names(site):
    """Keyed ids, reasons and modalities, and nothing of a header."""
    listed = review(site, "list")

    assert listed["waiting"] == 2
    reasons = {group["reason"]: group["images"] for group in listed["groups"]}
    assert reasons == {"ultrasound_without_regions": 1, "secondary_capture": 1}
    for name in (WITHHELD, COPIED):
        header = pydicom.dcmread(get_testdata_file(name), stop_before_pixels=True)
        assert str(header.SOPInstanceUID) not in json.dumps(listed)
        assert str(header.StudyInstanceUID) not in json.dumps(listed)


def test_a_reviewer_sees_what_nobody_else_can_read(site, tmp_path):
    """The frames are written for the user alone, outside of the buckets."""
    [image] = waiting(site, "ultrasound")
    before, look = keys(site), tmp_path / "look"

    told = review(site, "show", image, "--to", look, "--mask", "0,0,99,20")

    [frame] = look.iterdir()
    assert look.stat().st_mode & 0o777 == 0o700
    assert frame.stat().st_mode & 0o777 == 0o600
    assert (told["rows"], told["columns"], told["rendered"]) == (240, 320, 1)
    with Image.open(frame) as seen:
        assert seen.size == (320, 240)
        assert seen.convert("L").crop((0, 0, 96, 16)).getextrema() == (0, 0)
    assert keys(site) == before


def test_what_is_released_is_rendered_with_the_masks(site):
    """The next run renders that image and no other; the run after it, none."""
    [image] = waiting(site, "secondary_capture")
    mask = ("--why", "text_masked", "--mask", "0,0,48,100", "--by", "ann")
    before = keys(site)

    review(site, "release", image, *mask, "--note", "name of DOE^J")

    assert [month.answered for month in render_due(site.held)] == [1]
    pixels, warnings = shown(site, "released")
    assert pixels[:, :48].max() == 0
    assert pixels[:, 60:].max() > 0
    assert "stream_copied" not in warnings
    assert len(keys(site) - before) == 1
    assert waiting(site, "secondary_capture") == []
    review(site, "release", image, *mask, "--note", "name of DOE^J")
    assert render_due(site.held) == []


def test_a_release_survives_that_all_is_rendered_again(site):
    """Asked for again, every month is looked at, and nothing changes."""
    before = keys(site)

    again = [
        site.held.jpegs.render_month(month, lambda *_: None)
        for month in site.held.ledger.batches_by_month()
    ]

    assert sum(month.answered for month in again) == 0
    assert keys(site) == before
    assert rows(site, "released")[0]["pixel_decision"] == "mask"


def test_what_is_refused_is_gone_from_the_stage_bucket(site):
    """The JPEG of an image that the policy shows is called by its own name."""
    [before] = rows(site, "original_slices")
    sop = before["sop_instance_uid"]

    review(site, "release", sop, "--why", "no_text", "--by", "ann", code=1)
    review(site, "refuse", sop, "--why", "names_someone", "--by", "ann")
    render_due(site.held)

    [after] = rows(site, "refused")
    assert after["sop_instance_uid"] == sop
    assert (after["status"], after["jpeg_key"]) == ("withheld", None)
    assert before["jpeg_key"] not in keys(site)
    assert len(waiting(site, "refused")) == 1


def test_a_new_version_ends_the_release(site, files, tmp_path):
    """Someone has to look again: under the id of the new version."""
    [before] = waiting(site, "ultrasound")
    review(site, "release", before, "--why", "no_text", "--by", "ann")
    render_due(site.held)
    assert waiting(site, "ultrasound") == []
    dataset = pydicom.dcmread(files / WITHHELD)
    dataset.ImageComments = "corrected"
    dataset.save_as(tmp_path / "again.dcm")

    load(site.held, tmp_path)

    [after] = waiting(site, "ultrasound")
    assert after != before
    review(site, "show", before, code=3)


def test_what_a_reviewer_writes_stays_in_the_raw_zone(site, rows_of):
    """Reviewer and note stand in one table of the raw bucket, and nowhere else."""
    [row] = [r for r in rows_of(site.held.raw, PREFIX) if r["note"]]
    assert (row["reviewer"], row["note"]) == ("ann", "name of DOE^J")

    asked = raw_connection(site.held.store, site.held.raw.name)
    told = run_raw(asked, "select verdict, masks, number from raw.pixel_reviews")
    assert ("released", [[0, 0, 48, 100]], 1) in told.rows
    texts = run_raw(asked, "select count(*) from raw.pixel_texts")
    assert texts.rows == [(0,)]

    outside = b"".join(site.held.stage.read(o.key) for o in site.held.stage.list())
    for word in (b"DOE^J", row["sop_instance_uid"].encode()):
        assert word not in outside
