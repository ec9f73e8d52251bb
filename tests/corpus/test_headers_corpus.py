"""743 real files read as the corpus' own manifest says they are.

Two columns of the manifest are not compared: ``n_private`` and ``n_sequences`` count
group lengths and what follows the pixels, which are no part of a header.
"""

from collections import Counter
from pathlib import Path

import pytest
from pydicom.uid import UID

from dicom_pipeline.dicom.header import (
    FIRST_RANGE,
    Header,
    Ignored,
    NeedMore,
    Outcome,
    Refused,
    extract,
)
from tests.corpus.given import FILES, HERE, ROOT, csv_rows

pytestmark = pytest.mark.corpus

EXCEPTIONS = csv_rows(HERE / "headers_exceptions.csv")
EXPECTED = {"readable": "header", "undecodable": "header", "not DICOM": "not_dicom"}
TEXTS = {
    "PatientID": "00100020",
    "StudyInstanceUID": "0020000D",
    "SeriesInstanceUID": "0020000E",
    "SOPInstanceUID": "00080018",
    "Modality": "00080060",
    "StudyDate": "00080020",
    "Rows": "00280010",
    "Columns": "00280011",
    "NumberOfFrames": "00280008",
    "BitsAllocated": "00280100",
    "BitsStored": "00280101",
    "SamplesPerPixel": "00280002",
    "PhotometricInterpretation": "00280004",
    "PatientBirthDate": "00100030",
    "Manufacturer": "00080070",
    "ManufacturerModelName": "00081090",
    "DeviceSerialNumber": "00181000",
    "BurnedInAnnotation": "00280301",
}
ABSENT = {
    "missing_sop_instance_uid": "SOPInstanceUID",
    "missing_study_instance_uid": "StudyInstanceUID",
    "missing_series_instance_uid": "SeriesInstanceUID",
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


def word(outcome: Outcome) -> str:
    if isinstance(outcome, Refused | Ignored):
        return outcome.reason.value
    return "header" if isinstance(outcome, Header) else "more"


def fields(header: Header) -> dict[str, str]:
    """What the manifest has a column for, spelled as it does."""
    terms = header.dataset.get("00080005", {}).get("Value", [])
    terms = [term or "" for term in terms]
    sop_class = header.sop_class_uid
    return {
        **{column: header.text(tag) for column, tag in TEXTS.items()},
        "PatientName": name(header),
        "SOPClass": UID(sop_class).name if sop_class else "",
        "SpecificCharacterSet": str(terms) if len(terms) > 1 else "".join(terms),
        "TransferSyntaxUID": header.transfer_syntax_uid,
        "header_bytes": f"{header.header_bytes}.0",
    }


def name(header: Header) -> str:
    [groups, *_] = header.dataset.get("00100010", {}).get("Value") or [None]
    order = ("Alphabetic", "Ideographic", "Phonetic")
    return "=".join((groups or {}).get(group, "") for group in order).rstrip("=")


@pytest.mark.parametrize("row", FILES, ids=lambda row: row["path"][-60:])
def test_a_real_file_reads_as_the_manifest_says(row):
    """Outcome, identity, name, dates, sizes; or exactly the difference in the table."""
    outcome, _ = ranged(ROOT / row["path"])

    found = {}
    if word(outcome) != EXPECTED[row["expected"]]:
        found["outcome"] = word(outcome)
    if isinstance(outcome, Header):
        read = fields(outcome)
        found |= {column: text for column, text in read.items() if text != row[column]}

    listed = {e["field"]: e["ours"] for e in EXCEPTIONS if e["path"] == row["path"]}
    assert found == listed


def test_every_exception_is_of_a_file_and_says_why():
    """One line per file and field; what a file lacks, the manifest has not either."""
    rows = {row["path"]: row for row in FILES}
    keys = [(e["path"], e["field"]) for e in EXCEPTIONS]

    assert len(keys) == len(set(keys))
    assert {path for path, _ in keys} <= rows.keys()
    assert all(len(e["why"]) > 20 for e in EXCEPTIONS)
    for exception in EXCEPTIONS:
        row = rows[exception["path"]]
        assert exception["field"] in {"outcome", *row}
        if exception["ours"] in ABSENT:
            assert row[ABSENT[exception["ours"]]] == ""
        if exception["ours"] == "dicomdir":
            assert row["SOPClass"] == "Media Storage Directory Storage"


def test_the_whole_corpus_balances():
    """Every file ends in one outcome, and most need one range."""
    outcomes = [ranged(ROOT / row["path"]) for row in FILES]

    counts = Counter(word(outcome) for outcome, _ in outcomes)
    requests = Counter(number for _, number in outcomes)
    refused = Counter(e["ours"] for e in EXCEPTIONS if e["field"] == "outcome")

    assert sum(counts.values()) == len(FILES)
    assert counts == refused + Counter(
        header=len(FILES) - refused.total() - 8, not_dicom=8
    )
    assert requests[1] > 0.8 * len(FILES)
