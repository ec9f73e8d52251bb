"""The whole corpus on disk, and its key."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset

from . import headers, hidden
from .answers import IDENTITY, Action, Answer, InstanceKey, write_answers
from .modalities import HARD, Fill, series_of
from .people import number_of, person
from .plant import Plant
from .visits import Series, Visit

SEED = 2026
PATIENTS = 16
_OPENED = dt.date(2023, 9, 4)
_STUDIES = 2


@dataclass(frozen=True)
class Made:
    """One instance, the key of it, and where a hospital would put it."""

    dataset: Dataset
    key: InstanceKey
    path: str


def make(
    folder: Path, *, patients: int = PATIENTS, seed: int = SEED, hard: bool = False
) -> int:
    """Write files below ``folder/dicom`` and the key to ``folder/answers.db``.

    The same arguments give the same bytes.

    Args:
        folder: Where to; it must not hold a corpus yet.
        patients: How many; eight show every kind of image from both hospitals.
        seed: Another one gives other people, numbers, dates, UIDs and noise.
        hard: Make images alone whose names in pixels no header tells of.

    Returns:
        Number of files.
    """
    keys = []
    for made in instances(patients=patients, seed=seed, hard=hard):
        file = folder / "dicom" / made.path
        file.parent.mkdir(parents=True, exist_ok=True)
        made.dataset.save_as(file, enforce_file_format=True)
        keys.append(made.key)
    write_answers(folder / "answers.db", keys)
    return len(keys)


def instances(*, patients: int, seed: int = SEED, hard: bool = False) -> Iterator[Made]:
    """Make every instance; the arguments are those of ``make``."""
    for number in range(patients):
        who = person(number, seed)
        days = number_of(seed, number, "first") % 120
        for study in range(1, _STUDIES + 1):
            visit = Visit(who, study, _OPENED + dt.timedelta(days=days))
            days += 20 + number_of(seed, number, "next") % 300
            for series, fill, count in HARD if hard else series_of(visit):
                for place in range(1, count + 1):
                    yield _instance(visit, series, fill, place)


def _instance(visit: Visit, series: Series, fill: Fill, number: int) -> Made:
    plant = Plant(Dataset())
    plant.put("SpecificCharacterSet", "ISO_IR 192")
    headers.general_image(plant, visit, series, number)
    headers.patient(plant, visit)
    headers.study(plant, visit, next(series_of(visit))[0].words)
    headers.of_series(plant, visit, series)
    headers.equipment(plant, visit.person, series.machine)
    hidden.nested(plant, visit, series)
    first = visit.uid(series.number, 1)
    others = (first,) if number > 1 else ()
    hidden.references(plant, visit, others, series.sop_class)
    hidden.private(plant, visit)
    hidden.vendor_abuse(plant, visit)
    fill(plant, visit, series, number)
    if "Rows" in plant.dataset:
        hidden.overlay(plant, visit)
        hidden.icon(plant, visit)
    hidden.file_meta(plant, visit, series)
    hidden.preamble(plant, visit)
    path = _path(visit, series, number)
    for word in (visit.person.family, visit.person.patient_id, visit.accession):
        asked = Answer("path", path, Action.TEXT_REMOVED, word, "File", "path")
        plant.answers.append(asked)
    identity = {name: str(plant.dataset[name].value) for name in IDENTITY}
    return Made(plant.dataset, InstanceKey(identity, plant.answers), path)


def _path(visit: Visit, series: Series, number: int) -> str:
    who = visit.person
    folder = f"{who.family}_{who.given}_{who.patient_id}_{who.issuer}"
    name = f"{visit.accession}_{series.number:02d}_{number:04d}.dcm"
    return f"{folder}/{visit.day:%Y%m%d}/{name}"
