"""Fuzz the header reader for some minutes and say what came of it."""
# ruff: noqa: T201  it speaks to whoever started it

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

from tests.fuzz.seeds import seeds

_FUZZER = "tests.fuzz.fuzz_headers"
_REPLAY = "tests.fuzz.replay"
_LIMITS = (
    "-max_len=65536",
    "-timeout=60",  # seconds of the clock for one input; judge counts CPU time
    "-rss_limit_mb=2048",
    "-report_slow_units=60",
    "-len_control=0",
    "-print_final_stats=1",
)
_EXECUTED = re.compile(r"stat::number_of_executed_units:\s+(\d+)")
_SEEN = re.compile(r"^#(\d+).*?cov: (\d+) ft: (\d+)", re.MULTILINE)


def main() -> int:
    """Return 0 where every input was judged well, 1 for findings, 2 for no fuzzing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--folder", type=Path, default=Path(".fuzz"))
    options = parser.parse_args()
    corpus, findings = options.folder / "corpus", options.folder / "findings"
    for folder in (corpus, findings):
        folder.mkdir(parents=True, exist_ok=True)
    for index, seed in enumerate(seeds()):
        (corpus / f"seed-{index:03}").write_bytes(seed)
    executed, edges = _fuzz(options.folder, options.minutes * 60)
    if not executed:
        print(f"the fuzzer did not start: see {options.folder / 'fuzz.log'}")
        return 2
    inputs = sum(1 for _ in corpus.iterdir())
    print(f"{executed} executions, {edges} edges, {inputs} inputs kept in {corpus}")
    _cover(corpus)
    found = sorted(path for path in findings.iterdir() if path.suffix != ".txt")
    print(f"{len(found)} findings" + "".join(f"\n  {path}" for path in found))
    return 1 if found else 0


def _fuzz(folder: Path, seconds: float) -> tuple[int, int]:
    """Fuzz until the time is over, anew where an input ended the process."""
    log, executed, edges = folder / "fuzz.log", 0, 0
    end = time.monotonic() + seconds
    while (left := int(end - time.monotonic())) > 0:
        with log.open("w", encoding="utf-8", errors="replace") as out:
            ended = subprocess.run(
                [
                    *(sys.executable, "-m", _FUZZER, str(folder / "findings")),
                    *(str(folder / "corpus"), *_LIMITS, f"-max_total_time={left}"),
                    f"-artifact_prefix={folder / 'findings'}/",
                ],
                stdout=out,
                stderr=out,
                check=False,
            )
        text = log.read_text(encoding="utf-8", errors="replace")
        seen = [tuple(map(int, match)) for match in _SEEN.findall(text)]
        counted = _EXECUTED.findall(text)
        executed += int(counted[-1]) if counted else max([0, *(n for n, *_ in seen)])
        edges = max([edges, *(cov for _, cov, _ in seen)])
        print(f"process ended with {ended.returncode} after {len(seen)} reports")
        if not seen:
            break  # it did not even start: the log says why
    return executed, edges


def _cover(corpus: Path) -> None:
    """Print which lines of the reader the inputs reach."""
    report = ("report", "--show-missing", "--skip-empty")
    coverage = (sys.executable, "-m", "coverage")
    data = f"--data-file={corpus.parent / 'coverage'}"
    run = ("run", data, "--branch", "--source=dicom_pipeline.dicom", "-m", _REPLAY)
    subprocess.run([*coverage, *run, str(corpus)], check=False)
    subprocess.run([*coverage, *report, data], check=True)


if __name__ == "__main__":
    sys.exit(main())
