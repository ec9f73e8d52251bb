"""743 real files read as the corpus' own manifest says they are."""

import csv
import os
from collections import Counter
from pathlib import Path

import pytest

from dicom_pipeline.dicom.header import (
    FIRST_RANGE,
    Header,
    Ignored,
    NeedMore,
    Outcome,
    Refused,
    extract,
)

HERE = Path(__file__).parent
ROOT = Path(os.environ.get("DICOM_CORPUS", HERE / "../../../shared/data/dicom"))
MANIFEST = ROOT / "MANIFEST.csv"

pytestmark = pytest.mark.corpus

if not MANIFEST.is_file():
    pytest.skip("DICOM_CORPUS has no MANIFEST.csv", allow_module_level=True)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


FILES = _rows(MANIFEST)
EXCEPTIONS = {
    row["path"]: row["outcome"] for row in _rows(HERE / "headers_exceptions.csv")
}
MISSING = (
    ("missing_SOPInstanceUID", "missing_sop_instance_uid"),
    ("missing_StudyInstanceUID", "missing_study_instance_uid"),
    ("missing_SeriesInstanceUID", "missing_series_instance_uid"),
)
SAME = {
    "PatientID": "00100020",
    "StudyInstanceUID": "0020000D",
    "SeriesInstanceUID": "0020000E",
    "SOPInstanceUID": "00080018",
    "Modality": "00080060",
    "StudyDate": "00080020",
    "Rows": "00280010",
    "Columns": "00280011",
    "NumberOfFrames": "00280008",
    "Manufacturer": "00080070",
    "DeviceSerialNumber": "00181000",
    "PatientBirthDate": "00100030",
    "BurnedInAnnotation": "00280301",
}


def ranged(path: Path) -> tuple[Outcome, int]:
    """Read a header as from a store: ever more of the start of the object."""
    size, have, requests = path.stat().st_size, FIRST_RANGE, 1
    with path.open("rb") as file:
        while True:
            file.seek(0)
            outcome = extract(file.read(have), size)
            if not isinstance(outcome, NeedMore):
                return outcome, requests
            have, requests = outcome.wanted, requests + 1
            assert requests < 10


def expected(row: dict[str, str]) -> str:
    """Outcome that the manifest leads to expect, as a word."""
    defects = set(row["defects"].split(";"))
    if row["path"] in EXCEPTIONS:
        return EXCEPTIONS[row["path"]]
    if row["expected"] == "not DICOM":
        return "not_dicom"
    if "dicomdir" in defects:
        return "dicomdir"
    return next((reason for defect, reason in MISSING if defect in defects), "header")


def word(outcome: Outcome) -> str:
    if isinstance(outcome, Refused | Ignored):
        return outcome.reason.value
    return "header" if isinstance(outcome, Header) else "more"


def name(header: Header) -> str:
    [groups, *_] = header.dataset.get("00100010", {}).get("Value") or [None]
    order = ("Alphabetic", "Ideographic", "Phonetic")
    return "=".join((groups or {}).get(group, "") for group in order).rstrip("=")


@pytest.mark.parametrize("row", FILES, ids=lambda row: row["path"][-60:])
def test_a_real_file_reads_as_the_manifest_says(row):
    """Outcome, identity, name, dates and sizes; ranged like an object in a store."""
    outcome, _ = ranged(ROOT / row["path"])

    assert word(outcome) == expected(row)
    if isinstance(outcome, Header):
        read = {column: outcome.text(tag) for column, tag in SAME.items()}
        assert read == {column: row[column].rstrip("\0") for column in SAME}
        assert name(outcome) == row["PatientName"]
        assert outcome.transfer_syntax_uid == row["TransferSyntaxUID"]


def test_the_whole_corpus_balances():
    """Every file ends in one outcome, and most need one range."""
    outcomes = [ranged(ROOT / row["path"]) for row in FILES]

    counts = Counter(word(outcome) for outcome, _ in outcomes)
    requests = Counter(number for _, number in outcomes)

    assert sum(counts.values()) == len(FILES)
    assert counts["header"] > 0.9 * len(FILES)
    assert requests[1] > 0.8 * len(FILES)
