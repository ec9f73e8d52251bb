"""Committed files say nothing of the machine that they were written on."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"

# Home folders and scratch checkouts; URLs and globs with such a part are not meant.
LOCAL = re.compile(r"(?<![\w.*{}-])/(?:home|root|work|Users)/\w")


def test_no_text_names_a_folder_of_one_machine():
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in committed()
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if LOCAL.search(line)
    ]

    assert found == []


def test_the_lock_holds_versions_and_hashes_but_no_address():
    lines = LOCK.read_text("utf-8").splitlines()
    pins = [line for line in lines if re.match(r"[a-z0-9]", line)]

    assert not [line for line in lines if "://" in line or line.startswith("--")]
    assert [pin for pin in pins if "==" not in pin] == []
    assert len([line for line in lines if "--hash=sha256:" in line]) >= len(pins)


def committed() -> list[Path]:
    """Files that git tracks; skipped where the tree is not a checkout."""
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    names = done.stdout.split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def text_of(path: Path) -> str:
    """The text of a file; nothing where it is binary."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return ""
