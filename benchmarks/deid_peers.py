"""What is left of planted identities, and of what research needs: ours and four tools.

The same files to all, each tool as its own documentation starts: a corpus of ours
(``benchmarks/planted``) and that of ``dentdeid synth``. Counts of checks that pass.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from frame import Options, Row
from planted import dental, ours
from planted.answers import InstanceKey, read_answers
from planted.corpus import SEED, make
from planted.peers import Cleaned
from planted.scores import Score, Tally, score

from dicom_pipeline.places import Places
from dicom_pipeline.settings import Settings

HERE = Path(__file__).parent
PEERS = HERE.parent / ".venv" / "peers_deid"
PATIENTS, HARD, DENTAL = 24, 4, 12
Corpus = tuple[str, Path, list[InstanceKey]]
Facts = dict[str, Tally]


def rows(options: Options) -> Iterator[Row]:
    """Every tool over both corpora, and ours over both at once."""
    python = _peers_python()
    with tempfile.TemporaryDirectory() as folder:
        corpora = [
            _planted(Path(folder), "planted", 8 if options.quick else PATIENTS),
            _planted(Path(folder), "hard", HARD),
            _dental(Path(folder), python),
        ]
        mine = _ours(Path(folder), corpora)
        for name, files, keys in corpora:
            facts = FACTS[name](mine[name])
            for tool, command in TOOLS.items():
                cleaned = _clean(python, command, files, Path(folder) / tool / name)
                theirs = score(keys, cleaned.outputs(), cleaned.mappings(keys))
                yield from _compared(name, tool, facts, FACTS[name](theirs))


def planted_facts(found: Score) -> Facts:
    """What is asked of our own corpus."""
    return {
        "required actions": found.required,
        "removals": found.removed,
        **{f"removals: {place}": found.categories[place] for place in _PLACES},
        "retentions": found.kept,
        "intervals equal": found.intervals,
        "references join": found.references,
        "patients apart": found.apart,
        "instances without a planted text": found.silent,
    }


def dental_facts(found: Score) -> Facts:
    """What the design has measured for four tools."""
    return {
        "PHI attributes": found.categories["header"],
        "dates changed": found.categories["dates"],
        "intervals equal": found.intervals,
        "UIDs changed": found.categories["uids"],
        "kept attributes": found.kept,
        "private gone": found.places["private"],
        "nested clean": found.places["nested"],
        "overlay and icon gone": found.places["overlay+icon"],
    }


def hard_facts(found: Score) -> Facts:
    """Of which nobody has promised anything."""
    return {"names that no header tells of, hidden": found.categories["pixels"]}


def _planted(folder: Path, name: str, patients: int) -> Corpus:
    made = folder / "made"
    hard = name == "hard"
    make(made, patients=patients, seed=SEED + hard, hard=hard)
    files = (made / "dicom").rename(folder / name)
    return name, files, list(read_answers((made / "answers.db").rename(f"{files}.db")))


def _dental(folder: Path, python: Path) -> Corpus:
    command = [python.with_name("dentdeid"), "synth", "-o", folder / "synth"]
    more = ["-n", str(DENTAL), "--no-cbct"]
    subprocess.run([*command, *more], check=True, stdout=subprocess.DEVNULL)
    files = (folder / "synth" / "dicom").rename(folder / "dentdeid")
    return "dentdeid", files, list(dental.keys_of(files))


def _ours(folder: Path, corpora: Sequence[Corpus]) -> dict[str, Score]:
    home, nested = folder / "home", folder / "nested"
    ours.load(home, nested, [files for _, files, _ in corpora])
    settings = Settings(home=home, _env_file=None)
    with Places(settings).open() as places:
        return {
            name: ours.score_of(places, settings, keys, files, nested)
            for name, files, keys in corpora
        }


def _clean(python: Path, command: "Command", files: Path, out: Path) -> Cleaned:
    """Run a tool over all files in one folder, as three of the four want them."""
    flat = out.with_name(f"{out.name}-in")
    flat.mkdir(parents=True)
    out.mkdir()
    for file in files.rglob("*.dcm"):
        name = file.relative_to(files).as_posix().replace("/", "_")
        shutil.copy(file, flat / name)
    subprocess.run(
        command(python, flat, out), check=True, capture_output=True, timeout=1800
    )
    return Cleaned(flat, out)


def _compared(corpus: str, tool: str, mine: Facts, theirs: Facts) -> Iterator[Row]:
    for what, tally in mine.items():
        target, met = _target(corpus, what, tally)
        yield Row(
            name=f"deid {corpus}, {what}: {tool}",
            ours=tally.passed,
            peer=theirs[what].passed,
            unit=f"of {tally.total}",
            ratio=theirs[what].passed / max(tally.passed, 1),
            target=target,
            met=met,
        )


def _target(corpus: str, what: str, tally: Tally) -> tuple[str, bool | None]:
    if corpus == "hard":
        return "", None
    least = {"required actions": 99.9, "retentions": 98.0}
    wanted = least.get(what, 100.0) if corpus == "planted" else 100.0
    return f">= {wanted:g} %", tally.share >= wanted


def _peers_python() -> Path:
    """Python of these peers' environment, which is made where it is not there yet."""
    wanted = (HERE / "peers_deid.txt").read_bytes()
    stamp, python = PEERS / "made-of", PEERS / "bin" / "python"
    if not stamp.exists() or stamp.read_bytes() != wanted:
        uv = shutil.which("uv") or str(HERE.parent / ".tools/bin/uv")
        base = f"{sys.version_info.major}.{sys.version_info.minor}"
        make_it = [uv, "venv", "-q", "--clear", "--python", base, PEERS]
        subprocess.run(make_it, check=True)
        install = [uv, "pip", "install", "-q", "--python", python, "-r"]
        subprocess.run([*install, HERE / "peers_deid.txt"], check=True)
        stamp.write_bytes(wanted)
    return python


Command = Callable[[Path, Path, Path], list[str | Path]]
_RUN = HERE / "deid_peers_run.py"
_PLACES = (
    *("header", "nested", "private", "file meta", "preamble", "overlay", "icon"),
    *("pixels", "path"),
)
FACTS: dict[str, Callable[[Score], Facts]] = {
    "planted": planted_facts,
    "hard": hard_facts,
    "dentdeid": dental_facts,
}
TOOLS: dict[str, Command] = {
    "dicom-anonymizer": lambda python, flat, out: [
        python.with_name("dicom-anonymizer"),
        flat,
        out,
    ],
    "dcm-anonymizer": lambda python, flat, out: [
        python.with_name("dcm-anon"),
        *("--quiet", "--continue-on-error"),
        flat,
        out,
    ],
    "dicognito": lambda python, flat, out: [python, _RUN, "dicognito", flat, out],
    "deid": lambda python, flat, out: [python, _RUN, "deid", flat, out],
}
