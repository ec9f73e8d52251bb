"""Every readable file of the corpus comes back out of the JSON of its header."""

import csv
import os
from pathlib import Path

import pytest

from tests.oracles.roundtrip import round_trip

HERE = Path(__file__).parent
ROOT = Path(os.environ.get("DICOM_CORPUS", HERE / "../../../shared/data/dicom"))
MANIFEST = ROOT / "MANIFEST.csv"

pytestmark = pytest.mark.corpus

if not MANIFEST.is_file():
    pytest.skip("DICOM_CORPUS has no MANIFEST.csv", allow_module_level=True)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


WHEEL = "pydicom+pydicom/src/pydicom/data/"  # compared in tests/unit/dicom
FILES = [
    row["path"]
    for row in rows(MANIFEST)
    if row["expected"] != "not DICOM" and not row["path"].startswith(WHEEL)
]
EXCEPTIONS = {
    row["file"]: [(row["element"], row["difference"])]
    for row in rows(HERE / "roundtrip_exceptions.csv")
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path[-60:])
def test_a_header_comes_back_out_of_its_json(path):
    """Equal to what pydicom reads, but for bulk, group lengths and padding."""
    expected = EXCEPTIONS.get(Path(path).name, [])

    assert round_trip((ROOT / path).read_bytes()) == expected
