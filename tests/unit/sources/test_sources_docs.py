"""docs/sources.md says every code, every limit and every kind of source there is."""

from pathlib import Path

import pytest

from dicom_pipeline.sources import send, source
from dicom_pipeline.sources.archive import LIMITS, limits
from dicom_pipeline.sources.words import KNOWN

PAGE = (Path(__file__).parents[3] / "docs/sources.md").read_text(encoding="utf-8")
_NO_FAILURES = {send.UPLOADED, send.UNCHANGED, send.ARCHIVE, "source-version"}


def _codes():
    """Words that a push counts by: constants of the modules that name them."""
    for module in (source, send, limits):
        for name, value in vars(module).items():
            if name.isupper() and isinstance(value, str):
                yield value


@pytest.mark.parametrize("code", sorted(set(_codes()) - _NO_FAILURES))
def test_every_code_is_explained(code):
    """Whoever sees one finds it."""
    assert f"`{code}`" in PAGE


def test_every_kind_of_source_is_in_the_table():
    """As ``push --help`` lists them."""
    for scheme in KNOWN[1:]:
        assert f"`{scheme.removesuffix('//')}" in PAGE or scheme in PAGE


def test_limits_are_those_of_the_code():
    """A changed limit changes the page."""
    rows = {
        line.rpartition("| `")[2].removesuffix("` |"): line.split(" | ")[1]
        for line in PAGE.splitlines()
        if line.startswith("| ") and line.endswith("` |")
    }

    assert rows["archive_ratio"] == str(LIMITS.ratio)
    assert rows["archive_too_large"] == f"{LIMITS.bytes // 1024**4} TiB"
    assert rows["archive_too_many_members"] == f"{LIMITS.members:,}"
    assert rows["archive_nested_too_deep"] == str(LIMITS.depth)
    assert rows["archive_directory_too_large"] == (
        f"{LIMITS.directory_bytes // 1024**2} MiB"
    )
