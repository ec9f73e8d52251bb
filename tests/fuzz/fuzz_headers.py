"""One fuzzing process: libFuzzer steers by coverage, ``judge`` says what is wrong."""

import hashlib
import sys
import traceback
from pathlib import Path
from random import Random

import atheris

with atheris.instrument_imports(include=["dicom_pipeline.dicom", "pydicom"]):
    from tests.fuzz.judge import LOWERED, judge
    from tests.fuzz.mutations import mutated

_OWN_MUTATIONS = 0.6  # of all; the rest are libFuzzer's, which follow comparisons


def _mutate(data: bytes, limit: int, seed: int) -> bytes:
    random = Random(seed)
    if random.random() < _OWN_MUTATIONS:
        return mutated(data, random, limit)
    return atheris.Mutate(data, limit)


def _keep(findings: Path, data: bytes, error: BaseException) -> None:
    """One file per place in the code where something went wrong."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__} {error} {Path(frame.filename).name}:{frame.lineno}"
    name = hashlib.sha256(what.encode()).hexdigest()[:12]
    if not (findings / f"{name}.dcm").exists():
        (findings / f"{name}.dcm").write_bytes(data)
        (findings / f"{name}.txt").write_text(
            what + "\n" + "".join(traceback.format_exception(error))
        )


def main(findings: Path, arguments: list[str]) -> None:
    """Fuzz until libFuzzer ends the process.

    Args:
        findings: Folder for inputs that break a rule.
        arguments: Of libFuzzer.
    """

    def one_input(data: bytes) -> None:
        try:
            judge(data)
        except Exception as error:  # noqa: BLE001  it goes on after a finding
            _keep(findings, data, error)

    for module, name, limit in LOWERED:
        setattr(module, name, limit)
    atheris.Setup([sys.argv[0], *arguments], one_input, custom_mutator=_mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
