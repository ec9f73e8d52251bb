"""On real files the strict reader and pydicom say the same of every header."""

import pytest

from dicom_pipeline.dicom.header import Header, extract, read_tolerantly
from dicom_pipeline.dicom.quiet import silence
from dicom_pipeline.dicom.scan import IrregularError, scan
from tests.corpus.given import FILES, ROOT

pytestmark = pytest.mark.corpus


def test_both_readers_say_the_same_of_every_file():
    """And the strict one reads most of them, else this compares nothing."""
    strict, other = 0, []
    for row in FILES:
        data = (ROOT / row["path"]).read_bytes()
        outcome = extract(data, len(data))
        if not isinstance(outcome, Header):
            continue
        with silence():
            other += (
                [] if read_tolerantly(data, len(data)) == outcome else [row["path"]]
            )
        try:
            scan(data, len(data))
        except IrregularError:
            continue
        strict += 1

    assert other == []
    assert strict > 0.7 * len(FILES)
