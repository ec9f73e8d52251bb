"""From the groups of the raw zone to the person key of people's tables."""

from dicom_pipeline.catalog import PERSONS

OLDEST, YOUNGER = "ISS\x1fCanary0", "ISS\x1fCanary1"
BUILD = ("build", "--select", "stg_persons", "dim_patients")


def group(archive, person, *members):
    """Store one group, as the grouping would."""
    rows = [
        {"patient_identity": one, "person_identity": person, "evidence": "Canary"}
        for one in members
    ]
    archive.write(PERSONS, "unknown", rows, batch="groups")
    assert archive.dbt(*BUILD) == {}


def test_a_patient_without_others_is_his_own_person(built):
    """No row of his is needed for that."""
    rows = built.rows("select patient_key, person_key from processed.dim_patients")

    assert len(rows) == 5
    assert all(patient == person for patient, person in rows)


def test_patients_of_a_group_have_one_person_key_until_it_is_undone(archive):
    """The key is that of the oldest; a group that is gone gives the keys back."""
    before = archive.rows("from processed.dim_patients order by patient_key")
    group(archive, OLDEST, OLDEST, YOUNGER)
    keys = dict(
        archive.rows("select patient_key, person_key from processed.dim_patients")
    )

    oldest, younger = map(archive.pseudonyms.patient_key, (OLDEST, YOUNGER))
    assert keys.pop(oldest) == keys.pop(younger) == oldest
    assert len(keys) == 3
    assert all(patient == person for patient, person in keys.items())
    assert not [text for _, text in archive.values() if "anary" in text]

    group(archive, OLDEST)
    assert archive.rows("from processed.dim_patients order by patient_key") == before


def test_an_oldest_who_is_not_built_parts_nobody_from_the_tables(archive):
    """The others stay their own until he is there: no key points at nobody."""
    group(archive, "ISS\x1fnot built yet", OLDEST, YOUNGER)

    assert archive.rows(
        "select count(*) from processed.dim_patients where patient_key != person_key"
    ) == [(0,)]
