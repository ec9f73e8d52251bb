"""From two Patient IDs in headers to one person in the published tables, and back."""

import json
from pathlib import Path

import pydicom
import pytest
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
    """A patient of hospitals A and B with one national id, and a namesake."""
    folder = tmp_path_factory.mktemp("transferred")
    old, new, stranger = NAMES
    study_of(old, "HOSP-A", [("National-77", "NHS")], folder)
    study_of(new, "HOSP-B", [("National-77", "NHS")], folder)
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


def test_two_ids_are_one_person_until_people_or_an_erasure_part_them(transferred):
    """By evidence, by unlink and link, by an erasure, which leaves no key behind."""
    key = transferred.held.persons.key
    old, new, stranger = keys = [
        key(f"HOSP-{of}\x1f{name}") for name, of in zip(NAMES, "ABB", strict=True)
    ]
    assert persons(transferred) == {one: one for one in keys}

    counts = said(transferred, "group")
    assert (counts["patients"], counts["persons"], counts["changed"]) == (3, 2, 1)
    assert counts["by_evidence"] == {"shared_other_id": 2}
    joined = persons(transferred)
    assert joined == {old: joined[new], new: joined[old], stranger: stranger}
    assert joined[old] in {old, new}

    parted = said(transferred, "unlink", new, old, "--later")
    assert parted["by_size"] == {"1": 3}
    linked = said(transferred, "link", old, new, "--later")
    assert linked["by_evidence"] == {"linked": 2, "shared_other_id": 2}

    words = ("--issuer", "HOSP-A", "--patient-id", NAMES[0], "--yes", "--json")
    done = transferred.run("erase", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert persons(transferred) == {stranger: stranger, new: new}
    assert transferred.held.persons.history() == []  # each row named him
    assert not [n for n in NAMES if any(n in text for text in transferred.said)]
