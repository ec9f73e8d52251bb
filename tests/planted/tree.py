"""A copy of this checkout that may be broken, and runs in place of the real one."""

import os
import shutil
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
_PARTS = ("dicom_pipeline", "dbt_project", "tests", "docs", "benchmarks")
_FILES = ("pyproject.toml", "CHANGELOG.md", "README.md", "Makefile", ".env.example")
_LEFT_OUT = shutil.ignore_patterns("target", "logs", "__pycache__", "*.duckdb")


def copied_tree(to: Path, parts: tuple[str, ...] = _PARTS) -> Path:
    """Copy what tests and commands read."""
    to.mkdir(parents=True, exist_ok=True)
    for part in parts:
        shutil.copytree(CHECKOUT / part, to / part, ignore=_LEFT_OUT)
    for name in _FILES:
        shutil.copy2(CHECKOUT / name, to / name)
    return to


def environment(tree: Path) -> dict[str, str]:
    """What makes Python take the copy's packages."""
    return {**os.environ, "PYTHONPATH": str(tree)}


def put(tree: Path, file: str, old: str, new: str) -> None:
    """Change one place of one file; it must be there once."""
    path = tree / file
    text = path.read_text("utf-8")
    assert text.count(old) == 1, f"{file} has this {text.count(old)} times: {old}"
    path.write_text(text.replace(old, new), "utf-8")
