"""The reasons in the documentation are those that the code can give, no more."""

import ast
import re
from enum import StrEnum
from pathlib import Path

import pytest

from dicom_pipeline.dicom import reasons
from dicom_pipeline.dicom.reasons import IgnoredReason, QuarantineReason

PAGE = Path(__file__).parents[3] / "docs" / "quarantine.md"
ROW = re.compile(r"^\| `(\w+)` \| (.+) \|$", re.MULTILINE)


def said(kind: type[StrEnum]) -> dict[str, str]:
    """What each reason's docstring says, without who tells it."""
    tree = ast.parse(Path(reasons.__file__).read_text("utf-8"))
    [body] = [n.body for n in tree.body if getattr(n, "name", "") == kind.__name__]
    pairs = zip(body[1::2], body[2::2], strict=True)
    return {
        ast.literal_eval(name.value): " ".join(
            re.split(r"; (?:told|like)", text.value.value)[0].rstrip(".").split()
        )
        for name, text in pairs
    }


@pytest.mark.parametrize("kind", [QuarantineReason, IgnoredReason])
def test_the_page_has_every_reason_and_no_other(kind):
    """The list is closed: the page says of each what the code says."""
    rows = dict(ROW.findall(PAGE.read_text("utf-8")))
    other = QuarantineReason if kind is IgnoredReason else IgnoredReason
    outcomes = {"loaded", "identical", "new_version", "quarantined", "ignored"}
    checks = {"run_is_balanced", "everything_has_an_outcome", "months_are_whole"}

    assert said(kind).keys() == {str(each) for each in kind}
    assert {name: rows.get(name) for name in said(kind)} == said(kind)
    assert rows.keys() - outcomes - checks == said(kind).keys() | said(other).keys()
