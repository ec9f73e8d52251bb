"""History that was renamed is what raw gives under both keys, one after the other."""

import shutil
from dataclasses import replace

import duckdb
import pytest

from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.deid.rotation import Renaming, held_by_stage
from dicom_pipeline.deid.rules import rules_from
from dicom_pipeline.resources.rotation_sql import RenamingError
from dicom_pipeline.resources.rotation_warehouse import (
    key_version_of,
    rename_stage,
    versions_of,
)

K2 = bytes.fromhex("abcd" * 16)
TABLES = ("patients", "studies", "series", "images", "devices", "compressed_images")


@pytest.fixture(scope="module")
def rules(built):
    """The mapping that is shipped."""
    file = built.project / "seeds" / "anonymization_mapping.csv"
    with file.open(encoding="utf-8", newline="") as lines:
        return rules_from(lines)


@pytest.fixture(scope="module")
def history(built, tmp_path_factory):
    """The archive of one key."""
    home = tmp_path_factory.mktemp("history") / "home"
    shutil.copytree(built.home, home)
    return replace(built, home=home)


@pytest.fixture(scope="module")
def by(history):
    """From the first key to the second."""
    old = Pseudonyms(history.key)
    return Renaming(old, Pseudonyms(K2, 2, previous=[history.key]))


@pytest.fixture(scope="module")
def renamed(history, rules, by, tmp_path_factory):
    """Its stage layer under the second key; raw was not read."""
    file = tmp_path_factory.mktemp("renamed") / "warehouse.duckdb"
    before = history.home / "warehouse.duckdb"
    rename_stage(before, file, held_by_stage(rules), by)
    return file


@pytest.fixture(scope="module")
def from_raw(history, by, tmp_path_factory):
    """The same months, loaded by an installation that has had both keys throughout."""

    class Both(type(history)):
        pseudonyms = by.new

        @property
        def variables(self):
            """What dbt is told: both keys."""
            return {
                **super().variables,
                "DICOM_PIPELINE_KEY_VERSION": "2",
                "DICOM_PIPELINE_PREVIOUS_KEY_URIS": "env:FIRST_KEY",
                "FIRST_KEY": history.key.hex(),
            }

    home = tmp_path_factory.mktemp("both")
    shutil.copytree(history.home / "raw", home / "raw")
    archive = Both(home, key=K2)
    for visit, month in enumerate(("2024-01", "2024-02")):
        archive.write_month(month, visit)
    tests = ("--exclude-resource-type", "test", "unit_test")
    assert archive.dbt("build", "--select", "tag:stage", *tests) == {}
    return archive


@pytest.mark.parametrize("table", TABLES)
def test_history_and_new_data_have_one_name(renamed, from_raw, table):
    """Every value of every row: names, references, moved dates, batch tokens."""
    left_out = {"compressed_images": "exclude (jpeg_key)"}
    query = f"select * {left_out.get(table, '')} from stage.stg_{table}"
    with duckdb.connect(str(renamed), read_only=True) as connection:
        found = connection.execute(query).fetchall()

    expected = from_raw.rows(query)

    assert found
    assert sorted(map(repr, found)) == sorted(map(repr, expected))


def test_nothing_of_the_old_names_is_left_in_the_bytes(history, renamed):
    """A new file, not the old one changed: free blocks would keep old names."""
    old = history.rows(
        "select patient_key from stage.stg_patients"
        " union all select study_instance_uid from stage.stg_studies"
        " union all select batch_token from stage.stg_images"
    )
    body = renamed.read_bytes()

    assert old
    assert [name for (name,) in old if name.encode() in body] == []


def test_intervals_and_weekdays_stay(history, renamed):
    """Visits are 35 days apart in raw, before and after; the dates are others."""
    query = (
        "select max(study_date) - min(study_date), min(dayofweek(study_date)),"
        " max(study_date) from stage.stg_studies group by patient_key"
    )
    with duckdb.connect(str(renamed), read_only=True) as connection:
        after = connection.execute(query).fetchall()
    before = history.rows(query)

    assert {days for days, _, _ in after} == {35}
    assert sorted(day for _, day, _ in after) == sorted(day for _, day, _ in before)
    assert {last for *_, last in after} != {last for *_, last in before}


def test_a_mix_of_keys_is_not_renamed(history, rules, by, tmp_path):
    """One planted row of another version stops it, and says what to do."""
    file = tmp_path / "mixed.duckdb"
    shutil.copy(history.home / "warehouse.duckdb", file)
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "update stage.stg_studies set deid_key_version = 7 where rowid = 0"
        )

    with pytest.raises(RenamingError, match=r"1 rows of stage\.stg_studies"):
        rename_stage(file, tmp_path / "after.duckdb", held_by_stage(rules), by)


def test_a_column_without_a_rule_is_not_renamed(history, rules, by, tmp_path):
    """What it holds is not known: it may be an old name."""
    file = tmp_path / "more.duckdb"
    shutil.copy(history.home / "warehouse.duckdb", file)
    with duckdb.connect(str(file)) as connection:
        connection.execute("alter table stage.stg_images add column extra varchar")

    with pytest.raises(RenamingError, match=r"stg_images\.extra"):
        rename_stage(file, tmp_path / "after.duckdb", held_by_stage(rules), by)


def test_the_file_knows_its_key(history, renamed):
    """So that dbt with the old key refuses it."""
    assert versions_of(renamed) == {2}
    assert key_version_of(renamed) == 2
    assert key_version_of(history.home / "warehouse.duckdb") == 1


def test_dbt_refuses_the_old_key_afterwards(renamed, history, tmp_path):
    """A load that was still running cannot write old names beside the new."""
    shutil.copytree(history.home / "raw", tmp_path / "raw")
    shutil.copy(renamed, tmp_path / "warehouse.duckdb")
    archive = replace(history, home=tmp_path, manifest=None)

    failed = archive.dbt("build", "--select", "stg_patients", months=["2024-01"])

    assert "key version 2, not 1" in str(failed)
