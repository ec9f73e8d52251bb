"""Who was seen when, and the files of it on disk."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

from dicom_pipeline.sources.hospital.people import PATIENTS, SEED, Person, planted
from dicom_pipeline.sources.hospital.radiographs import DX_GE, cr_chest, dx_chest
from dicom_pipeline.sources.hospital.reports import report
from dicom_pipeline.sources.hospital.screens import screenshot, us_abdomen
from dicom_pipeline.sources.hospital.study import Visit
from dicom_pipeline.sources.hospital.tomography import (
    MR_PHILIPS,
    ct_chest,
    ct_head,
    ct_thin,
    mr_head,
    pet,
)

Make = Callable[[Visit], Iterator[Dataset]]

LATE: Final = "late"
_OPENED: Final = dt.date(2024, 1, 9)
_BARE: Final = {DX_GE.station, MR_PHILIPS.station}  # they write no file suffix


@dataclass(frozen=True)
class _Study:
    """A study of the plan; ``after`` counts days from the hospital's first."""

    after: int
    makes: tuple[Make, ...]
    dated: bool = True
    stamped: bool = True
    late: bool = False


# One row for each patient; more patients begin again at the top, a year later.
_PLAN: Final = (
    (_Study(0, (ct_chest, report)), _Study(92, (ct_chest, report)), _Study(98, (pet,))),
    (_Study(29, (cr_chest,)), _Study(31, (ct_thin,)), _Study(122, (cr_chest,))),
    (_Study(58, (mr_head,)), _Study(241, (mr_head,))),
    (_Study(41, (us_abdomen, screenshot)), _Study(150, (us_abdomen,))),
    (
        _Study(126, (dx_chest,)),
        _Study(133, (cr_chest,), dated=False),
        _Study(190, (cr_chest,), dated=False, stamped=False),
    ),
    (_Study(155, (ct_head, report)), _Study(44, (cr_chest,), late=True)),
)


def write_hospital(folder: Path, *, patients: int = PATIENTS, seed: int = SEED) -> int:
    """Write the hospital's files, a folder for each patient.

    Files that arrive after the others, of a month that is there by then, lie under
    ``late/``: a demo may send them in a second push.

    Args:
        folder: Where to; made where it is not there.
        patients: How many; six show every modality.
        seed: Another seed gives other numbers, dates of birth, UIDs and noise.

    Returns:
        Number of files.
    """
    people = planted(patients=patients, seed=seed).people
    return sum(
        _write(folder, number, person, seed) for number, person in enumerate(people)
    )


def _write(folder: Path, number: int, person: Person, seed: int) -> int:
    written = 0
    later = dt.timedelta(days=364 * (number // len(_PLAN)))
    for study, planned in enumerate(_PLAN[number % len(_PLAN)], start=1):
        day = _OPENED + later + dt.timedelta(days=planned.after)
        visit = Visit(person, study, day, seed, planned.dated, planned.stamped)
        root = folder / LATE if planned.late else folder
        for make in planned.makes:
            for dataset in make(visit):
                _save(dataset, root / person.folder / f"{study}")
                written += 1
    return written


def _save(dataset: Dataset, study: Path) -> None:
    """Store one data set in the syntax of its machine."""
    suffix = "" if dataset.StationName in _BARE else ".dcm"
    series = study / f"{dataset.SeriesNumber:03d}_{dataset.Modality}"
    series.mkdir(parents=True, exist_ok=True)
    if dataset.file_meta.TransferSyntaxUID == RLELossless:
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.compress(
            RLELossless, encoding_plugin="pydicom", generate_instance_uid=False
        )
    file = series / f"IM{dataset.InstanceNumber:05d}{suffix}"
    dataset.save_as(file, enforce_file_format=True)
