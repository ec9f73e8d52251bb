"""Patients who stand out are counted: the build warns, a release is refused."""

import json
from collections import defaultdict

import duckdb
import pytest
from typer.testing import CliRunner

from dicom_pipeline.cli.main import app
from dicom_pipeline.publish.k_anonymity import SmallGroups, small_groups

TEST = "test_name:k_anonymity"


ALIKE = {
    "patient_age": "044Y",
    "patient_sex": "F",
    "institution_name": "ab",
    "study_date": "2015-02-03",
    "body_part_examined": "CHEST",
}


def six_patients(file, other):
    """Publish six patients of one kind, the last made another in some way."""
    rows = [
        (f"p{number}", *(ALIKE | (other if number == 5 else {})).values())
        for number in range(6)
        for _ in range(2)  # rows of one patient count once
    ]
    columns = ", ".join(f"{name} varchar" for name in ALIKE)
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema processed")
        table = "processed.processed_images"
        connection.execute(f"create table {table} (patient_key varchar, {columns})")
        connection.executemany(f"insert into {table} values (?, ?, ?, ?, ?, ?)", rows)
        connection.execute(f"alter table {table} alter study_date type date")


@pytest.mark.parametrize(
    ("other", "groups"),
    [
        ({}, 0),
        ({"patient_age": "049Y"}, 0),
        ({"study_date": "2015-11-03"}, 0),
        ({"patient_age": "051Y"}, 1),
        ({"patient_age": "044W"}, 1),
        ({"patient_sex": "M"}, 1),
        ({"institution_name": "cd"}, 1),
        ({"study_date": "2016-02-03"}, 1),
        ({"body_part_examined": "HAND"}, 1),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else str(value),
)
def test_who_is_alone_in_any_respect_is_counted(tmp_path, other, groups):
    """The five left are enough for k = 5; a decade and a year hide days."""
    six_patients(tmp_path / "snapshot.duckdb", other)

    found = small_groups(tmp_path / "snapshot.duckdb")

    assert found == SmallGroups(groups, groups, 6)


def test_dbt_warns_of_as_many_groups_as_a_plain_count(archive):
    """It warns, so that no load stops; the count is that of the release."""
    rows = archive.rows(
        "select patient_key, patient_age, patient_sex, institution_name,"
        " extract(year from study_date), body_part_examined"
        " from processed.processed_images"
    )
    alike = defaultdict(set)
    for patient, age, *others in rows:
        decade = age and (age[:2] if age.endswith("Y") else "")
        alike[decade, *others].add(patient)
    small = [patients for patients in alike.values() if len(patients) < 5]

    archive.dbt("test", "--select", TEST)

    results = archive.home / "target" / "run_results.json"
    [result] = json.loads(results.read_text("utf-8"))["results"]
    assert (result["status"], result["failures"]) == ("warn", len(small))
    assert small
    found = small_groups(archive.home / "warehouse.duckdb")
    assert (found.groups, found.patients) == (len(small), len(set.union(*small)))


def test_a_release_of_small_groups_is_refused(archive, tmp_path):
    """By counts alone, and before a file is written or a store is opened."""
    home = tmp_path / "installation"
    (home / "published").mkdir(parents=True)
    (archive.home / "warehouse.duckdb").rename(home / "published" / "analytics.duckdb")
    words = ["deid", "release", "--recipient", "a", "--out", str(tmp_path / "out")]

    done = CliRunner().invoke(app, words, env={"DICOM_PIPELINE_HOME": str(home)})

    assert done.exit_code == 4
    assert "fewer than 5" in " ".join(done.output.split())
    assert not (tmp_path / "out").exists()
    assert not (home / "s3").exists()
