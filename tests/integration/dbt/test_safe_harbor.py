"""Profile safe_harbor: random names, years alone, and nothing of the other profiles.

The attack: a reader of the processed layer who knows how the shift is drawn tries every
shift, and keeps those that put a patient's dates into months that the archive has.
"""

import datetime as dt
import re
import shutil
from collections import defaultdict
from dataclasses import replace

import pytest

from dicom_pipeline.catalog import MAPPED
from dicom_pipeline.deid.pseudonyms import (
    SHIFT_STEPS,
    SHORTEST_SHIFT_DAYS,
    Pseudonyms,
)

PEOPLE = range(5)
AGES = {0: "093Y", 1: "089Y", 2: "070Y", 3: "045Y", 4: None}
BORN = {2: dt.date(1934, 1, 31)}  # 90 at the first visit, whatever the age says
GONE = ("device_serial_number", "device_uid", "station_name", "institution_name")
GONE += ("accession_number", "study_id", "issuer_of_patient_id")
GONE += ("patient_telephone_numbers", "date_of_manufacture", "date_of_installation")
OLD = {0, 2}


def write(archive):
    """Two visits of five people of several ages."""
    for visit, month in enumerate(("2024-01", "2024-02")):
        for person in PEOPLE:
            archive.write_month(
                f"{month}-{person + 10}",
                visit,
                people=[person],
                patient_age=AGES[person],
                patient_birth_date=BORN.get(person),
                study_description="MRI knee 94 5mm Canary",
            )
    for table in MAPPED:
        archive.write(table, "unknown", [], batch="empty")


@pytest.fixture(scope="module")
def harbor(new_archive, tmp_path_factory):
    """Build an archive in safe_harbor."""
    archive = new_archive(tmp_path_factory.mktemp("harbor"), profile="safe_harbor")
    write(archive)
    assert archive.dbt("build") == {}
    return archive


def visits(archive):
    """True month of each study, by its name in the warehouse, and its patient there."""
    names = archive.pseudonyms
    for person in PEOPLE:
        for visit, month in enumerate(("2024-01", "2024-02")):
            fact = archive.facts(person, visit)
            yield names.uid(fact["study_instance_uid"]), month


def labels(archive, table):
    """Columns whose every value is of one true month: what they say of each study.

    Somebody tells the attacker which month a value stands for. A value of a single
    patient tells nothing about others and is left out, as are the moved dates.
    """
    months = dict(visits(archive))
    for (column,) in archive.rows(f"select column_name from (describe {table})"):
        said = archive.rows(
            f"select study_instance_uid, patient_key, {column}::varchar from {table}"
            f" where {column} is not null"
        )
        of_value, who = defaultdict(set), defaultdict(set)
        for study, patient, value in said:
            of_value[value].add(months[study])
            who[value].add(patient)
        if any(len(found) > 1 for found in of_value.values()) or column[-4:] == "date":
            continue
        shared = {study: months[study] for study, _, v in said if len(who[v]) > 1}
        if shared:
            yield column, shared


def candidates(archive, told):
    """How many shifts of each patient agree with the months that a label tells."""
    dates = archive.rows(
        "select patient_key, study_instance_uid, study_date from processed.fct_studies"
    )
    left = defaultdict(lambda: set(range(SHIFT_STEPS)))
    for patient, study, day in dates:
        left[patient] = {
            step
            for step in left[patient]
            if study not in told
            or told[study]
            == f"{day + dt.timedelta(SHORTEST_SHIFT_DAYS + 7 * step):%Y-%m}"
        }
    return {len(found) for found in left.values()}


def test_in_research_469_shifts_stay_possible(built):
    """Nothing in processed tells a month; the batch token of stage would."""
    [(column, told)] = labels(built, "stage.stg_studies")
    found = dict(labels(built, "processed.fct_studies"))

    assert column == "batch_token"
    assert max(candidates(built, told)) < 10
    assert found == {}
    assert candidates(built, {}) == {469}


def test_every_stage_row_says_how_it_was_made(built, harbor):
    """Profile, rules and key version, in each table that rules make."""
    for archive in (built, harbor):
        for table in ("patients", "studies", "series", "images", "devices"):
            [(rows, least, *said)] = archive.rows(
                "select count(*), least(count(deid_profile), count(deid_rules_sha256),"
                " count(deid_key_version)), min(deid_profile), max(deid_profile)"
                f" from stage.stg_{table}"
            )
            assert rows == least > 0
            assert said == [archive.profile] * 2


def test_nothing_but_years_is_there(harbor):
    """No column can hold a day, none holds a time, and no text spells one."""
    types = harbor.rows("select distinct data_type from information_schema.columns")
    times = harbor.rows(
        "select table_schema || '.' || table_name, column_name"
        " from information_schema.columns where data_type = 'TIME'"
    )
    texts = {text for _, text in harbor.values() if "2.25." not in text}
    shaped = re.compile(
        r"\d{4}-\d\d-\d\d|\d\d:\d\d:\d\d"
        r"|(?<![0-9a-f])(19|20)\d{2}[01]\d[0-3]\d(?![0-9a-f])"
    )

    assert not {"DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"} & {t for (t,) in types}
    assert times
    assert all(
        harbor.rows(f"select count({column}) from {table}") == [(0,)]
        for table, column in times
    )
    assert [t for t in texts if shaped.search(t)] == []
    assert {t for t in texts if re.fullmatch(r"(19|20)\d\d", t)} == {"2024"}


def test_years_beside_the_oldest_are_gone(harbor):
    """Over 89 by age or by birth date: 090Y and no year; others keep theirs."""
    names = harbor.pseudonyms
    old = {names.patient_key(f"ISS\x1fCanary{person}") for person in OLD}
    ages = dict(harbor.rows("select patient_key, patient_age from stage.stg_patients"))
    assert {key for key, age in ages.items() if age == "090Y"} == old
    assert set(ages.values()) == {"090Y", "089Y", "045Y", None}
    for table, column in (
        ("stage.stg_studies", "study_date"),
        ("stage.stg_series", "series_date"),
        ("stage.stg_images", "acquisition_date_time"),
        ("processed.processed_images", "study_date"),
    ):
        found = set(harbor.rows(f"select distinct patient_key, {column} from {table}"))
        assert found == {(key, None if key in old else 2024) for key in ages}


def test_devices_and_institutions_are_gone(harbor):
    """No serial, no hash of one, no place; the maker stays and rows still join."""
    for table, columns in (
        ("processed.dim_devices", GONE[:4] + GONE[8:]),
        ("processed.fct_studies", GONE[4:6]),
        ("processed.dim_patients", GONE[6:8]),
    ):
        counts = ", ".join(f"count({column})" for column in columns)
        assert set(*harbor.rows(f"select {counts} from {table}")) == {0}
    [counts] = harbor.rows(
        "select count(*), count(distinct patient_key), count(distinct device_key),"
        " count(modality), count(patient_sex), count(manufacturer)"
        " from processed.processed_images"
    )
    assert counts == (150, 5, 2, 150, 150, 150)


def test_names_are_random_and_in_the_vault(harbor):
    """No name follows from the key; the next run, and whoever has the vault, agree."""
    keyed, drawn = Pseudonyms(harbor.key), harbor.pseudonyms
    said = {text for _, text in harbor.values()}
    uids = [harbor.facts(p, v)["study_instance_uid"] for p in PEOPLE for v in (0, 1)]
    who = [f"ISS\x1fCanary{person}" for person in PEOPLE]
    before = drawn.book.status().surrogates

    made = [*map(keyed.uid, uids), *map(keyed.patient_key, who)]
    made += [keyed.batch_token("images", f"2024-01-{person + 10}") for person in PEOPLE]
    assert not said & {*made, *(name[:32] for name in made)}
    assert {*map(drawn.uid, uids), *map(drawn.patient_key, who)} < said
    assert drawn.book.status().surrogates == before
    assert before["patient_id"] == 5


def test_descriptions_lose_bare_numbers(harbor):
    """94 may be an age; 5mm is none."""
    found = harbor.rows("select distinct study_description from stage.stg_studies")

    assert found == [("mri knee 5mm",)]


def test_what_is_said_of_the_method(harbor):
    """No retained or modified dates are claimed, and every row names its profile."""
    [said] = harbor.rows(
        "select distinct deidentification_method_code_sequence,"
        " longitudinal_temporal_information_modified from processed.dim_patients"
    )
    tables = harbor.rows(
        "select table_schema || '.' || table_name from information_schema.columns"
        " where column_name = 'deid_profile'"
    )

    assert said == (["DCM:113100", "DCM:113105", "DCM:113108"], "REMOVED")
    assert len(tables) >= 12
    for (table,) in tables:
        found = harbor.rows(f"select distinct deid_profile from {table}")
        assert set(found) <= {("safe_harbor",)}


def test_an_age_that_comes_later_hides_years_of_older_months(harbor, tmp_path):
    """The months that held them are not due, and are right all the same."""
    archive = copy_of(harbor, tmp_path)
    archive.write_month("2024-03-13", 2, people=[3], patient_age="095Y")
    key = archive.pseudonyms.patient_key("ISS\x1fCanary3")

    tables = ("stg_patients", "stg_studies")
    assert archive.dbt("run", "--select", *tables, months=["2024-03-13"]) == {}
    assert archive.rows(
        f"select count(*), count(study_date) from stage.stg_studies"
        f" where patient_key = '{key}'"
    ) == [(3, 0)]


def test_another_profile_leaves_no_row_of_the_first(archive):
    """Some months of it are refused; all of it has names and dates of the new alone."""
    before = {text for _, text in archive.values()}
    harbor = replace(archive, profile="safe_harbor")
    uids = [f"1.2.{person}.0.1.{n}" for person in PEOPLE for n in range(15)]
    harbor.write_jpegs("2024-01", uids)  # the other month is not rendered yet

    failed = harbor.dbt("run", "--select", "stg_studies", months=["2024-01"])
    assert "another profile" in failed["stg_studies"]
    tables = ("stg_studies", "stg_compressed_images")
    assert harbor.dbt("run", "--full-refresh", "--select", *tables) == {}

    stage = {text for table, text in harbor.values() if table[6:] in tables}
    [(rules,)] = harbor.rows("select distinct deid_rules_sha256 from stage.stg_studies")
    kept = {text for text in before & stage if len(text) > 31} - {rules}
    assert harbor.rows("select count(*) from stage.stg_compressed_images") == [(75,)]
    assert [text for text in kept if "2.25." in text or text.isalnum()] == []
    assert "research" not in stage


def copy_of(archive, folder):
    """An archive that a test may change."""
    shutil.copytree(archive.home, folder / "home")
    return replace(archive, home=folder / "home")
