"""Pictures shone through a body: CR and DX."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
)

from dicom_pipeline.sources.hospital.phantom import THORAX, Grid, grain, projection
from dicom_pipeline.sources.hospital.study import (
    Device,
    Series,
    Visit,
    instance,
    put_pixels,
)

CR_FUJI: Final = Device("FUJIFILM Corporation", "CR-IR 357", "3557", "QHCR1", "A14")
DX_GE: Final = Device("GE Healthcare", "Discovery XR656", "9920", "QHDX1", "FW24")

_WATER: Final = 0.019  # attenuation per mm at some 70 keV
# To water. What lies in the lungs counts with the lung that it takes the place of.
_RELATIVE: Final = {
    "air": 0.0, "lung": 0.24, "fat": 0.93, "muscle": 1.05, "heart": 1.62,
    "blood": 1.5, "liver": 1.35, "spleen": 1.3, "bone": 1.3, "rib": 2.9,
    "marrow": 0.95, "cord": 1.0, "tumour": 2.3, "vessel": 2.4,
}  # fmt: skip
_ATTENUATION: Final = {tissue: _WATER * more for tissue, more in _RELATIVE.items()}


def cr_chest(visit: Visit) -> Iterator[Dataset]:
    """CR of the chest from behind, MONOCHROME1: high values are dark."""
    series = Series(1, "CR", ComputedRadiographyImageStorage, "Thorax pa", CR_FUJI)
    series = replace(series, study_description="Roentgen Thorax")
    dataset = instance(visit, series, 1)
    picture = _radiograph(visit, Grid(480, 420, 0.85), tone=1023)
    put_pixels(dataset, 1023 - picture, bits=10, photometric="MONOCHROME1")
    _window(dataset, 511, 1023)
    dataset.ViewPosition, dataset.PatientOrientation = "PA", ["L", "F"]
    dataset.ImagerPixelSpacing = ["0.85", "0.85"]
    dataset.PixelSpacing = ["0.85", "0.85"]
    dataset.PlateType, dataset.CassetteID = "ST-VI", "C4471"
    dataset.PresentationLUTShape = "INVERSE"
    if visit.dated:
        dataset.BurnedInAnnotation = "NO"
    yield dataset


def dx_chest(visit: Visit) -> Iterator[Dataset]:
    """DX of the chest twice: for presentation, and the raw one for processing."""
    grid = Grid(520, 440, 0.8)
    shown = Series(1, "DX", DigitalXRayImageStorageForPresentation, "CHEST AP", DX_GE)
    shown = replace(shown, study_description="XR CHEST 1 VIEW")
    raw = replace(
        shown,
        number=2,
        sop_class=DigitalXRayImageStorageForProcessing,
        description="CHEST AP RAW",
    )
    picture = _radiograph(visit, grid, tone=4095)
    dataset = _dx(visit, shown, grid, "FOR PRESENTATION", "MONOCHROME2")
    put_pixels(dataset, picture, bits=12, photometric="MONOCHROME2")
    _window(dataset, 2047, 4095)
    yield dataset
    dataset = _dx(visit, raw, grid, "FOR PROCESSING", "MONOCHROME1")
    counts = (12_000 * np.exp(picture / -1400.0)).astype("<u2")
    put_pixels(dataset, counts, bits=14, photometric="MONOCHROME1")
    yield dataset


def _dx(
    visit: Visit, series: Series, grid: Grid, intent: str, photometric: str
) -> Dataset:
    """PS3.3 C.8.11."""
    dataset = instance(visit, series, 1)
    dataset.PresentationIntentType = intent
    dataset.PresentationLUTShape = (
        "INVERSE" if photometric == "MONOCHROME1" else "IDENTITY"
    )
    kind = "PRIMARY"
    dataset.ImageType = [
        "DERIVED" if intent == "FOR PRESENTATION" else "ORIGINAL",
        kind,
    ]
    dataset.ImagerPixelSpacing = [f"{grid.spacing:g}"] * 2
    dataset.ViewPosition, dataset.PatientOrientation = "AP", ["L", "F"]
    dataset.ImageLaterality, dataset.BurnedInAnnotation = "U", "NO"
    dataset.PixelIntensityRelationship = "LOG"
    dataset.PixelIntensityRelationshipSign = 1
    dataset.RescaleIntercept, dataset.RescaleSlope = "0", "1"
    dataset.RescaleType, dataset.LossyImageCompression = "US", "00"
    dataset.KVP, dataset.Exposure = "110", 3
    return dataset


def _radiograph(visit: Visit, grid: Grid, tone: int) -> NDArray[np.uint16]:
    """Attenuation as grey levels up to ``tone``, bone bright, lungs dark."""
    total = projection(THORAX, _ATTENUATION, grid)
    share = np.clip((total - 0.9) / 4.3, 0.0, 1.0) ** 1.1
    noisy = share * tone * 0.94 + grain(share.shape, tone / 220, visit.draw("x-ray"))
    result: NDArray[np.uint16] = np.clip(np.rint(noisy), 0, tone).astype("<u2")
    return result


def _window(dataset: Dataset, center: int, width: int) -> None:
    dataset.WindowCenter, dataset.WindowWidth = f"{center}", f"{width}"
