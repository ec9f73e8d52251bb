"""Every file gets one row that says what is wrong with it, and nothing is loaded."""

import csv
import datetime as dt
import io
import shutil
import zipfile
from pathlib import Path

import pydicom
import pytest
from pydicom.datadict import tag_for_keyword

from dicom_pipeline.resources.compressor import Compressor
from dicom_pipeline.resources.store import Store
from dicom_pipeline.sources.hospital import planted
from dicom_pipeline.sources.hospital.radiographs import cr_chest
from dicom_pipeline.sources.hospital.study import Visit
from dicom_pipeline.sources.requirements import REQUIREMENTS
from dicom_pipeline.sources.validate import COLUMNS, FileReport, validate, write_csv

BUILT = Path(__file__).parents[3] / "img_compressor/target/release/img-compressor"
BINARY = shutil.which("img-compressor") or str(BUILT)


class Answers:
    """A decoder that answers as it is told, and counts what it was asked."""

    def __init__(self, *answers):
        """Remember the answers of every file."""
        self.answers, self.asked = answers, 0

    def render(self, jobs):
        """Answer each job with all of them."""
        self.asked += len(jobs)
        for job in jobs:
            yield from ({"id": job.id, **answer} for answer in self.answers)


@pytest.fixture
def radiograph():
    """Return one CR as a data set."""
    [dataset] = cr_chest(Visit(planted().people[0], 1, dt.date(2024, 1, 9), seed=1))
    return dataset


@pytest.fixture
def write(tmp_path, radiograph):
    """Return a writer of the CR with some attributes changed or gone."""

    def written(name="a.dcm", *, without=(), **changed):
        dataset = pydicom.Dataset(radiograph)
        dataset.file_meta = radiograph.file_meta
        for keyword in without:
            del dataset[tag_for_keyword(keyword)]
        for keyword, value in changed.items():
            setattr(dataset, keyword, value)
        file = tmp_path / "in" / name
        file.parent.mkdir(exist_ok=True)
        dataset.save_as(file, enforce_file_format=True)
        return file

    return written


def test_a_good_file_is_ok(write):
    """Its columns say what it is."""
    file = write()
    [report] = validate([file])

    assert report.verdict == "ok"
    assert (report.path, report.bytes) == (str(file), file.stat().st_size)
    assert (report.modality, report.frames, report.decodable) == ("CR", 1, None)
    assert report.transfer_syntax_uid == "1.2.840.10008.1.2.1"
    assert "PatientID" in report.identifiers


def test_missing_attributes_are_named_by_type(write):
    """Type 1 wants a value; type 2 is content with an empty one."""
    file = write(
        without=["StudyDate", "Rows", "Manufacturer"],
        Modality="",
        PatientID="",
        AccessionNumber="",
    )
    [report] = validate([file])

    assert set(report.missing_type_1) == {"Modality", "Rows"}
    assert set(report.missing_type_2) == {"StudyDate", "Manufacturer"}
    assert not {"PatientID", "AccessionNumber"} & set(report.identifiers)
    assert report.verdict == "incomplete"


def test_conditions_ask_of_those_they_concern(write):
    """A plane of slices alone; a planar configuration of colour alone."""
    [report] = validate([write(without=["PixelData"])])

    assert report.frames is None
    assert report.missing_type_1 == ()


def test_what_is_no_file_of_dicom_is_told(tmp_path, write):
    """Each with its reason; a folder is read to its end."""
    folder = write().parent
    (folder / "empty").write_bytes(b"")
    (folder / "note.txt").write_text("not an image")
    (folder / "cut.dcm").write_bytes((folder / "a.dcm").read_bytes()[:600])
    (folder / "gone.dcm").symlink_to(tmp_path / "nowhere")
    verdicts = {Path(r.path).name: r.verdict for r in validate([folder])}

    assert verdicts == {
        "a.dcm": "ok",
        "empty": "empty",
        "note.txt": "not_dicom",
        "cut.dcm": "truncated",
        "gone.dcm": "no_permission_or_gone",
    }


def test_members_of_archives_have_rows(tmp_path, write):
    """Below the archive's path, nested ones too; damage is a row of its own."""
    folder = write().parent
    body = write().read_bytes()
    (folder / "in.zip").write_bytes(_zipped({"x.dcm": body}))
    inner = (folder / "in.zip").read_bytes()
    (folder / "in.zip").write_bytes(_zipped({"b": body, "deep.zip": inner}))
    (folder / "cut.zip").write_bytes(inner[:-30])
    bad = Answers({"status": "ok"})
    rows = {r.path.removeprefix(f"{folder}/"): r for r in validate([folder], bad)}

    assert {path: row.verdict for path, row in rows.items()} == {
        "a.dcm": "ok",
        "cut.zip": "archive_damaged",
        "cut.zip/x.dcm": "ok",
        "in.zip/b": "ok",
        "in.zip/deep.zip/x.dcm": "ok",
    }
    assert bad.asked == 4
    assert rows["in.zip/b"].bytes == len(body)
    assert sorted(tmp_path.iterdir()) == [folder]


def _zipped(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, body in members.items():
            made.writestr(name, body)
    return out.getvalue()


def test_the_decoder_sees_files_with_pixels_alone(write):
    """One bad frame makes a file undecodable; its reason is kept."""
    folder = write().parent
    write("b.dcm", without=["PixelData"])
    bad = Answers({"status": "ok"}, {"status": "error", "reason": "codec"})
    image, other = validate([folder], bad)

    assert bad.asked == 1
    assert (image.decodable, image.decode_reason) == (False, "codec")
    assert image.verdict == "undecodable"
    assert other.decodable is None


@pytest.mark.skipif(not Path(BINARY).exists(), reason="the decoder is not built")
def test_the_real_decoder_finds_cut_pixels(write):
    """A header that is whole does not hide pixels that are not."""
    folder = write().parent
    body = (folder / "a.dcm").read_bytes()
    (folder / "cut.dcm").write_bytes(body[: len(body) // 2])
    whole, cut = validate([folder], Compressor(BINARY, 90, Store()))

    assert whole.decodable is True
    assert cut.decodable is False
    assert cut.decode_reason


def test_csv_has_the_columns_in_their_order(write, tmp_path):
    """As a spreadsheet or another program reads it."""
    folder = write("ä b.dcm", without=["StudyDate", "StudyTime"]).parent
    (folder / "empty").write_bytes(b"")
    out = tmp_path / "report.csv"
    summary = write_csv(validate([folder]), out)
    with out.open(encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)

    assert tuple(first) == COLUMNS
    assert first["path"].endswith("empty")
    assert (first["readable"], first["reason"]) == ("false", "empty")
    assert second["missing_type_2"] == "StudyDate StudyTime"
    assert (second["readable"], second["decodable"]) == ("true", "")
    assert summary.verdicts == {"empty": 1, "incomplete": 1}
    assert (summary.files, summary.refused) == (2, 1)
    assert summary.bytes == (folder / "ä b.dcm").stat().st_size


def test_requirements_are_real_attributes():
    """Each is in the data dictionary, once."""
    keywords = [requirement.keyword for requirement in REQUIREMENTS]

    assert all(tag_for_keyword(keyword) for keyword in keywords)
    assert len(set(keywords)) == len(keywords)
    assert {requirement.type for requirement in REQUIREMENTS} == {1, 2}


def test_a_report_has_a_verdict_at_once():
    """Undecodable outweighs incomplete."""
    report = FileReport("x", readable=True, decodable=False, missing_type_1=("Rows",))

    assert report.verdict == "undecodable"
