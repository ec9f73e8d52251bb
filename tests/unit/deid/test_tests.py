"""The page of the 19 tests names tests that exist, and faults that can be planted."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.planted.faults import FAULTS
from tests.planted.run import seen
from tests.planted.tree import CHECKOUT

PAGE = (CHECKOUT / "docs" / "deidentification_tests.md").read_text("utf-8")
ROWS = re.findall(r"^\| (\d+) \| .* \| (`tests/.*`) \|$", PAGE, re.MULTILINE)
NODE = re.compile(r"`(tests/[^`]+\.py)::(\w+)`")


def functions(file: str) -> set[str]:
    """Names of the functions of a file, by its syntax alone."""
    tree = ast.parse((CHECKOUT / file).read_text("utf-8"))
    return {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}


def test_there_are_nineteen():
    """Each number once, in order."""
    assert [int(number) for number, _ in ROWS] == list(range(1, 20))


@pytest.mark.parametrize(("file", "name"), sorted(set(NODE.findall(PAGE))))
def test_a_named_test_exists(file, name):
    """A test that was renamed is renamed on the page."""
    assert (CHECKOUT / file).is_file()
    assert name in functions(file)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.number}")
def test_a_fault_can_be_planted(fault):
    """Its place is there once, and the test that has to see it exists."""
    file, _, name = fault.test.partition("::")

    assert (CHECKOUT / fault.file).read_text("utf-8").count(fault.old) == 1
    assert (CHECKOUT / file).is_file()
    assert not name or name in functions(file)


def test_each_test_has_a_fault_that_it_has_seen():
    """The page says of each number how it was seen failing."""
    table = PAGE.partition("## Seen failing")[2]
    told = Counter(re.findall(r"^\| (\d+) \| .* \| yes \|$", table, re.MULTILINE))

    assert {int(number) for number in told} == set(range(1, 20))
    for number, count in Counter(fault.number for fault in FAULTS).items():
        assert told[str(number)] == count


def test_a_planted_fault_is_seen(tmp_path: Path):
    """The cheapest of them, every day: the machinery works."""
    cheapest = next(fault for fault in FAULTS if fault.number == 1)

    assert seen(cheapest, tmp_path)
