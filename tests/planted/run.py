"""Plants each fault in a copy of the checkout and expects its test to fail.

``python -m tests.planted.run [NUMBER ...]`` prints one row per fault as the page
docs/deidentification_tests.md has it, and ends with 1 if a fault went unseen.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.planted.faults import FAULTS, Fault
from tests.planted.tree import copied_tree, environment, put

FAILED = 1  # of pytest: a test, or the build that it needs; 2 is code that is broken


def seen(fault: Fault, folder: Path) -> bool:
    """Whether the fault's test fails where the fault is, and for no other reason."""
    tree = copied_tree(folder / "tree")
    put(tree, fault.file, fault.old, fault.new)
    words = ["-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", fault.test]
    done = subprocess.run(
        [sys.executable, *words, f"--basetemp={folder / 'tests'}"],
        cwd=tree,
        env=environment(tree),
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    told = done.stdout.splitlines()[-1:] or ["nothing was said"]
    print(f"    {told[0]}", file=sys.stderr, flush=True)  # noqa: T201
    return done.returncode == FAILED


def main() -> int:
    """Plant what was asked for, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("numbers", nargs="*", type=int)
    wanted = set(parser.parse_args().numbers)
    unseen = 0
    for fault in FAULTS:
        if wanted and fault.number not in wanted:
            continue
        with tempfile.TemporaryDirectory() as folder:
            was = seen(fault, Path(folder))
        unseen += not was
        word = "yes" if was else "NO"
        row = f"| {fault.number} | {fault.what} | `{fault.file}` | {word} |"
        print(row, flush=True)  # noqa: T201
    return 1 if unseen else 0


if __name__ == "__main__":
    sys.exit(main())
