"""Commands about keys: what they write, what they refuse, how they end."""

import pytest
from typer.testing import CliRunner

from dicom_pipeline.cli.main import app
from dicom_pipeline.deid.keys import load_key


@pytest.fixture
def run(tmp_path):
    """Run a command of an installation that is not there."""

    def run(*words, **more):
        env = {"DICOM_PIPELINE_HOME": str(tmp_path / "home"), **more}
        return CliRunner().invoke(app, ["deid", *map(str, words)], env=env)

    return run


def test_a_new_key_is_written_and_not_shown(run, tmp_path):
    """Its address is said, since it is set next; a second one does not replace it."""
    file = tmp_path / "keys" / "2.key"

    done = run("new-key", file)

    assert done.exit_code == 0
    assert file.as_uri() in done.output
    assert file.stat().st_mode & 0o777 == 0o600
    assert load_key(file.as_uri()).hex() not in done.output
    assert run("new-key", file).exit_code == 1


def test_a_profile_of_random_names_has_no_key_to_rotate(run, tmp_path):
    done = run("rotate-key", "--mode", "chained", DICOM_PIPELINE_PROFILE="safe_harbor")

    assert done.exit_code == 4
    assert "vault" in done.output
    assert not (tmp_path / "home").exists()


def test_first_is_no_mode(run):
    assert run("rotate-key", "--mode", "first").exit_code == 1
