"""Whether a series is all there: what dbt says against a plain reading of the files."""

import contextlib
import datetime as dt
import os
from collections import defaultdict
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from dicom_pipeline.catalog import ENTITIES
from dicom_pipeline.dicom.header import Header, extract
from dicom_pipeline.dicom.quiet import silence
from dicom_pipeline.dicom.rows import (
    FileFacts,
    entity_tables,
    header_row,
    headers_table,
)
from dicom_pipeline.sources.hospital import write_hospital

HERE = Path(__file__).parent
CORPUS = Path(os.environ.get("DICOM_CORPUS", HERE / "../../../../shared/data/dicom"))
PLACE, DIRECTIONS = "ImagePositionPatient", "ImageOrientationPatient"
PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
TILTED = (1.0, 0.0, 0.0, 0.0, 0.8, 0.6)  # normal (0, -0.6, 0.8)
COLUMNS = (
    "completeness, completeness_reason, missing_instances, duplicate_instances,"
    " number_of_slices, round(slice_spacing_mm, 3), is_uniform, is_complete"
)


def instance(series, number, z=None, **more):
    """File of one image; ``z`` is its distance on the normal, in mm."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.Modality = CTImageStorage, "CT"
    dataset.PatientID, dataset.StudyDate = "1", "20240105"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2", f"1.2.{series}"
    dataset.InstanceNumber = number
    if z is not None:
        dataset.ImageOrientationPatient = list(TILTED)
        # Moved in the plane as well: a shift there is no step.
        dataset.ImagePositionPatient = [7.0 * z, -0.6 * z, 0.8 * z]
    dataset.Rows = dataset.Columns = dataset.SamplesPerPixel = 1
    dataset.BitsAllocated, dataset.PixelData = 8, b"\0\0"
    for keyword, value in more.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    file = BytesIO()
    pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()


def stack(numbers, step=2.5, **more):
    """Images whose places follow from their numbers."""
    return [(number, step * number, more) for number in numbers]


FULL = ("complete", "numbers_and_spacing", 0, 0)
SERIES = {
    "whole": (stack(range(1, 9)), (*FULL, 8, 2.5, True, True)),
    "from zero": (stack(range(8)), (*FULL, 8, 2.5, True, True)),
    "hole": (
        stack([1, 2, 3, 6, 7, 8]),
        ("gaps", "instance_number", 2, 0, 6, 2.5, False, False),
    ),
    "hole, numbered anew": (
        [(n, 2.0 * z, {}) for n, z in enumerate([0, 1, 2, 4, 5, 6], start=1)],
        ("gaps", "slice_position", 1, 0, 6, 2.0, False, False),
    ),
    "hole, no numbers": (
        [(None, 2.0 * z, {}) for z in (0, 1, 2, 4, 5)],
        ("gaps", "slice_position", 1, 0, 5, 2.0, False, False),
    ),
    "no numbers": (
        [(None, 2.0 * z, {}) for z in range(5)],
        ("unknown", "no_instance_number", 0, 0, 5, 2.0, True, None),
    ),
    "every second": (
        stack([1, 3, 5, 7]),
        ("unknown", "numbers_skip", 0, 0, 4, 5.0, True, None),
    ),
    "first ones lost": (
        stack(range(5, 9)),
        ("unknown", "numbers_start_late", 0, 0, 4, 2.5, True, None),
    ),
    "fewer than promised": (
        stack(range(1, 5), ImagesInAcquisition=6),
        ("gaps", "expected_count", 2, 0, 4, 2.5, True, False),
    ),
    "as many as promised": (
        stack(range(11, 15), ImagesInAcquisition=4),
        ("complete", "expected_count", 0, 0, 4, 2.5, True, True),
    ),
    "fewer promised than there": (
        stack(range(1, 5), ImagesInAcquisition=2),
        (*FULL, 4, 2.5, True, True),
    ),
    "one twice": (
        [*stack(range(1, 5)), (2, 5.0, {})],
        ("duplicates", "instance_number", 0, 1, 4, 2.5, True, False),
    ),
    "one place twice": (
        [*stack(range(1, 5)), (5, 5.004, {})],
        ("duplicates", "slice_position", 0, 1, 4, 2.5, True, False),
    ),
    "two phases": (
        [(n, 3.0 * ((n - 1) % 4), {}) for n in range(1, 9)],
        (*FULL, 4, 3.0, True, True),
    ),
    "two phases, one lost": (
        [(n, 3.0 * ((n - 1) % 4), {}) for n in (1, 2, 3, 4, 5, 7, 8)],
        ("gaps", "instance_number", 1, 0, 4, 3.0, True, False),
    ),
    "rounded places": (
        [(n, round(n * 1.0 / 3, 2), {}) for n in range(1, 9)],
        (*FULL, 8, 0.334, True, True),
    ),
    "thin, then thick": (
        [(n, z, {}) for n, z in enumerate([0, 4, 8, 16, 24, 32, 40], start=1)],
        ("complete", "numbers", 0, 0, 7, 4.0, False, True),
    ),
    "localizer beside": (
        [*stack(range(1, 5)), (9, 99.0, {"ImageType": ["ORIGINAL", "P", "LOCALIZER"]})],
        (*FULL, 4, 2.5, True, True),
    ),
    "localizer": (
        [(1, 0.0, {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]})],
        ("not_applicable", "localizer", 0, 0, None, None, None, None),
    ),
    "report": (
        [(1, None, {"PixelData": None, "Modality": "SR"})],
        ("not_applicable", "no_pixels", 0, 0, None, None, None, None),
    ),
    "radiograph": (
        [(1, None, {"Modality": "DX"})],
        ("not_applicable", "single_image", 0, 0, None, None, None, None),
    ),
    "cine": (
        [(4, None, {"NumberOfFrames": 3})],
        ("complete", "multi_frame", 0, 0, None, None, None, True),
    ),
    "part of a cine": (
        [(1, None, {"NumberOfFrames": 3, "InConcatenationTotalNumber": 2})],
        ("gaps", "expected_count", 1, 0, None, None, None, False),
    ),
    "one slice": (
        stack([1]),
        ("unknown", "single_slice", 0, 0, 1, None, None, None),
    ),
    "views": (
        [(n, None, {"Modality": "DX"}) for n in (1, 2)],
        ("complete", "numbers", 0, 0, None, None, None, True),
    ),
}


def store(archive, files, month="2024-01", batch="b1"):
    """Write raw tables of files as the door and the projection would."""
    rows = []
    for place, body in enumerate(files):
        header = extract(body, len(body))
        name = f"{batch}-{place:04}"
        moment = dt.datetime(2024, 6, 1, tzinfo=dt.UTC)
        if isinstance(header, Header):
            facts = FileFacts("p", name, 1, name, moment, batch)
            rows.append(header_row(header, facts))
    for name, table in entity_tables(headers_table(rows)).items():
        known = next(each for each in ENTITIES if each.name == name)
        archive.write(known, month, table.to_pylist(), batch=batch)


def build(archive, *more):
    """Build what the judgement needs, and nothing else."""
    for_it = ("anonymization_mapping", "code_lists", "stg_series", "stg_images")
    wanted = [*for_it, "fct_series", "--exclude-resource-type", "test", "unit_test"]
    assert archive.dbt("build", "--select", *wanted, *more) == {}


def judged(archive):
    """Columns of the judgement by pseudonym of the series."""
    rows = archive.rows(
        f"select series_instance_uid, {COLUMNS} from processed.fct_series"
    )
    return {uid: row for uid, *row in rows}


@pytest.fixture(scope="module")
def made(new_archive, tmp_path_factory):
    """Every made series, built once."""
    archive = new_archive(tmp_path_factory.mktemp("completeness"))
    store(
        archive,
        [
            instance(series, number, z, SOPInstanceUID=f"1.2.{series}.{n}", **more)
            for series, (images, _) in enumerate(SERIES.values())
            for n, (number, z, more) in enumerate(images)
        ],
    )
    build(archive)
    return SimpleNamespace(archive=archive, found=judged(archive))


@pytest.mark.parametrize("name", SERIES)
def test_a_series_is_judged_by_its_evidence(made, name):
    """Each rule of docs/completeness.md, on a series made to meet it."""
    _, expected = SERIES[name]
    uid = made.archive.pseudonyms.uid(f"1.2.{list(SERIES).index(name)}")

    assert tuple(made.found[uid]) == expected


def test_a_late_slice_makes_a_series_complete(made):
    """The judgement follows what has arrived, whenever it arrives."""
    series = list(SERIES).index("hole")
    uid = made.archive.pseudonyms.uid(f"1.2.{series}")
    late = [
        instance(series, number, 2.5 * number, SOPInstanceUID=f"1.2.{series}.9{number}")
        for number in (4, 5)
    ]
    assert made.found[uid][0] == "gaps"

    store(made.archive, late, batch="b2")
    build(made.archive)

    assert tuple(judged(made.archive)[uid]) == (*FULL, 8, 2.5, True, True)


def plain_reading(datasets):
    """Slices, spacing and numbers of one series, by pydicom and numpy alone."""
    images = [d for d in datasets if any(name in d for name in PIXELS)]
    images = [d for d in images if "LOCALIZER" not in (d.get("ImageType") or [])]
    numbers = {int(d.InstanceNumber) for d in images if d.get("InstanceNumber")}
    first_and_last = min(numbers, default=None), max(numbers, default=None)
    along = distances([(d.get(PLACE), d.get(DIRECTIONS)) for d in images])
    steps = np.diff(along)
    steps = steps[steps > 0.01]
    even = len(steps) > 1 and np.ptp(steps) < 0.015
    spacing = float((along[-1] - along[0]) / len(steps)) if even else None
    return *first_and_last, len(steps) + 1 if len(along) else None, spacing


def distances(places):
    """Distances on the first normal, sorted; none where the images are no stack."""
    if not all(position and along for position, along in places):
        return []
    normals = [np.cross(along[:3], along[3:]) for _, along in places]
    if any(np.dot(normals[0], normal) < 0.999 for normal in normals):
        return []
    return sorted(np.dot(normals[0], position) for position, _ in places)


def series_in(folder):
    """Bodies of the files, and data sets by series; the first of each instance."""
    bodies, series = {}, defaultdict(list)
    for file in sorted(file for file in folder.rglob("*") if file.is_file()):
        with silence(), contextlib.suppress(Exception):
            dataset = pydicom.dcmread(file)
            if dataset.SOPInstanceUID not in bodies and dataset.SeriesInstanceUID:
                bodies[dataset.SOPInstanceUID] = file.read_bytes()
                series[dataset.SeriesInstanceUID].append(dataset)
    return bodies.values(), series


@pytest.mark.parametrize("source", ["hospital", "corpus"])
def test_slices_and_numbers_are_those_of_the_files(source, new_archive, tmp_path):
    """First and last number, number of slices and their spacing, series by series."""
    folder = CORPUS.resolve() if source == "corpus" else tmp_path / "hospital"
    if source == "hospital":
        write_hospital(folder)
    elif not (folder / "MANIFEST.csv").is_file():
        pytest.skip("DICOM_CORPUS has no MANIFEST.csv")
    bodies, series = series_in(folder)
    archive = new_archive(tmp_path)
    store(archive, bodies)
    build(archive)
    found = {
        uid: (*numbers, spacing and pytest.approx(spacing, abs=0.001))
        for uid, *numbers, spacing in archive.rows(
            "select series_instance_uid, first_instance_number, last_instance_number,"
            " number_of_slices, case when is_uniform then slice_spacing_mm end"
            " from processed.fct_series"
        )
    }
    expected = {
        archive.pseudonyms.uid(uid): plain_reading(datasets)
        for uid, datasets in series.items()
    }

    assert {uid: expected.get(uid) for uid in found} == found
    assert len(found) > 20
    assert sum(spacing is not None for *_, spacing in found.values()) >= 9
