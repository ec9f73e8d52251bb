"""The planted corpus through the real stage line: nothing gets out, all that may stays.

One load, one export; what the key of the corpus asks is asked of tables, items, JPEGs.
"""

import sqlite3

import duckdb
import pytest

from benchmarks.planted.answers import Action, read_answers
from benchmarks.planted.corpus import make
from benchmarks.planted.ours import score_of
from benchmarks.planted.tables import MODELS
from dicom_pipeline.settings import Settings
from tests.integration import leak

pytestmark = pytest.mark.s3

PATIENTS = 8  # every kind of image from both hospitals
SAID = {
    "path",
    "(0010,0010)",
    "(0010,1000)",
    "(0008,0080)",
    "(0008,0090)",
    "(0008,1070)",
}
SEARCHED = 8  # letters; what is shorter stands in logs by chance
A_DATE = """update fct_studies set study_date = strptime(?, '%Y%m%d')::date
    where study_instance_uid = ?"""
A_NAME = "update fct_studies set study_description = ? where study_instance_uid = ?"
A_UID = "update fct_series set frame_of_reference_uid = ? where series_instance_uid = ?"
ELSEWHERE = "update fct_images set pixel_reason = ? where sop_instance_uid = ?"
LEAST_REQUIRED, LEAST_KEPT = 99.9, 98.0


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted")
    assert make(folder, patients=PATIENTS) >= 40
    return folder


@pytest.fixture(scope="module")
def keys(corpus):
    return list(read_answers(corpus / "answers.db"))


@pytest.fixture(scope="module")
def held(install, corpus):
    """One installation that has loaded the corpus; its server runs on."""
    made = install("planted")
    with made.hold():
        done = made.command("ingest", corpus / "dicom")
        assert done.returncode == 0, done.stdout + done.stderr
        yield made


@pytest.fixture(scope="module")
def nested(held, tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted") / "nested"
    done = held.command("headers", "export", "--layer", "stage", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def result(held, keys, corpus, nested):
    settings = Settings(home=held.home, _env_file=None)
    with held.open() as places:
        return score_of(places, settings, keys, corpus / "dicom", nested)


def of(result, *actions):
    """Failed checks of some actions, by where: no values."""
    return {place: n for place, n in result.failed.items() if place[0] in actions}


def test_every_planted_identity_is_gone(result):
    """Texts, dates, UIDs; drawn into pixels, overlays, icons; in keys and names."""
    assert of(result, Action.TEXT_REMOVED, Action.DATE_SHIFTED) == {}
    assert of(result, Action.UID_CHANGED, Action.PIXELS_HIDDEN) == {}
    assert min(tally.total for tally in result.categories.values()) >= 14
    assert set(result.categories) == {
        *("header", "nested", "private", "file meta", "preamble", "overlay", "icon"),
        *("pixels", "path"),
    }


def test_no_planted_text_stands_anywhere_else(result, keys):
    """Not under another attribute, not in a name of a JPEG, not in lineage."""
    assert (result.silent.passed, result.silent.total) == (len(keys), len(keys))


def test_identifiers_are_what_the_holder_of_the_key_says(result):
    """UIDs and patients; one id of two hospitals is two patients."""
    assert of(result, Action.UID_CONSISTENT, Action.PATID_CONSISTENT) == {}
    assert (result.apart.passed, result.apart.total) == (PATIENTS, PATIENTS)


def test_intervals_are_equal_and_references_join(result):
    assert result.intervals.passed == result.intervals.total >= 300
    assert result.references.passed == result.references.total >= 10


def test_what_research_needs_is_there(result):
    """Attributes, items of functional groups, words of descriptions, pixels."""
    assert result.kept.share >= LEAST_KEPT, result.failed
    assert result.required.share >= LEAST_REQUIRED, result.failed
    assert result.actions[Action.PIXELS_RETAINED].share == 100


def copy_of(snapshot, copy):
    """What people read, view or not, as tables that may be changed."""
    with duckdb.connect(str(copy)) as connection:
        connection.execute(f"attach '{snapshot}' as published (read_only)")
        for table in (*MODELS.values(), "processed_images"):
            query = f"create table {table} as select * from published.{table}"
            connection.execute(query)


def test_the_same_score_finds_what_is_put_back(held, keys, corpus, nested, tmp_path):
    """A name, an unshifted date, a UID as sent, a text elsewhere: each is seen."""
    copy = tmp_path / "published" / "analytics.duckdb"
    copy.parent.mkdir()
    copy_of(held.home / "published" / copy.name, copy)
    asked = {answer.tag: answer for answer in keys[0].answers}
    with held.open() as places:
        study, series, image = (
            places.pseudonyms.uid(keys[0].identity[f"{level}InstanceUID"])
            for level in ("Study", "Series", "SOP")
        )
        name = asked["(0008,1030)"].text
        with duckdb.connect(str(copy)) as connection:
            for statement, value, uid in (
                (A_DATE, asked["(0008,0020)"].value, study),
                (A_NAME, f"ct {name}", study),
                (A_UID, asked["(0020,0052)"].value, series),
                (ELSEWHERE, name, image),
            ):
                connection.execute(statement, [value, uid])
        there = Settings(home=tmp_path, _env_file=None)
        result = score_of(places, there, keys, corpus / "dicom", nested)

    assert {(action, tag) for action, _, tag in result.failed} == {
        (Action.DATE_SHIFTED, "(0008,0020)"),
        (Action.TEXT_REMOVED, "(0008,1030)"),
        (Action.UID_CHANGED, "(0020,0052)"),
        (Action.UID_CONSISTENT, "(0020,0052)"),
    }
    assert result.silent.passed < len(keys)


def test_nothing_planted_is_said_while_it_is_loaded(held, nested, keys):  # noqa: ARG001
    """Output, Dagster's storage, dbt's files: no name, id or order, in any spelling."""
    needles = leak.Needles()
    common = leak.common_words()
    asked = [a for key in keys for a in key.answers if a.action is Action.TEXT_REMOVED]
    for text in {answer.text for answer in asked if answer.tag in SAID}:
        if len(text) >= SEARCHED and text.casefold() not in common:
            needles.add("planted", text)
    assert len(needles) >= 40
    said = [("output", text) for text in held.said]
    folders = (held.home / "dagster", held.home / "dbt")
    files = [each for folder in folders for each in leak.texts_below(folder)]
    assert leak.scan(needles, [*said, *files]) == {}


def test_the_key_of_the_corpus_is_a_plain_sqlite_file(corpus):
    """Whoever has another scorer of that form can read it."""
    with sqlite3.connect(corpus / "answers.db") as connection:
        [(count,)] = connection.execute("select count(*) from answer_data")
    assert count >= 40
