"""What must stop a build stops it, by name and before a row is written."""

import shutil
from dataclasses import replace

import pytest

from dicom_pipeline.catalog import MAPPED


def test_a_new_raw_column_stops_the_build_by_name(archive, tmp_path):
    """Without a rule nothing passes, and the message says what to decide."""
    project = tmp_path / "project"
    shutil.copytree(archive.project, project)
    catalogue = project / "macros" / "rules" / "catalogue.sql"
    text = catalogue.read_text("utf-8")
    more = text.replace('"patient_sex":', '"shoe_size": "DS", "patient_sex":')
    catalogue.write_text(more, "utf-8")

    failed = replace(archive, project=project).dbt("run", "--select", "stg_patients")

    assert "no rule for column: raw.patients.shoe_size" in failed["stg_patients"]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            """update stage.anonymization_mapping
            set target_function = 'keep_code', argument = 'maker'
            where column_name = 'patient_name'""",
            "not the packaged one",
        ),
        ("delete from stage.anonymization_mapping", "anonymization_mapping is empty"),
        (
            "insert into stage.code_lists values ('sex', null, '.*')",
            "not the packaged one",
        ),
    ],
    ids=["changed", "empty", "wider"],
)
def test_a_changed_mapping_stops_the_build(archive, statement, message):
    """Who may write the warehouse may not decide what leaves raw."""
    archive.change(statement)

    failed = archive.dbt("run", "--select", "stg_patients")

    assert message in failed["stg_patients"]


def test_without_a_key_stage_stops_and_processed_builds(archive):
    """Analysts need no key, and nobody builds pseudonyms without one."""
    keyless = replace(archive, key=b"")

    failed = keyless.dbt("run", "--select", "tag:stage")

    assert len(failed) == len(MAPPED) + 1
    assert all("no de-identification key" in text for text in failed.values())
    assert keyless.dbt("build", "--select", "tag:processed") == {}


def test_another_key_or_profile_stops(archive):
    """Each would silently give every patient a second life."""
    other_key = replace(archive, key=bytes(32))
    other_profile = replace(archive, profile="limited")

    by_key = other_key.dbt("run", "--select", "stg_patients")
    by_profile = other_profile.dbt(
        "run", "--select", "stg_patients", months=["2024-01"]
    )

    assert "not the key that the warehouse was made with" in str(by_key)
    assert "--full-refresh" in by_profile["stg_patients"]


def test_inside_the_hospital_dates_are_kept(archive):
    """The profile limited keeps days; identifiers are as hidden as ever."""
    limited = replace(archive, profile="limited")

    assert limited.dbt("run", "--select", "tag:stage", "--full-refresh") == {}
    [(first,)] = limited.rows("select min(study_date) from stage.stg_studies")
    assert first == archive.facts(0, 0)["study_date"]
    assert not [table for table, t in limited.values() if "anary" in t]
