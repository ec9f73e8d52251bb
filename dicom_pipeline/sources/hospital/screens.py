"""Colour pictures with text burned in: ultrasound loops and screenshots."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import (
    RLELossless,
    SecondaryCaptureImageStorage,
    UltrasoundMultiFrameImageStorage,
)

from dicom_pipeline.sources.hospital.lettering import write_text
from dicom_pipeline.sources.hospital.phantom import Picture
from dicom_pipeline.sources.hospital.study import (
    Device,
    Series,
    Visit,
    instance,
    put_pixels,
)

US_CANON: Final = Device(
    "TOSHIBA_MEC_US", "TUS-A500", "USB13", "QHUS1", "AB_V6.0", RLELossless
)
WORKSTATION: Final = Device("Agfa", "IMPAX", "71", "QHWS1", "6.5.3")

_ROWS, _COLUMNS, _FRAMES = 240, 320, 10
_BANNER = 24  # rows above the region of the scan
_APEX = (18.0, 160.0)  # row, column: the probe


def us_abdomen(visit: Visit) -> Iterator[Dataset]:
    """A loop: a fan of speckle with a cyst that breathes, the patient's name above."""
    series = Series(1, "US", UltrasoundMultiFrameImageStorage, "ABDOMEN", US_CANON)
    series = replace(
        series, body_part="ABDOMEN", study_description="Sonographie Abdomen"
    )
    for number in (1, 2):
        dataset = instance(visit, series, number)
        frames = _loop(visit, number)
        put_pixels(dataset, frames, bits=8, photometric="RGB")
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "", "0001"]
        dataset.FrameTime, dataset.CineRate = "66.7", "15"
        dataset.FrameIncrementPointer = 0x00181063  # Frame Time
        dataset.LossyImageCompression = "00"  # no word of the annotation: few say it
        dataset.SequenceOfUltrasoundRegions = [_region()]
        yield dataset


def screenshot(visit: Visit) -> Iterator[Dataset]:
    """A capture of a dose report, the patient's name and number in the picture."""
    series = Series(999, "SC", SecondaryCaptureImageStorage, "Report", WORKSTATION)
    series = replace(series, modality="OT", study_description="Sonographie Abdomen")
    dataset = instance(visit, series, 1)
    page = np.full((200, 280, 3), (18, 26, 44), np.uint8)
    lines = [*_caption(visit), "EXAM ABDOMEN", "LIVER 142 MM", "SPLEEN 98 MM"]
    for number, line in enumerate(lines):
        write_text(page, line, 16 + 22 * number, 14, scale=3)
    put_pixels(dataset, page, bits=8, photometric="RGB")
    dataset.ConversionType, dataset.BurnedInAnnotation = "WSD", "YES"
    yield dataset


def _caption(visit: Visit) -> list[str]:
    """Name in letters that the machine can print, and number."""
    spelled = visit.person.folder.replace("_", " ")
    return [spelled, visit.person.patient_id]


def _loop(visit: Visit, number: int) -> NDArray[np.uint8]:
    draw = visit.draw("us", number)
    down, across = np.mgrid[0:_ROWS, 0:_COLUMNS].astype(float)
    depth = np.hypot(down - _APEX[0], across - _APEX[1])
    angle = np.degrees(np.arctan2(across - _APEX[1], down - _APEX[0]))
    fan = (np.abs(angle) < 36) & (depth > 14) & (depth < 206)  # noqa: PLR2004
    speckle = draw.rayleigh(1.0, depth.shape)
    speckle = (speckle + np.roll(speckle, 1, 1) + np.roll(speckle, -1, 1)) / 3
    tissue = 74 * speckle * np.exp(-depth / 260) * (1 + 0.25 * np.sin(depth / 17))
    frames = [
        _frame(np.where(fan, _organs(tissue, down, across, moved), 0.0))
        for moved in 5 * np.sin(np.linspace(0, 2 * np.pi, _FRAMES, endpoint=False))
    ]
    for frame in frames:
        for line, text in enumerate(_caption(visit)):
            write_text(frame, text, 1 + 12 * line, 4)
    return np.stack(frames)


def _organs(tissue: Picture, down: Picture, across: Picture, moved: float) -> Picture:
    """Darken a cyst and brighten what lies below it and a diaphragm."""
    cyst = np.hypot((down - 108 - moved) / 24, (across - 146) / 30) < 1
    below = (np.abs(across - 146) < 20) & (down > 134 + moved)  # noqa: PLR2004
    line = np.abs(np.hypot(down - 40 - moved, across - 190) - 142) < 3  # noqa: PLR2004
    seen = np.where(cyst, tissue * 0.08, tissue * np.where(below, 1.5, 1.0))
    return np.where(line & ~cyst, seen + 90, seen)


def _frame(grey: Picture) -> NDArray[np.uint8]:
    frame = np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    for row in range(60, 180):  # the machine's scale of colours
        frame[row, 300:306] = (min(255, (180 - row) * 2), 60, min(255, (row - 60) * 2))
    return frame


def _region() -> Dataset:
    """Where the scan lies (PS3.3 C.8.5.5); the banner lies outside."""
    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType = 1, 1  # 2D, tissue
    region.RegionFlags = 0
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 30, _BANNER + 2
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 290, _ROWS - 4
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3  # cm
    region.PhysicalDeltaX = region.PhysicalDeltaY = 0.075
    return region
