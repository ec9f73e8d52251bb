"""A replay says what it needs before it opens anything."""

import pytest
from typer.testing import CliRunner

from dicom_pipeline.cli.main import app
from dicom_pipeline.places import Places


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (["replay"], "--reason, --month or --all"),
        (["replay", "--all", "--accept"], "--reason conflicting_patient"),
        (["replay", "--reason", "truncated", "--accept"], "conflicting_series"),
        (["replay", "--reason", "no_such_reason"], "conflicting_patient"),
        (["list", "--layer", "processed"], "--layer is raw"),
    ],
)
def test_a_command_that_says_too_little_says_what_is_missing(
    monkeypatch, words, advice
):
    """Nothing is started, and the message has the way out."""
    monkeypatch.setattr(Places, "open", lambda _: pytest.fail("opened"))

    done = CliRunner().invoke(app, ["quarantine", *words], env={"COLUMNS": "999"})

    assert done.exit_code != 0
    assert advice in " ".join(done.output.split())
