"""The share of words that crosses the line is counted, and no word is told."""

from pathlib import Path

import pytest
from moto import mock_aws

from dicom_pipeline.deid.kept_words import KeptWords
from dicom_pipeline.deid.rules import rules_from
from dicom_pipeline.resources.kept_words import kept_words
from dicom_pipeline.resources.tables import RawTables
from tests.unit.publish.archives import HER, HIM, Archive

SEEDS = Path(__file__).parents[3] / "dbt_project" / "seeds"
RULES = rules_from((SEEDS / "anonymization_mapping.csv").read_text("utf-8").split("\n"))


@pytest.mark.parametrize(
    ("text", "people", "length", "expected"),
    [
        ("MRI Knee 5mm", [], 64, (3, 3, 0)),
        ("MRI Knee of Hand", ["Hand^Jo"], 64, (4, 3, 0)),
        ("gesehen: Zzyzx, knee", [], 64, (3, 1, 0)),
        ("Zzyzx", [], 64, (1, 0, 1)),
        ("mri knee left", [], 8, (3, 2, 0)),
    ],
)
def test_words_are_counted_as_the_rule_leaves_them(text, people, length, expected):
    """The lexicon, less the patient's own words, cut to the column's length."""
    found = KeptWords("studies", "study_description")
    found.add(text, people, length)

    assert (found.words, found.kept, found.emptied) == expected


def test_numbers_without_a_unit_count_as_lost_in_safe_harbor():
    """94 may be an age."""
    found = KeptWords("studies", "study_description")
    found.add("knee 94 5mm", [], 64, times=10, bare_numbers=False)

    assert (found.values, found.words, found.kept, found.share) == (10, 30, 20, 2 / 3)


@mock_aws
def test_every_text_of_the_raw_tables_is_counted(tmp_path):
    """A patient's own name does not count as kept, wherever it is typed."""
    archive = Archive(tmp_path)
    archive.send(HIM, 1, 3, StudyDescription="CT Thorax Ölrausch")
    archive.send(HER, 1, StudyDescription="CT Zzyzx", SeriesDescription="Friedemann")
    archive.load()

    found = {each.column: each for each in kept_words(RawTables(archive.raw), RULES)}

    study = found["study_description"]
    assert (study.values, study.words, study.kept, study.emptied) == (2, 5, 3, 0)
    assert found["series_description"].emptied == 1
    assert found["sequence_name"].share is None
    assert "rausch" not in repr(found)
