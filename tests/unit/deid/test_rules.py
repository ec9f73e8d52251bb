"""A mapping that would let an identifier through does not run."""

import dataclasses
from pathlib import Path

import pytest

from dicom_pipeline.catalog import MAPPED
from dicom_pipeline.deid import rules as r
from dicom_pipeline.publish.dbt_sources import generated_files

PROJECT = Path(__file__).parents[3] / "dbt_project"
SEED = PROJECT / "seeds" / "anonymization_mapping.csv"
FIRST_COLUMNS = "schema_name,table_name,column_name,target_function,target_type"


@pytest.fixture
def rules():
    """Return the rules as released."""
    return r.rules_from(SEED.read_text("utf-8").splitlines())


def changed(rules, column, **fields):
    """The same rules with one of them changed."""
    return [
        dataclasses.replace(rule, **fields) if rule.column_name == column else rule
        for rule in rules
    ]


def test_the_released_mapping_is_sound(rules):
    """Every column of the five tables has exactly one rule of the vocabulary."""
    assert list(r.problems(rules, MAPPED)) == []


def test_the_mapping_begins_with_the_agreed_columns():
    """Others read the first five columns by name and place."""
    assert SEED.read_text("utf-8").startswith(FIRST_COLUMNS)


def test_a_column_without_a_rule_is_named(rules):
    """A new raw column stops the build until someone has thought about it."""
    short = [rule for rule in rules if rule.column_name != "patient_sex"]

    with pytest.raises(r.MissingRuleError, match=r"raw\.patients\.patient_sex"):
        r.check_rules(short, MAPPED)


@pytest.mark.parametrize(
    ("column", "fields", "error"),
    [
        ("patient_sex", {"target_function": "keep"}, r.UnknownFunctionError),
        ("patient_name", {"target_function": "keep_code"}, r.KeptIdentifierError),
        ("patient_name", {"target_function": "text_terms"}, r.KeptIdentifierError),
        ("operators_name", {"target_function": "keep_code"}, r.KeptIdentifierError),
        ("study_comments", {"target_function": "keep_code"}, r.KeptIdentifierError),
        ("fingerprint", {"target_function": "keep_code"}, r.KeptIdentifierError),
        ("accession_number", {"target_type": "varchar(16)"}, r.ShortHashError),
        ("study_id", {"target_type": "varchar(8)"}, r.ShortHashError),
        ("study_id", {"target_type": "varchar"}, r.ShortHashError),
        ("study_id", {"target_type": "varchar(20)"}, r.UnevenHashError),
        ("patient_sex", {"column_name": "patient_sexx"}, r.MissingRuleError),
        (
            "date_of_manufacture",
            {"target_function": "date_shift"},
            r.UnshiftableDateError,
        ),
    ],
)
def test_a_wrong_rule_is_named(rules, column, fields, error):
    """Each way to get the mapping wrong has its own error, which names the column."""
    with pytest.raises(error, match=column):
        r.check_rules(changed(rules, column, **fields), MAPPED)


def test_two_rules_for_one_column_are_refused(rules):
    """Which of them wins would depend on the order of rows."""
    with pytest.raises(r.DoubleRuleError, match="provider"):
        r.check_rules([*rules, rules[0]], MAPPED)


def test_a_rule_for_no_column_is_refused(rules):
    """A misspelled column would otherwise look as if it had a rule."""
    stray = dataclasses.replace(rules[0], column_name="no_such_column")

    with pytest.raises(r.StrayRuleError, match="no_such_column"):
        r.check_rules([*rules, stray], MAPPED)


def test_the_hash_of_the_rules_does_not_know_their_order(rules):
    """Sorting the file changes nothing; changing a word does."""
    one_word = changed(rules, "patient_sex", argument="yes_no")

    assert r.rules_sha256(rules) == r.rules_sha256(reversed(rules))
    assert r.rules_sha256(rules) != r.rules_sha256(one_word)


def test_the_generated_files_are_fresh():
    """What dbt knows of the catalogue and the mapping is what they say now."""
    stale = [
        path.name
        for path, text in generated_files(PROJECT).items()
        if path.read_text("utf-8") != text
    ]

    assert stale == [], "run python -m dicom_pipeline.publish.dbt_sources"
