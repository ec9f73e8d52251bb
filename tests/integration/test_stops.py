"""What must stop a command does so in one sentence: no traceback, but a way out."""

import pytest
from typer.testing import CliRunner

from dicom_pipeline.cli.main import app
from dicom_pipeline.deid.keys import create_key_file

pytestmark = pytest.mark.s3

COMMANDS = (("status",), ("deid", "check"), ("ingest", "."))


@pytest.fixture(scope="module")
def home(install):
    """An installation that has a key, and nothing else."""
    made = install("stops")
    with made.hold():
        yield made


def said(home, *words, **settings):
    """Run a command in this process; its exit code and what it says."""
    done = CliRunner().invoke(app, words, env=home.environment | settings)
    assert isinstance(done.exception, SystemExit), done.exception
    assert "Traceback" not in done.output
    return done.exit_code, " ".join(done.output.split())


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_another_key_stops(home, tmp_path, words):
    """It would give every patient a second life; the message says which way back."""
    other = tmp_path / "other.key"
    create_key_file(other)

    code, text = said(home, *words, DICOM_PIPELINE_KEY_URI=f"file://{other}")

    assert code == 1
    assert "this is not the key of version 1" in text
    assert "DICOM_PIPELINE_KEY_VERSION" in text
    assert other.read_text().strip() not in text


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_missing_key_stops(home, tmp_path, words):
    """No key is made where one was named."""
    nowhere = tmp_path / "none.key"

    code, text = said(home, *words, DICOM_PIPELINE_KEY_URI=f"file://{nowhere}")

    assert code == 1
    assert "key" in text
    assert not nowhere.exists()


def test_a_question_needs_no_key(home, tmp_path):
    """Readers have none; before the first load there is nothing to read."""
    nowhere = f"file://{tmp_path}/none.key"

    code, text = said(home, "query", "select 1", DICOM_PIPELINE_KEY_URI=nowhere)

    assert code != 0
    assert "ingest" in text or "load" in text


@pytest.mark.parametrize(
    ("name", "value"),
    [("PROFILE", "reserch"), ("KEY_VERSION", "0"), ("STORE", "s4")],
)
def test_a_setting_that_is_none_stops_by_name(home, name, value):
    """It says what may be set; what was set may be a secret."""
    code, text = said(home, "status", **{f"DICOM_PIPELINE_{name}": value})

    assert code == 1
    assert f"DICOM_PIPELINE_{name}" in text
    assert value not in text.replace(f"DICOM_PIPELINE_{name}", "")
