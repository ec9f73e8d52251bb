"""The given corpus: 743 real files and what its manifest says of each.

A module that imports this is skipped, saying so, where the corpus is not.
"""

import csv
import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = Path(os.environ.get("DICOM_CORPUS", HERE / "../../../shared/data/dicom"))
_MANIFEST = ROOT / "MANIFEST.csv"


def csv_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if not _MANIFEST.is_file():
    pytest.skip("DICOM_CORPUS has no MANIFEST.csv", allow_module_level=True)

FILES = csv_rows(_MANIFEST)
