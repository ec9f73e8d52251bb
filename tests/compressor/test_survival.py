"""A compressor that dies: every object is answered once, and whole.

A stand-in plays the binary: it says two frames of each object and kills itself in the
objects that are called so.
"""

import stat
import sys
from collections import Counter
from pathlib import Path

import pytest

from dicom_pipeline.resources.compressor import Compressor, Job
from dicom_pipeline.resources.store import Store

STAND_IN = f"""#!{sys.executable} -IS
import json, os, signal, sys
for line in sys.stdin:
    name = json.loads(line)["id"]
    for frame in (1, 2):
        row = json.dumps({{"id": name, "frame": frame, "status": "ok"}})
        if name.startswith("dies") and frame == int(name[-1]):
            print(row[:9], end="", flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        print(row, flush=True)
"""


@pytest.fixture
def mortal(tmp_path: Path) -> Compressor:
    """A compressor that some objects kill."""
    binary = tmp_path / "img-compressor"
    binary.write_text(STAND_IN)
    binary.chmod(binary.stat().st_mode | stat.S_IXUSR)
    return Compressor(str(binary), 90, Store())


def rendered(compressor: Compressor, names: list[str]) -> dict[str, list[object]]:
    """Frames or reasons, by object."""
    answers = list(compressor.render([Job(name, "in", "out") for name in names]))
    said: dict[str, list[object]] = {name: [] for name in names}
    for answer in answers:
        said[answer["id"]].append(answer.get("reason") or answer["frame"])
    return said


@pytest.mark.parametrize("killer", ["dies in 1", "dies in 2"])
@pytest.mark.parametrize("place", [0, 3, 6])
def test_one_object_is_the_culprit_wherever_it_stands(mortal, killer, place):
    """Its neighbours have every frame once, and it has one row, no frame of its own."""
    names = [f"{number}" for number in range(6)]
    names.insert(place, killer)

    said = rendered(mortal, names)

    assert said.pop(killer) == ["crashed"]
    assert Counter(map(tuple, said.values())) == {(1, 2): 6}


def test_several_culprits_are_each_answered(mortal):
    """Whatever dies twice in a batch is told apart."""
    names = ["a", "dies in 1", "b", "dies too in 2", "c"]

    said = rendered(mortal, names)

    assert said == {
        "a": [1, 2],
        "b": [1, 2],
        "c": [1, 2],
        "dies in 1": ["crashed"],
        "dies too in 2": ["crashed"],
    }


def test_no_object_starts_no_process(tmp_path):
    """There is nothing to ask."""
    assert list(Compressor(str(tmp_path / "none"), 90, Store()).render([])) == []
