"""Rules that nobody has accepted stop before a file is touched, in words of ours."""

import shutil

import pytest

from dicom_pipeline.catalog import MAPPED
from dicom_pipeline.catalog.table import TEXT, own
from dicom_pipeline.publish import dbt_sources
from dicom_pipeline.publish.dbt_sources import PROJECT
from dicom_pipeline.publish.hold_rules import RulesRefusedError, hold_rules

MAPPING, CODES = "seeds/anonymization_mapping.csv", "seeds/code_lists.csv"


@pytest.fixture
def project(tmp_path):
    """A copy of the dbt project that may be changed."""
    left_out = shutil.ignore_patterns("target", "logs")
    return shutil.copytree(PROJECT, tmp_path / "project", ignore=left_out)


def change(project, file, old, new):
    path = project / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def refused(project):
    """What is said, on one line and with what to do."""
    with pytest.raises(RulesRefusedError) as stopped:
        hold_rules(project)
    said = str(stopped.value)
    assert said.startswith("deid: ")
    assert "\n" not in said
    return said


def test_the_released_rules_hold(project):
    """Nothing stops an installation that nobody has changed."""
    hold_rules(project)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (MAPPING, "patient_age,age_cap", "patient_age,null_out"),
        (CODES, "\nbody_part,ANKLE,", "\nbody_part,ANKLES,"),
        ("models/stage/_stage.yml", "varchar(64)", "varchar(65)"),
    ],
    ids=["rule", "code", "contract"],
)
def test_an_edit_stops_until_it_is_accepted(project, file, old, new):
    """It says how to accept it, and that it can be put back."""
    change(project, file, old, new)

    said = refused(project)

    assert "dicom_pipeline.publish.dbt_sources" in said
    assert "put the released files back" in said
    if file != "models/stage/_stage.yml":
        dbt_sources.main([str(project)])
        hold_rules(project)


@pytest.mark.parametrize("file", [MAPPING, CODES])
def test_an_empty_seed_stops(project, file):
    """No rule is not the same as nothing to hide."""
    path = project / file
    path.write_text(path.read_text("utf-8").split("\n")[0] + "\n", "utf-8")

    assert f"{path.name} has no rows" in refused(project)


def test_a_direct_identifier_that_is_kept_stops(project):
    """Whatever else the mapping says of a name, it does not keep it."""
    change(project, MAPPING, "patient_name,surrogate_key", "patient_name,keep_code")

    assert "raw.patients.patient_name" in refused(project)


def test_a_new_raw_column_stops_by_name(project, monkeypatch):
    """A column without a rule is named, and the file that wants one."""
    devices = next(table for table in MAPPED if table.name == "devices")
    more = (*devices.columns, own("room_number", TEXT, "Where it stands."))
    wider = type(devices)(**{**vars(devices), "columns": more})
    others = [table for table in MAPPED if table is not devices]
    monkeypatch.setattr(dbt_sources, "MAPPED", (*others, wider))

    said = refused(project)

    assert "no rule for column: raw.devices.room_number" in said
    assert "anonymization_mapping.csv" in said
