"""No file and no function outgrows one screenful; tables of the catalogue may."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "dicom_pipeline"
TABLES = PACKAGE / "catalog"  # a list of columns may be as long as it is
FILES = sorted(f for f in PACKAGE.rglob("*.py") if TABLES not in f.parents)
FILE_LINES = 300
BODY_LINES = 50

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(ROOT)))
def test_fits(file):
    source = file.read_text("utf-8")
    too_long = {
        node.name: lines
        for node in functions(ast.parse(source))
        if (lines := body_lines(node)) > BODY_LINES
    }

    assert len(source.splitlines()) <= FILE_LINES
    assert too_long == {}


def functions(tree: ast.AST) -> Iterator[FunctionNode]:
    """Every function and method, nested ones too."""
    return (node for node in ast.walk(tree) if isinstance(node, FunctionNode))


def body_lines(node: FunctionNode) -> int:
    """Lines of the body without its docstring."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0
