"""The synthetic hospital is real DICOM, the same each time, and says who it holds."""

import datetime as dt
import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import ImplicitVRLittleEndian, RLELossless

from dicom_pipeline.sources.hospital import planted, write_hospital


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Write the hospital once."""
    root = tmp_path_factory.mktemp("hospital")
    write_hospital(root)
    return root


@pytest.fixture(scope="module")
def files(folder):
    """Read every file, pixels too."""
    return [pydicom.dcmread(file) for file in _paths(folder)]


def _paths(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file())


def test_it_is_small_and_varied(folder, files):
    """A demo of minutes shows every kind of object."""
    assert 150 <= len(files) <= 250
    assert sum(file.stat().st_size for file in _paths(folder)) < 30_000_000
    assert set(Counter(d.Modality for d in files)) == {
        *("CT", "MR", "PT", "CR", "DX", "US", "OT", "SR")
    }
    syntaxes = {dataset.file_meta.TransferSyntaxUID for dataset in files}
    assert {ImplicitVRLittleEndian, RLELossless} < syntaxes


def test_the_same_seed_makes_the_same_bytes(folder, tmp_path):
    """A canary found once is found again."""
    count = write_hospital(tmp_path)
    digests = [
        [hashlib.sha256(file.read_bytes()).digest() for file in _paths(root)]
        for root in (folder, tmp_path)
    ]

    assert digests[0] == digests[1]
    assert count == len(digests[0])


def test_another_seed_makes_other_people():
    """Names stay, numbers and dates of birth move."""
    assert not set(planted().patient_ids) & set(planted(seed=2).patient_ids)


def test_instances_are_unique_and_under_2_25(files):
    """No file replaces another."""
    uids = [dataset.SOPInstanceUID for dataset in files]

    assert len(set(uids)) == len(uids)
    assert all(uid.startswith("2.25.") and uid.is_valid for uid in uids)


def test_names_are_read_back_as_planted(files):
    """Five character sets, two of them with escape sequences."""
    assert {str(dataset.PatientName) for dataset in files} == set(planted().names)
    assert {dataset.PatientID for dataset in files} == set(planted().patient_ids)
    assert {d.AccessionNumber for d in files} <= set(planted().accession_numbers)
    born = {dt.date.fromisoformat(d.PatientBirthDate) for d in files}
    assert born == set(planted().birth_dates)


def test_studies_span_months_and_two_lack_a_date(files):
    """One is dated by its series alone, one by nothing."""
    dates = {d.StudyInstanceUID: (d.StudyDate, d.get("SeriesDate")) for d in files}
    months = {study[:6] for study, _ in dates.values() if study}

    assert len(months) >= 5
    assert ("", None) in dates.values()
    assert any(not study and series for study, series in dates.values())


def test_pixels_decode_and_are_no_noise(files):
    """Neighbours resemble each other; a body has air around it and tissue within."""
    for dataset in files:
        if "PixelData" not in dataset:
            continue
        shape = (-1, dataset.Rows, dataset.Columns, dataset.SamplesPerPixel)
        picture = dataset.pixel_array.astype(float).reshape(shape)[0, ..., 0]
        assert np.abs(np.diff(picture, axis=1)).mean() < picture.std() / 2


def test_ct_is_in_hounsfield_units(files):
    """Lung, soft tissue and bone stand where they should."""
    dataset = next(d for d in files if d.SeriesDescription.startswith("Thorax 5.0"))
    hounsfield = dataset.pixel_array * float(dataset.RescaleSlope) + float(
        dataset.RescaleIntercept
    )

    assert hounsfield[0].mean() == pytest.approx(-1000, abs=20)
    assert np.percentile(hounsfield, 99.5) > 200
    assert ((hounsfield > 0) & (hounsfield < 100)).mean() > 0.1


def test_files_of_one_series_share_a_geometry(files):
    """Slices of a CT are parallel and evenly spaced."""
    series = [d for d in files if d.SeriesDescription == "CHEST 2.5MM LUNG"]
    heights = np.diff(sorted(float(d.ImagePositionPatient[2]) for d in series))

    assert len(series) == 18
    assert np.allclose(heights, 7.5)


def test_canaries_lie_in_the_files(folder):
    """A leak scan that searches for them would find them, were nothing removed."""
    body = b"".join(file.read_bytes() for file in _paths(folder))
    body += "".join(str(file) for file in _paths(folder)).encode()
    canaries = planted().canaries
    found = [word for word in canaries if _stored(word, body)]

    assert len(found) > 0.6 * len(canaries)
    assert set(planted().patient_ids) <= set(found)
    assert all(len(word) > 2 or not word.isascii() for word in canaries)


def _stored(word: str, body: bytes) -> bool:
    return word.encode() in body or word.encode("latin-1", "replace") in body
