"""On real files the strict reader and pydicom say the same of every header."""

import os
from pathlib import Path

import pytest

from dicom_pipeline.dicom.header import Header, extract, read_tolerantly
from dicom_pipeline.dicom.quiet import silence
from dicom_pipeline.dicom.scan import IrregularError, scan

ROOT = Path(
    os.environ.get("DICOM_CORPUS", Path(__file__).parent / "../../../shared/data/dicom")
)
FILES = sorted(path for path in ROOT.rglob("*") if path.is_file())

pytestmark = pytest.mark.corpus

if not ROOT.is_dir():
    pytest.skip("DICOM_CORPUS is not there", allow_module_level=True)


def test_both_readers_say_the_same_of_every_file():
    """And the strict one reads most of them, else this compares nothing."""
    strict, other = 0, []
    for path in FILES:
        data = path.read_bytes()
        outcome = extract(data, len(data))
        if not isinstance(outcome, Header):
            continue
        with silence():
            other += [] if read_tolerantly(data, len(data)) == outcome else [path.name]
        try:
            scan(data, len(data))
        except IrregularError:
            continue
        strict += 1

    assert other == []
    assert strict > 0.7 * len(FILES)
