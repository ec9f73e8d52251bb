"""Make the corpus; write what identifiers became; score files, or this pipeline."""

import argparse
import json
from pathlib import Path

from dicom_pipeline.places import Places
from dicom_pipeline.settings import Settings

from .answers import read_answers
from .checks import Mappings
from .corpus import PATIENTS, SEED, make
from .holder import mappings_of
from .ours import score_of
from .outputs import outputs_of
from .scores import Score, found_by, score

UIDS, PATIENT_IDS = "uid_mapping.csv", "patid_mapping.csv"


def main() -> None:
    """Do what is asked; an exit code other than 0 says that it could not be done."""
    asked = _arguments()
    asked.run(asked)


def _make(asked: argparse.Namespace) -> None:
    count = make(asked.folder, patients=asked.patients, seed=asked.seed)
    print(f"{count} files in {asked.folder / 'dicom'}, {asked.folder / 'answers.db'}")


def _map(asked: argparse.Namespace) -> None:
    settings = Settings(home=asked.home)
    with Places(settings).open() as places:
        keys = read_answers(asked.answers)
        mappings = mappings_of(keys, places.pseudonyms, settings.provider)
    mappings.write(asked.out / UIDS, asked.out / PATIENT_IDS)
    print(f"{len(mappings.uids)} UIDs, {len(mappings.patients)} ids in {asked.out}")


def _score_files(asked: argparse.Namespace) -> None:
    mappings = Mappings.read(asked.uids, asked.patients)
    files = (file for file in asked.files.rglob("*") if file.is_file())
    outputs = found_by(outputs_of(files, asked.files), mappings)
    _show(score(read_answers(asked.answers), outputs, mappings), json_=asked.json)


def _score_ours(asked: argparse.Namespace) -> None:
    settings, keys = Settings(home=asked.home), list(read_answers(asked.answers))
    with Places(settings).open() as places:
        found = score_of(places, settings, keys, asked.originals, asked.nested)
    _show(found, json_=asked.json)


def _show(found: Score, *, json_: bool) -> None:
    counts = {
        "required": found.required,
        "removed": found.removed,
        "kept": found.kept,
        **{str(action): tally for action, tally in sorted(found.actions.items())},
        "intervals equal": found.intervals,
        "references join": found.references,
        "patients apart": found.apart,
        "instances without a planted text": found.silent,
    }
    failed = [
        {"action": action, "category": category, "tag": tag, "failed": count}
        for (action, category, tag), count in found.failed.most_common()
    ]
    if json_:
        said = {name: [tally.passed, tally.total] for name, tally in counts.items()}
        said["unjudged"] = [0, found.unjudged]
        print(json.dumps({"scores": said, "failed": failed}, indent=1))
        return
    for name, tally in counts.items():
        print(f"{name:<34}{tally!s:>16}{tally.share:>9.2f} %")
    if found.unjudged:
        print(f"{found.unjudged} pixels_hidden have no box: look at these pictures")
    for each in failed:
        print("{failed:>8}  {action} {category} {tag}".format(**each))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("planted", description=__doc__)
    words = parser.add_subparsers(required=True)
    made = words.add_parser("make", help="write files and their key")
    made.add_argument("folder", type=Path)
    made.add_argument("--patients", type=int, default=PATIENTS)
    made.add_argument("--seed", type=int, default=SEED)
    made.set_defaults(run=_make)
    mapped = words.add_parser("map", help="write both mappings: needs the key")
    mapped.add_argument("--home", type=Path, required=True)
    mapped.add_argument("--answers", type=Path, required=True)
    mapped.add_argument("out", type=Path)
    mapped.set_defaults(run=_map)
    files = words.add_parser("score", help="score files that a tool has cleaned")
    for name in ("answers", "files", "uids", "patients"):
        files.add_argument(f"--{name}", type=Path, required=True)
    files.set_defaults(run=_score_files)
    ours = words.add_parser("score-ours", help="score an installation of this pipeline")
    for name in ("answers", "home", "nested", "originals"):
        ours.add_argument(f"--{name}", type=Path, required=True)
    ours.set_defaults(run=_score_ours)
    for each in (files, ours):
        each.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
