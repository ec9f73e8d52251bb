"""A review says what it needs before it opens anything, and shows nobody."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dicom_pipeline.cli.main import app
from dicom_pipeline.places import Places

BY = ["--by", "ann"]
RELEASE = ["release", "0123456789abcdef", *BY]
DOCS = Path(__file__).parents[3] / "docs" / "pixels.md"


def said(words):
    done = CliRunner().invoke(app, ["review", *words], env={"COLUMNS": "999"})
    return done.exit_code, " ".join(done.output.split())


@pytest.fixture(autouse=True)
def closed(monkeypatch):
    monkeypatch.setattr(Places, "open", lambda _: pytest.fail("opened"))


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (RELEASE, "--why"),
        (["release", "0123456789abcdef", "--why", "no_text"], "--by"),
        ([*RELEASE, "--why", "fine"], "harmless_text"),
        ([*RELEASE, "--why", "names_someone"], "no_text, harmless_text, text_masked"),
        ([*RELEASE, "--why", "text_masked"], "needs a --mask"),
        ([*RELEASE, "--why", "no_text", "--mask", "0,0,9,9"], "a --mask needs it"),
        ([*RELEASE, "--why", "text_masked", "--mask", "0,0,9"], "four whole numbers"),
        ([*RELEASE, "--why", "text_masked", "--mask", "0,0,9,-9"], "four whole"),
        (["release", "2.25.1", *BY, "--why", "no_text"], "the id that show gives"),
        (["refuse", "2.25.1", *BY, "--why", "no_text"], "names_someone"),
        (["refuse", "2.25.1", "--by", " ", "--why", "not_sure"], "who has looked"),
        (["show", "0123456789abcdef", "--mask", "all"], "four whole numbers"),
        (["show", "0123456789abcdef", "--to", "/no/such/folder"], "--to"),
    ],
)
def test_a_command_that_says_too_little_says_what_is_missing(words, advice):
    """Nothing is started, and the message has the way out."""
    code, output = said(words)

    assert code not in {0, None}
    assert advice in output


def test_every_command_is_in_the_documentation():
    """With each of its options."""
    text = DOCS.read_text("utf-8")

    _, listed = said(["--help"])
    for command in ("list", "show", "release", "refuse"):
        assert command in listed
        assert f"dicom-pipeline review {command}" in text
        _, output = said([command, "--help"])
        options = set(re.findall(r"--[a-z]+", output)) - {"--help"}
        missing = {option for option in options if option not in text}
        assert missing <= {"--to", "--note"}
