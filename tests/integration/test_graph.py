"""The whole graph on real files: balance, repetition, versions, JPEGs."""

import shutil
import struct
from collections import Counter

import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit, generate_uid

pytestmark = pytest.mark.s3

SOF, SOS, DHT, JPG, DAC = range(0xC0, 0xD0), 0xDA, 0xC4, 0xC8, 0xCC
ALLOWED = {*SOF, SOS, 0xDB, 0xDD, 0xE0}


def segments(jpeg: bytes) -> list[tuple[int, bytes]]:
    """Marker segments before the entropy-coded data (ISO 10918-1 B.1.1)."""
    found, at = [], 2
    while not found or found[-1][0] != SOS:
        mark, marker, length = struct.unpack_from(">BBH", jpeg, at)
        assert mark == 0xFF
        found.append((marker, jpeg[at + 4 : at + 2 + length]))
        at += 2 + length
    return found


def decoded(jpeg: bytes, rows: int, columns: int, samples: int):
    """Pixels as GDCM sees them, not our own codec."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2"
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = rows, columns, samples
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.PhotometricInterpretation = "MONOCHROME2" if samples == 1 else "YBR_FULL"
    if samples > 1:
        dataset.PlanarConfiguration = 0
    dataset.PixelData = encapsulate([jpeg])
    dataset["PixelData"].VR = "OB"
    dataset.pixel_array_options(decoding_plugin="gdcm")
    return dataset.pixel_array


def outcomes_by_name(loaded, rows_of) -> dict[str, dict]:
    with loaded.open() as places:
        rows = rows_of(places.raw, "tables/objects/")
    return {row["source_key"]: row for row in rows}


def test_received_is_the_sum_of_outcomes(first, hospital, bad_files, pydicom_files):
    """Nothing is lost and nothing is counted twice."""
    folders = (hospital, bad_files, pydicom_files)
    files = [file for each in folders for file in each.rglob("*") if file.is_file()]

    assert first.received == sum(first.outcomes.values()) == len(files)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("notes.txt", "not_dicom"),
        ("empty.dcm", "empty"),
        ("cut.dcm", "truncated"),
        ("nested.dcm", "nested_too_deep"),
        ("no_SOPInstanceUID", "missing_sop_instance_uid"),
        ("no_StudyInstanceUID", "missing_study_instance_uid"),
        ("no_SeriesInstanceUID", "missing_series_instance_uid"),
    ],
)
def test_a_bad_file_is_set_aside_with_its_reason(loaded, rows_of, name, reason):
    """The batch went on: the file waits in quarantine under a typed reason."""
    row = outcomes_by_name(loaded, rows_of)[f"bad/{name}"]

    assert (row["outcome"], row["reason"]) == ("quarantined", reason)


@pytest.mark.parametrize("name", ["stars.dcm", "zeros.dcm"])
def test_without_a_date_the_month_is_unknown(loaded, rows_of, name):
    """A value that is no date is no reason to refuse a file."""
    row = outcomes_by_name(loaded, rows_of)[f"bad/{name}"]

    assert (row["outcome"], row["month"]) == ("loaded", "unknown")


def test_a_file_that_claims_4_gigapixels_is_a_row_without_jpeg(loaded, rows_of):
    """Four bytes of pixels cannot be a picture."""
    row = outcomes_by_name(loaded, rows_of)["bad/huge.dcm"]
    with loaded.open() as places:
        sop = places.pseudonyms.uid(row["sop_instance_uid"])
        answers = rows_of(places.stage, "tables/compressed_images/")

    [answer] = [each for each in answers if each["sop_instance_uid"] == sop]
    assert row["outcome"] == "loaded"
    assert answer["status"] != "ok"
    assert answer["reason"]
    assert loaded.processed(
        f"select rows, columns, jpeg_count from fct_images"
        f" where sop_instance_uid = '{sop}'"
    ) == [(65535, 65535, 0)]


def test_every_image_has_its_jpeg_and_nothing_else_in_it(loaded, first):
    """Each decodes elsewhere, is as large as its row says, and tells nothing."""
    rows = loaded.processed(
        "select jpeg_key, jpeg_width, jpeg_height, jpeg_bytes from processed_images"
    )
    with loaded.open() as places:
        bodies = {key: places.stage.read(key) for key, *_ in rows}

    images = {key for key in first.stage if key.startswith("images/")}
    assert len(rows) > 200
    assert set(bodies) == images
    for key, width, height, size in rows:
        body = bodies[key]
        parts = segments(body)
        frame = next(p for m, p in parts if m in SOF and m not in {DHT, JPG, DAC})
        assert len(body) == size
        assert body[:2] == b"\xff\xd8"
        assert body[-2:] == b"\xff\xd9"
        assert struct.unpack(">HH", frame[1:5]) == (height, width)
        assert {marker for marker, _ in parts} <= ALLOWED
        assert decoded(body, height, width, frame[5]).shape[:2] == (height, width)


def test_the_same_command_again_adds_nothing(first, second):
    """No object, no JPEG, no row; every fingerprint is as it was."""
    assert second == first


@pytest.fixture(scope="module")
def later(loaded, second, hospital, tmp_path_factory):  # noqa: ARG001
    """A third load while others ask, with known bytes and new versions."""
    folder = tmp_path_factory.mktemp("made") / "later"
    folder.mkdir()
    one, other, stranger = sorted((hospital / "QUISTGAARD-ODOWD_S").rglob("IM*"))[:3]
    shutil.copy(one, folder / "another_name.dcm")
    changed = pydicom.dcmread(other)
    changed.InstanceNumber = 7777
    changed.save_as(folder / "corrected.dcm")
    strange = pydicom.dcmread(stranger)
    strange.SOPInstanceUID = strange.file_meta.MediaStorageSOPInstanceUID = (
        generate_uid(entropy_srcs=["stranger"])
    )
    strange.save_as(folder.parent / "x.dcm")
    with loaded.open() as places:
        places.raw.write("incoming/x.dcm", (folder.parent / "x.dcm").read_bytes())
    running, asked = loaded.start("ingest", folder), Counter()
    while running.poll() is None:
        done = loaded.command(
            "query", "select count(*) from fct_images", "--format", "csv"
        )
        asked[done.returncode] += 1
    loaded.said.append(running.communicate()[0])
    assert running.returncode == 0, loaded.said[-1]
    return {
        "asked": asked,
        "same": changed.SOPInstanceUID,
        "stranger": strange.SOPInstanceUID,
        "rows": outcomes_by_name,
    }


def test_people_can_ask_while_files_are_loaded(later):
    """A reader never waits for the writer, nor fails because of it."""
    assert later["asked"].keys() == {0}
    assert later["asked"].total() >= 3


def test_the_same_bytes_under_another_name_are_identical(loaded, later, rows_of):
    """They are counted and not stored again."""
    row = later["rows"](loaded, rows_of)["later/another_name.dcm"]

    assert row["outcome"] == "identical"


def test_other_bytes_under_a_known_uid_are_a_new_version(loaded, later, rows_of):
    """Both stay in the raw zone; people see the newest."""
    row = later["rows"](loaded, rows_of)["later/corrected.dcm"]
    with loaded.open() as places:
        kept = [o.key for o in places.raw.list("dicom/") if later["same"] in o.key]
        sop = places.pseudonyms.uid(later["same"])

    assert row["outcome"] == "new_version"
    assert len(kept) == 2
    assert loaded.processed(
        f"select instance_number from fct_images where sop_instance_uid = '{sop}'"
    ) == [(7777,)]


def test_a_file_that_others_put_into_raw_is_loaded(loaded, later, rows_of):
    """Whoever may write to the raw bucket may deliver there."""
    row = later["rows"](loaded, rows_of)["incoming/x.dcm"]
    with loaded.open() as places:
        sop = places.pseudonyms.uid(later["stranger"])

    assert row["outcome"] == "loaded"
    assert loaded.processed(
        f"select count(*) from fct_images where sop_instance_uid = '{sop}'"
    ) == [(1,)]


def test_later_files_keep_the_balance(loaded, later, first):  # noqa: ARG001
    """Three more came, three more have an outcome."""
    now = loaded.state()

    assert now.received == first.received + 3 == sum(now.outcomes.values())
