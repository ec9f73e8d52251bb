"""A header comes back out of its JSON as pydicom reads the file."""

import base64
import csv
from pathlib import Path

import pytest
from pydicom.data import get_charset_files, get_testdata_files

from dicom_pipeline.dicom.header import Refused, extract
from dicom_pipeline.dicom.reasons import QuarantineReason
from tests.oracles.headers import parsed
from tests.oracles.roundtrip import differences, restored, round_trip, stored

TABLE = Path(__file__).parents[2] / "corpus" / "roundtrip_exceptions.csv"
with TABLE.open(encoding="utf-8", newline="") as lines:
    EXCEPTIONS = {
        row["file"]: [(row["element"], row["difference"])]
        for row in csv.DictReader(lines)
    }


def is_dicom(path: str) -> bool:
    if not Path(path).is_file():
        return False
    data = Path(path).read_bytes()
    return extract(data, len(data)) != Refused(QuarantineReason.NOT_DICOM)


FILES = sorted(
    {p for p in (*get_testdata_files(), *get_charset_files()) if is_dicom(p)}
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: Path(path).name)
def test_a_file_of_the_wheel_comes_back(path):
    """Equal to what pydicom reads, but for bulk, group lengths and padding."""
    expected = EXCEPTIONS.get(Path(path).name, [])

    assert round_trip(Path(path).read_bytes()) == expected


def test_enough_files_are_compared():
    """A suite over nothing passes too."""
    assert len(FILES) > 150


@pytest.mark.parametrize(
    ("tag", "element", "difference"),
    [
        (
            "00100010",
            {"vr": "PN", "Value": [{"Alphabetic": "Other"}]},
            "value of VR PN",
        ),
        ("00180050", {"vr": "DS", "Value": [5.1]}, "value of VR DS"),
        ("00280010", {"vr": "SS", "Value": [128]}, "VR SS, pydicom US"),
        ("00080005", None, "absent"),
        ("00404012", {"vr": "LO", "Value": ["new"]}, "added"),
        (
            "00431029",
            {"vr": "OB", "InlineBinary": base64.b64encode(b"other").decode()},
            "value of VR OB",
        ),
    ],
)
def test_the_comparison_sees_what_differs(ct_small, tag, element, difference):
    """Each kind of difference; else the suite would say nothing."""
    header = stored(ct_small)
    if element is None:
        del header[tag]
    else:
        header[tag] = element

    found = differences(restored(header), parsed(ct_small))

    assert (tag, difference) in found
    assert len(found) == 1
