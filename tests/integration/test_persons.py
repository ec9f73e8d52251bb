"""From two Patient IDs in headers to one person in the published tables, and back."""

import json
from pathlib import Path

import pydicom
import pytest
import yaml
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

NAMES = ("Transfer-1001", "Transfer-2002", "Stranger-3003")
KEYS = "select patient_key, person_key from dim_patients order by patient_key"


def study_of(patient_id, issuer, others, to: Path):
    """Write one small image of a patient who is listed under other ids."""
    dataset = pydicom.dcmread(pydicom.data.get_testdata_file("CT_small.dcm"))
    dataset.PatientID, dataset.IssuerOfPatientID = patient_id, issuer
    dataset.PatientName, dataset.PatientBirthDate = "Canary^Person", "19500304"
    dataset.OtherPatientIDsSequence = []
    for name, of in others:
        item = Dataset()
        item.PatientID, item.IssuerOfPatientID = name, of
        dataset.OtherPatientIDsSequence.append(item)
    for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        dataset[keyword].value = generate_uid(entropy_srcs=[patient_id, keyword])
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.save_as(to / f"{patient_id}.dcm")


@pytest.fixture(scope="module")
def transferred(install, tmp_path_factory):
    """A patient of hospital A who moved to B, and a stranger of the same name."""
    folder = tmp_path_factory.mktemp("transferred")
    old, new, stranger = NAMES
    study_of(old, "HOSP-A", [], folder)
    study_of(new, "HOSP-B", [(old, "HOSP-A")], folder)
    study_of(stranger, "HOSP-B", [], folder)
    made = install("persons")
    with made.hold():
        made.ingest(folder)
        yield made


def said(installation, *words):
    """What a command says to a machine."""
    done = installation.run("persons", *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def persons(installation):
    """Persons of the published tables, by patient."""
    return dict(installation.processed(KEYS))


def test_two_ids_become_one_person_until_somebody_parts_them(transferred, tmp_path):
    """By evidence, by unlink, by link, and each step can be read in the history."""
    alone = persons(transferred)
    assert len(alone) == 3
    assert all(patient == person for patient, person in alone.items())

    counts = said(transferred, "group")
    assert (counts["patients"], counts["persons"], counts["changed"]) == (3, 2, 1)
    assert counts["by_evidence"] == {"other_id": 2}
    joined = persons(transferred)
    [(younger, oldest)] = [pair for pair in joined.items() if pair[0] != pair[1]]
    [stranger] = joined.keys() - {younger, oldest}

    assert said(transferred, "unlink", younger, oldest)["by_size"] == {"1": 3}
    assert persons(transferred) == alone
    linked = said(transferred, "link", stranger, younger, "--later")
    assert linked["by_evidence"] == {"linked": 2}
    empty = tmp_path / "rules.yaml"
    empty.write_text(yaml.safe_dump({"issuers": [], "links": [], "unlinks": []}))
    said(transferred, "rules", empty)
    assert persons(transferred) == joined

    reasons = [line["reason"] for line in said(transferred, "history")["history"]]
    assert reasons[:3] == ["other_id", "unlinked", "linked"]
    assert not [n for n in NAMES if any(n in text for text in transferred.said)]


def test_a_key_that_nobody_has_is_refused(transferred):
    """At once, with what to do, and without a change."""
    before = said(transferred, "rules")
    done = transferred.run("persons", "link", "a" * 64, "b" * 64)

    assert done.returncode == 1
    assert "dim_patients" in done.stderr
    assert said(transferred, "rules") == before
