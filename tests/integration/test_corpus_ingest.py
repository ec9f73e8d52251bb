"""743 real files loaded: every one is accounted for, and read as its manifest says."""

import pytest

from dicom_pipeline.sources.folder import etag
from tests.corpus.given import FILES, HERE, ROOT, csv_rows

pytestmark = [pytest.mark.corpus, pytest.mark.s3, pytest.mark.long]

UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
NUMBERS = {
    "Rows": "rows",
    "Columns": "columns",
    "NumberOfFrames": "number_of_frames",
}

EXCEPTIONS = {row["path"] for row in csv_rows(HERE / "headers_exceptions.csv")}
READABLE = [
    row
    for row in FILES
    if row["expected"] == "readable"
    and all(row[uid].strip("\0 ") for uid in UIDS)
    and row["path"] not in EXCEPTIONS
]


@pytest.fixture(scope="module")
def corpus(install):
    """One load of everything there is."""
    made = install("corpus")
    with made.hold():
        made.ingest(ROOT.resolve())
        yield made


@pytest.fixture(scope="module")
def before(corpus):
    return corpus.state()


@pytest.fixture(scope="module")
def headers(corpus, rows_of):
    with corpus.open() as places:
        return rows_of(places.raw, "tables/headers/")


def _number(text: str) -> int | None:
    return int(float(text)) if text else None


def test_the_balance_holds(before):
    """Everything received ended in one outcome."""
    here = sum(1 for file in ROOT.resolve().rglob("*") if file.is_file())

    assert before.received == sum(before.outcomes.values()) == here


def test_every_readable_file_is_in_the_raw_headers(headers):
    """Found by SOP Instance UID and checksum, with the manifest's values."""
    by_file = {(row["sop_instance_uid"], row["fingerprint"]): row for row in headers}
    wrong = {}
    for row in READABLE:
        uid = row["SOPInstanceUID"].rstrip("\0 ")
        found = by_file.get((uid, etag(ROOT / row["path"])))
        if found is None:
            wrong[row["path"]] = "missing"
            continue
        expected = {name: _number(row[key]) for key, name in NUMBERS.items()}
        expected["modality"] = row["Modality"] or None
        different = {
            name: (found[name], value)
            for name, value in expected.items()
            if (found[name] or None) != (value or None)
        }
        if different:
            wrong[row["path"]] = different

    assert len(READABLE) > 650
    assert wrong == {}


def test_every_readable_file_is_processed_as_its_newest_version(corpus, headers):
    """Under its pseudonym, sized as the last file of its UID says."""
    newest = {}
    for row in sorted(headers, key=lambda r: (r["modified_at"], r["fingerprint"])):
        newest[row["sop_instance_uid"]] = row
    processed = {
        sop: rest
        for sop, *rest in corpus.processed(
            "select sop_instance_uid, rows, columns, number_of_frames, modality"
            " from fct_images"
        )
    }
    wrong = {}
    with corpus.open() as places:
        pseudonym = places.pseudonyms.uid
    for uid in {row["SOPInstanceUID"].rstrip("\0 ") for row in READABLE}:
        row, found = newest[uid], processed.get(pseudonym(uid))
        if found is None:
            wrong[uid] = "missing"
        elif found[:3] != [row["rows"], row["columns"], row["number_of_frames"]]:
            wrong[uid] = found
        elif found[3] != (row["modality"] or None):
            wrong[uid] = found[3], row["modality"]

    assert len(processed) == len(newest)
    assert wrong == {}


def test_what_is_not_dicom_is_set_aside_with_a_reason(corpus, rows_of):
    """None of them is a row, none stops the others."""
    with corpus.open() as places:
        rows = rows_of(places.raw, "tables/objects/")
    by_print = {row["fingerprint"]: row for row in rows}
    outcomes = {
        row["path"]: by_print[etag(ROOT / row["path"])]
        for row in FILES
        if row["expected"] == "not DICOM"
    }

    assert {row["outcome"] for row in outcomes.values()} == {"quarantined"}
    assert all(row["reason"] for row in outcomes.values())


def test_the_same_command_again_adds_nothing(corpus, before):
    """No row, no object, no JPEG."""
    corpus.ingest(ROOT.resolve())

    assert corpus.state() == before
