"""Every readable file of the corpus comes back out of the JSON of its header."""

from pathlib import Path

import pytest

from tests.corpus.given import FILES, HERE, ROOT, csv_rows
from tests.oracles.roundtrip import round_trip

pytestmark = pytest.mark.corpus

WHEEL = "pydicom+pydicom/src/pydicom/data/"  # compared in tests/unit/dicom
PATHS = [
    row["path"]
    for row in FILES
    if row["expected"] != "not DICOM" and not row["path"].startswith(WHEEL)
]
EXCEPTIONS = {
    row["file"]: [(row["element"], row["difference"])]
    for row in csv_rows(HERE / "roundtrip_exceptions.csv")
}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[-60:])
def test_a_header_comes_back_out_of_its_json(path):
    """Equal to what pydicom reads, but for bulk, group lengths and padding."""
    expected = EXCEPTIONS.get(Path(path).name, [])

    assert round_trip((ROOT / path).read_bytes()) == expected
