"""Ways to render that are measured: the binary, limits in one process, peers."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from frame import Spent

HERE = Path(__file__).parent
ROOT = HERE.parent
CRATE = ROOT / "img_compressor"
BINARY = Path(sys.executable).with_name("img-compressor")
PEERS = ROOT / ".venv" / "peers"
SHM = Path("/dev/shm")
Files = Sequence[Path]
Way = Callable[[Files], float]
"""Renders every file and returns processor microseconds per image."""


def workspace() -> tempfile.TemporaryDirectory[str]:
    """A folder in memory where that is to be had: a disk is not ours to measure."""
    return tempfile.TemporaryDirectory(dir=SHM if SHM.is_dir() else None)


def peers_python() -> Path:
    """Python of the peers' environment, which is made where it is not there yet."""
    wanted = (HERE / "peers.txt").read_bytes()
    stamp, python = PEERS / "made-of", PEERS / "bin" / "python"
    if not stamp.exists() or stamp.read_bytes() != wanted:
        uv = shutil.which("uv") or str(ROOT / ".tools/bin/uv")
        base = f"{sys.version_info.major}.{sys.version_info.minor}"
        make = [uv, "venv", "-q", "--clear", "--python", base, PEERS]
        subprocess.run(make, check=True)
        install = [uv, "pip", "install", "-q", "--python", python, "-r"]
        subprocess.run([*install, HERE / "peers.txt"], check=True)
        stamp.write_bytes(wanted)
    return python


def samples(folder: Path, kind: str, count: int, sources: Files = ()) -> list[Path]:
    """Files of one kind, as ``images_samples.py`` makes them."""
    command = [peers_python(), HERE / "images_samples.py", folder, kind, str(count)]
    subprocess.run([*command, *sources], check=True)
    return sorted(folder.glob("*.dcm"))


@dataclass
class Fresh:
    """Hands out folders that are not there yet; files are never written over."""

    root: Path
    _count: int = field(default=0, init=False)

    def folder(self) -> Path:
        """A new one; those before it go, outside of what is measured."""
        for old in self.root.glob("*"):
            shutil.rmtree(old)
        self._count += 1
        made = self.root / str(self._count)
        made.mkdir(parents=True)
        return made


def ours(fresh: Fresh, rounds: int = 1, options: Sequence[str] = ()) -> Way:
    """One process of the binary for a batch, its start included."""

    def render(files: Files) -> float:
        out = fresh.folder()
        asked = [
            {"input": str(file), "output": str(out / f"{turn}-{number}")}
            for turn in range(rounds)
            for number, file in enumerate(files)
        ]
        for each in asked:
            Path(each["output"]).mkdir()
        requests = out / "requests"
        requests.write_text("".join(json.dumps(each) + "\n" for each in asked))
        cpu = batch(requests, ["--workers", "1", *options])
        return cpu / len(asked) * 1e6

    return render


def batch(
    requests: Path, options: Sequence[str] = (), answers: int | None = None
) -> float:
    """Processor seconds of the binary over a file of requests."""
    with requests.open() as lines:
        process = subprocess.Popen(
            [BINARY, "batch", *options],
            stdin=lines,
            stdout=answers or subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"the binary ended with {process.returncode}")
    return used.ru_utime + used.ru_stime


def measure_binary() -> Path:
    """The crate's example that times limits; built where sources are newer."""
    command = ["cargo", "build", "-q", "--locked", "--release", "--example", "measure"]
    subprocess.run(command, cwd=CRATE, check=True)
    return CRATE / "target/release/examples/measure"


@contextmanager
def limits(files: Files, out: Path, chroma: str = "444") -> Iterator[Callable]:
    """Way by name of a part: ``limit``, ``floor``, ``memory`` or ``copy``."""
    out.mkdir(parents=True, exist_ok=True)
    command = [measure_binary(), out, "90", chroma, *files]
    with _talking(command) as ask:

        def way(part: str, rounds: int = 1) -> Way:
            def spend(_: Files) -> float:
                for old in out.glob("*"):
                    old.unlink()
                return ask(f"{part} {rounds}") / 1e3

            return spend

        yield way


@contextmanager
def peers(fresh: Fresh) -> Iterator[Callable]:
    """Way by name of a method of ``images_peers.py``; refuses what the peer cannot."""
    with _talking([peers_python(), HERE / "images_peers.py"]) as ask:

        def way(method: str, rounds: int = 1) -> Way:
            def spend(files: Files) -> float:
                asked = {
                    "method": method,
                    "files": [str(file) for file in files],
                    "out": str(fresh.folder()),
                    "rounds": rounds,
                }
                return ask(json.dumps(asked)) / 1e3

            return spend

        yield way


@contextmanager
def _talking(command: Sequence[object]) -> Iterator[Callable[[str], int]]:
    words = [str(word) for word in command]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) as process:

        def ask(line: str) -> int:
            process.stdin.write(line + "\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        try:
            yield ask
        finally:
            process.stdin.close()


def side_by_side(
    ways: dict[str, Way], files: Files, rounds: int
) -> dict[str, list[Spent]]:
    """Every way over all files, A B C, C B A: what disturbs one disturbs all.

    A way that cannot read the files is left out.
    """
    spent: dict[str, list[Spent]] = {name: [] for name in ways}
    for number in range(rounds):
        order = list(ways.items())
        for name, way in order[:: -1 if number % 2 else 1]:
            micros = way(files)
            spent[name].append(Spent(cpu=micros, wall=micros))
    return {
        name: each for name, each in spent.items() if min(one.cpu for one in each) > 0
    }
