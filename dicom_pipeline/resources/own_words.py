"""Words that the programs of a pipeline write into logs and artefacts by themselves."""

import platform
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from dicom_pipeline.deid.needles import SHORTEST, Hashes, hashes, words

_PARTS = {
    "dagster": (
        "_core/events",
        "_core/definitions",
        "_core/execution",
        "_core/storage",
    ),
    "dbt": ("include", "adapters", "events", "contracts"),
    "dicom_pipeline": ("",),
}
_TEXTS = {".py", ".sql", ".yml", ".md", ".csv"}
_MADE_UP_PEOPLE = "hospital"


@cache
def own_words(project: Path, home: Path) -> Hashes:
    """Hashes of the words of our own code, of dbt's, of Dagster's, and of the paths.

    A person who is called like one of them is sought by the whole name there.
    """
    found = {*words(str(home.absolute())), *words(platform.node())}
    for file in _files(project):
        text = file.read_text("utf-8", "replace")
        found |= {word for word in words(text) if not word.isdecimal()}
    return hashes([word for word in found if len(word) >= SHORTEST])


def _files(project: Path) -> Iterator[Path]:
    folders = [project]
    for package, parts in _PARTS.items():
        spec = find_spec(package)
        places = list(spec.submodule_search_locations or []) if spec else []
        folders += [Path(place) / part for place in places for part in parts]
    for folder in folders:
        for file in folder.rglob("*"):
            if file.suffix in _TEXTS and _MADE_UP_PEOPLE not in file.parts:
                yield file
