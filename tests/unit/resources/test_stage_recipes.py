"""A change of the project is known by the tables that it touches."""

import shutil

import pytest

from dicom_pipeline.deid.recipes import causes
from dicom_pipeline.publish.dbt_sources import PROJECT
from dicom_pipeline.resources.stage_recipes import stage_recipes


@pytest.fixture
def project(tmp_path):
    """A copy of the dbt project that may be changed."""
    left_out = shutil.ignore_patterns("target", "logs")
    return shutil.copytree(PROJECT, tmp_path / "project", ignore=left_out)


def touched(project, file, old, new):
    """Models whose recipe a change makes another one, with the classes of rule."""
    before = stage_recipes(project)
    path = project / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    after = stage_recipes(project)
    pairs = {**before.stage, **before.processed}, {**after.stage, **after.processed}
    found = {name: causes(pairs[0][name], pairs[1][name]) for name in pairs[0]}
    return {name: why for name, why in found.items() if why}


@pytest.mark.parametrize(
    ("file", "old", "new", "tables", "why"),
    [
        (
            "seeds/anonymization_mapping.csv",
            "raw,devices,device_uid,uid_remap,varchar(64)",
            "raw,devices,device_uid,null_out,varchar(64)",
            {"stg_devices"},
            "rules",
        ),
        (
            "seeds/code_lists.csv",
            "\nsex,",
            "\nsex,X,\nsex,",
            {"stg_patients"},
            "lexica",
        ),
        (
            "macros/functions/age_cap.sql",
            "{% macro",
            "{# more #}{% macro",
            {"stg_patients"},
            "models",
        ),
        (
            "models/processed/series/series_slices.sql",
            "0.999",
            "0.9999",
            {"fct_series"},
            "models",
        ),
        (
            "models/processed/dim_devices.sql",
            "select",
            "select ",
            {"dim_devices"},
            "models",
        ),
    ],
    ids=["rule", "code_list", "function", "ephemeral", "model"],
)
def test_a_change_touches_what_uses_it(project, file, old, new, tables, why):
    """Tables that read a touched one follow; all others are as before."""
    found = touched(project, file, old, new)

    assert set(found) == tables
    assert any(why in causes for causes in found.values())


def test_why_a_rule_is_so_touches_nothing(project):
    """Notes are for readers."""
    note = "names the hospital\n"

    found = touched(project, "seeds/anonymization_mapping.csv", note, "is a site\n")

    assert found == {}
