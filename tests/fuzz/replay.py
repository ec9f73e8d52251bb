"""Judge every file of some folders again, to measure coverage or to see a finding."""
# ruff: noqa: T201  it speaks to whoever started it

import sys
from pathlib import Path

from tests.fuzz.judge import judge


def main(folders: list[str]) -> int:
    """Return how many files break a rule."""
    broken = 0
    for path in sorted(p for folder in folders for p in Path(folder).iterdir()):
        if path.suffix == ".txt":
            continue
        try:
            judge(path.read_bytes())
        except Exception as error:  # noqa: BLE001  it goes on after a finding
            broken += 1
            print(f"{path.name}: {type(error).__name__} {error}")
    return broken


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
