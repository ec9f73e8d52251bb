"""``.env.example`` is the settings: each one, once, with its default and a reason."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import SecretStr, TypeAdapter

from dicom_pipeline.settings import Settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"
PREFIX = "DICOM_PIPELINE_"
SETTING = re.compile(rf"# {PREFIX}([A-Z0-9_]+)=(.*)")


def test_every_setting_is_listed_once():
    assert sorted(name for name, _ in listed()) == sorted(Settings.model_fields)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_value_is_the_default(name):
    default = Settings.model_fields[name].default
    shown = default.get_secret_value() if isinstance(default, SecretStr) else default

    read = TypeAdapter(type(shown)).validate_python(dict(listed())[name])
    assert read == shown


def test_every_setting_has_its_reason():
    lines = EXAMPLE.read_text("utf-8").splitlines()
    bare = [
        line
        for reason, line in pairwise(lines)
        if SETTING.fullmatch(line) and not re.match(r"# [A-Z].*\.$", reason)
    ]

    assert bare == []


def listed() -> list[tuple[str, str]]:
    """Names as in ``Settings``, and what the example says."""
    found = map(SETTING.fullmatch, EXAMPLE.read_text("utf-8").splitlines())
    return [(line[1].lower(), line[2]) for line in found if line]
