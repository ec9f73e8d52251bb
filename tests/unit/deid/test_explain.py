"""What is said about the rules is what they do, and what the standard wants."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dicom_pipeline.catalog import MAPPED
from dicom_pipeline.cli.main import app
from dicom_pipeline.deid import ps315
from dicom_pipeline.deid.explain import (
    FUNCTIONS,
    METHODS,
    NOT_LISTED,
    OWN,
    about,
    explanations,
    standard_action,
)
from dicom_pipeline.deid.profiles import Profile
from dicom_pipeline.deid.rules import FUNCTIONS as VOCABULARY
from dicom_pipeline.deid.rules import rules_from
from dicom_pipeline.publish.deid_docs import PAGE, render

PROJECT = Path(__file__).parents[3] / "dbt_project"


@pytest.fixture(scope="module")
def rules():
    with (PROJECT / "seeds" / "anonymization_mapping.csv").open() as lines:
        return rules_from(lines)


def test_the_vendored_table_is_the_one_that_was_checked():
    """Another edition is a decision, not an accident."""
    assert ps315.digest() == ps315.SHA256
    assert len(ps315.table()) == 657


@pytest.mark.parametrize(
    ("tag", "action"),
    [
        ("00100010", "Z"),
        ("00100020", "Z/D"),
        ("00080018", "U [uids=K]"),
        ("00080020", "Z [fullDates=K; modDates=C]"),
        ("00101010", "X [pat=K]"),
        ("00181000", "X/Z/D [dev=K]"),
    ],
)
def test_the_table_says_what_the_standard_says(tag, action):
    """Some rows, read in the standard by hand."""
    assert ps315.table()[tag].spelled == action


def test_every_rule_names_the_standard_s_action(rules):
    """The mapping's own column agrees with the table, for every column of the five."""
    said = {(rule.table_name, rule.column_name): rule.ps315 for rule in rules}
    spelled = {OWN: OWN, NOT_LISTED: f"- ({NOT_LISTED})"}
    other = [
        f"{table.name}.{column.name}"
        for table in MAPPED
        for column in table.columns
        if said[table.name, column.name]
        != spelled.get(standard_action(column), standard_action(column))
    ]

    assert other == []


def test_nothing_passes_that_the_standard_removes_without_an_option(rules):
    """A keep needs an option that is claimed, or a place outside of E.1-1."""
    claimed = {"pat", "desc", "modDates"}
    passing = {"keep_code", "keep_num", "keep_time", "round_num", "age_cap"}
    kept = {
        (r.table_name, r.column_name) for r in rules if r.target_function in passing
    }
    wrong = [
        f"{table.name}.{column.name}"
        for table in MAPPED
        for column in table.columns
        if (table.name, column.name) in kept
        and (row := ps315.table().get(column.tag))
        and not row.is_kept_by & claimed
    ]

    assert wrong == []


def test_every_function_and_profile_and_method_is_explained():
    """A new word of the vocabulary is not released without its sentence."""
    assert FUNCTIONS.keys() == VOCABULARY
    page = PAGE.read_text("utf-8")
    assert all(f"`{profile}`" in page for profile in Profile)
    assert all(code in page for code in METHODS)


def test_the_page_is_fresh():
    """What is published about the rules is what they are."""
    assert PAGE.read_text("utf-8") == render(PROJECT), "run make generate"


@pytest.mark.parametrize("word", ["patient_id", "PatientID", "(0010,0020)"])
def test_an_attribute_is_found_by_any_name(rules, word):
    """Whoever asks has one of the three at hand."""
    [found] = about(word, explanations(MAPPED, rules))

    assert (found.table, found.function) == ("patients", "surrogate_key")


def test_the_command_says_it_in_json():
    """One object, with the edition and the hash of the mapping."""
    done = CliRunner().invoke(app, ["deid", "explain", "StudyDate", "--json"])

    said = json.loads(done.stdout)
    assert said["ps315"] == "2026d"
    assert said["columns"][0]["function"] == "date_shift"
    assert "weeks" in said["columns"][0]["research"]
    assert "Kept" in said["columns"][0]["limited"]


def test_the_command_shows_options_and_refuses_unknown_words():
    """Brackets are no markup; a typing error is not an empty answer."""
    shown = CliRunner().invoke(app, ["deid", "explain", "patient_age"])
    unknown = CliRunner().invoke(app, ["deid", "explain", "shoe_size"])

    assert "X [pat=K]" in shown.stdout
    assert unknown.exit_code == 3
