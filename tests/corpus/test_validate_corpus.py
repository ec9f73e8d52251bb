"""743 real files checked by the command; its report says what the manifest says."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.corpus.given import FILES, HERE, ROOT, csv_rows

COMMAND = Path(sys.executable).with_name("dicom-pipeline")

pytestmark = pytest.mark.corpus

EXPECTED = {row["path"]: row for row in FILES}
EXCEPTIONS = {
    (row["path"], row["field"]): row["ours"]
    for row in csv_rows(HERE / "validate_exceptions.csv")
}
DECODES = {"y": "true", "n": "false", "": ""}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Run the command once; return its exit code and its rows by path."""
    report = tmp_path_factory.mktemp("validate") / "report.csv"
    ended = subprocess.run(
        [COMMAND, "validate", ROOT.resolve(), "--report", report],
        capture_output=True,
        check=False,
        timeout=300,
    )
    rows = {
        os.path.relpath(row["path"], ROOT.resolve()): row for row in csv_rows(report)
    }
    return ended.returncode, {path: rows[path] for path in EXPECTED}


def _expected(row: dict[str, str]) -> dict[str, str]:
    """What the manifest says, in the words of the report."""
    frames = row["NumberOfFrames"].removesuffix(".0")
    return {
        "bytes": row["bytes"],
        "readable": str(row["expected"] != "not DICOM").lower(),
        "decodable": DECODES[row["decodes"]],
        "transfer_syntax_uid": row["TransferSyntaxUID"].strip(),
        "modality": row["Modality"],
        **({"frames": frames} if frames and row["decodes"] else {}),
    }


def test_the_report_says_what_the_manifest_says(done):
    """Every difference is in the table, and the table has no other."""
    _, rows = done
    different = {
        (path, field): rows[path][field]
        for path, row in EXPECTED.items()
        for field, value in _expected(row).items()
        if rows[path][field] != value
    }

    assert different == EXCEPTIONS


def test_what_is_not_dicom_is_told_so(done):
    """As many as the manifest has; the exit code says that some were refused."""
    code, rows = done
    reasons = Counter(row["reason"] for row in rows.values())

    assert code == 4
    assert reasons["not_dicom"] == 8
    assert reasons["dicomdir"] == 8


def test_a_file_without_a_name_is_described(done):
    """Its reason names what it lacks, and so does the list of type 1."""
    _, rows = done
    lacking = {
        "missing_sop_instance_uid": "SOPInstanceUID",
        "missing_study_instance_uid": "StudyInstanceUID",
        "missing_series_instance_uid": "SeriesInstanceUID",
    }
    nameless = [row for row in rows.values() if row["reason"] in lacking]

    assert len(nameless) > 30
    for row in nameless:
        keyword = lacking[row["reason"]]
        assert row["readable"] == "true"
        assert keyword in row["missing_type_1"].split()
        assert keyword not in row["identifiers"].split()
