"""Slices through a body: CT, MR, PET."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import exp
from typing import Final

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import (
    CTImageStorage,
    ImplicitVRLittleEndian,
    MRImageStorage,
    PositronEmissionTomographyImageStorage,
    RLELossless,
)

from dicom_pipeline.sources.hospital.phantom import (
    HEAD,
    THORAX,
    Grid,
    Solid,
    axial,
    grain,
)
from dicom_pipeline.sources.hospital.study import (
    Device,
    Series,
    Visit,
    instance,
    put_pixels,
)

CT_SIEMENS: Final = Device(
    "SIEMENS", "SOMATOM Definition AS", "66301", "QHCT1", "syngo CT 2012B"
)
CT_GE: Final = Device(
    "GE MEDICAL SYSTEMS", "LightSpeed VCT", "40871", "QHCT2", "07MW18.4", RLELossless
)
MR_PHILIPS: Final = Device(
    "Philips Medical Systems",
    "Achieva",
    "17119",
    "QHMR1",
    "3.2.1",
    ImplicitVRLittleEndian,
)
PET: Final = Device("SIEMENS", "Biograph64", "1092", "QHPT1", "VG51C")

# Hounsfield units (CT); proton density, T1 and T2 in ms (MR); Bq/ml (PET).
_HOUNSFIELD: Final = {
    "air": -1000.0, "fat": -95.0, "muscle": 52.0, "lung": -845.0, "heart": 62.0,
    "blood": 165.0, "liver": 78.0, "spleen": 84.0, "bone": 720.0, "rib": 520.0,
    "marrow": 240.0, "cord": 28.0, "tumour": 46.0, "vessel": -40.0,
    "grey": 38.0, "white": 29.0, "csf": 6.0,
}  # fmt: skip
_RELAXATION: Final = {
    "air": (0.0, 1.0, 1.0), "fat": (900.0, 260.0, 62.0), "bone": (60.0, 400.0, 9.0),
    "csf": (1000.0, 4000.0, 900.0), "grey": (840.0, 1300.0, 96.0),
    "white": (690.0, 830.0, 74.0), "tumour": (880.0, 1500.0, 180.0),
}  # fmt: skip
_ACTIVITY: Final = {
    **dict.fromkeys(_HOUNSFIELD, 2_400.0),
    "air": 0.0, "fat": 900.0, "lung": 1_100.0, "heart": 14_000.0, "liver": 9_000.0,
    "spleen": 6_500.0, "blood": 5_200.0, "tumour": 31_000.0, "marrow": 3_900.0,
}  # fmt: skip


@dataclass(frozen=True)
class Stack:
    """Parallel axial slices.

    Attributes:
        lowest: Height of the first slice, mm.
        step: From slice to slice, mm.
        thickness: Slice Thickness, mm.
    """

    body: tuple[Solid, ...]
    grid: Grid
    lowest: float
    step: float
    slices: int
    thickness: float

    @property
    def heights(self) -> list[float]:
        """Height of each slice, mm, upwards."""
        return [self.lowest + self.step * number for number in range(self.slices)]


_CHEST = Stack(THORAX, Grid(256, 256, 1.4), -110, 10, 22, 5.0)
_SKULL = Stack(HEAD, Grid(256, 256, 0.9), -36, 6, 16, 3.0)
_BRAIN = Stack(HEAD, Grid(192, 192, 1.15), -42, 8, 12, 5.0)
_TRUNK = Stack(THORAX, Grid(96, 96, 4.1), -150, 16, 20, 4.0)


def ct_chest(visit: Visit) -> Iterator[Dataset]:
    """CT of the chest, unsigned, two windows; some private elements."""
    series = Series(2, "CT", CTImageStorage, "Thorax 5.0 B31f", CT_SIEMENS)
    series = replace(series, study_description="CT Thorax")
    for number, z in enumerate(_CHEST.heights, start=1):
        dataset = _slice(visit, series, _CHEST, number)
        hounsfield = axial(THORAX, _HOUNSFIELD, _CHEST.grid, z)
        noisy = hounsfield + grain(hounsfield.shape, 14, visit.draw(2, number))
        stored = np.clip(np.rint(noisy) + 1024, 0, 4095).astype("<u2")
        put_pixels(dataset, stored, bits=12, photometric="MONOCHROME2")
        _ct(dataset, -1024, [40, -600], [400, 1500], ["WINDOW1", "WINDOW2"])
        block = dataset.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
        block.add_new(0x08, "CS", "IMAGE NUM 4")
        block.add_new(0x60, "LO", visit.person.patient_id)
        yield dataset


def ct_thin(visit: Visit) -> Iterator[Dataset]:
    """CT of the chest by another maker: signed, padded outside the circle, RLE."""
    series = Series(3, "CT", CTImageStorage, "CHEST 2.5MM LUNG", CT_GE)
    series = replace(series, study_description="CT CHEST W/O CONTRAST")
    stack = replace(_CHEST, lowest=-60, step=7.5, slices=18, thickness=2.5)
    radius = stack.grid.across**2 + stack.grid.down**2
    for number, z in enumerate(stack.heights, start=1):
        dataset = _slice(visit, series, stack, number)
        hounsfield = axial(THORAX, _HOUNSFIELD, stack.grid, z)
        noisy = hounsfield + grain(hounsfield.shape, 9, visit.draw(3, number))
        stored = np.rint(noisy).astype("<i2") + np.int16(1024)
        stored[radius > 178**2] = -2000
        put_pixels(dataset, stored, bits=16, photometric="MONOCHROME2")
        dataset.PixelPaddingValue = -2000
        _ct(dataset, -1024, [-500], [1500], ["LUNG"])
        yield dataset


def ct_head(visit: Visit) -> Iterator[Dataset]:
    """CT of the head; study times without seconds' fractions, one window."""
    series = Series(2, "CT", CTImageStorage, "Schaedel 3.0 H31s", CT_SIEMENS, "HEAD")
    series = replace(series, study_description="CT Schaedel nativ")
    for number, z in enumerate(_SKULL.heights, start=1):
        dataset = _slice(visit, series, _SKULL, number)
        hounsfield = axial(HEAD, _HOUNSFIELD, _SKULL.grid, z)
        noisy = hounsfield + grain(hounsfield.shape, 4, visit.draw(2, number))
        stored = np.clip(np.rint(noisy) + 1024, 0, 4095).astype("<u2")
        put_pixels(dataset, stored, bits=12, photometric="MONOCHROME2")
        _ct(dataset, -1024, [35], [80], ["BRAIN"])
        yield dataset


def mr_head(visit: Visit) -> Iterator[Dataset]:
    """MR of the head: a series of two echoes, and a T1 series."""
    echoes = Series(301, "MR", MRImageStorage, "PD/T2 TSE TRA", MR_PHILIPS, "HEAD")
    single = Series(401, "MR", MRImageStorage, "T1 SE TRA", MR_PHILIPS, "HEAD")
    thin = replace(_BRAIN, lowest=-30, step=8, slices=8, thickness=4.0)
    for echo, echo_time in enumerate((18.0, 96.0), start=1):
        yield from _mr(visit, echoes, _BRAIN, _SpinEcho(echo, echo_time, 2800.0))
    yield from _mr(visit, single, thin, _SpinEcho(1, 11.0, 560.0))


@dataclass(frozen=True)
class _SpinEcho:
    """One echo of a spin-echo sequence; times in ms."""

    number: int
    echo_time: float
    repetition_time: float

    @property
    def signal(self) -> dict[str, float]:
        """Signal of each tissue."""
        return {
            tissue: density
            * exp(-self.echo_time / t2)
            * (1 - exp(-self.repetition_time / t1))
            for tissue, (density, t1, t2) in _RELAXATION.items()
        }


def _mr(
    visit: Visit, series: Series, stack: Stack, echo: _SpinEcho
) -> Iterator[Dataset]:
    series = replace(series, study_description="MRT Kopf")
    for place, z in enumerate(stack.heights, start=1):
        number = place + (echo.number - 1) * stack.slices
        dataset = _slice(visit, series, stack, number, place)
        picture = axial(stack.body, echo.signal, stack.grid, z)
        noise = grain(picture.shape, 9, visit.draw(series.number, number))
        stored = np.abs(np.rint(picture * 2.5 + noise)).astype("<u2")
        put_pixels(dataset, stored, bits=12, photometric="MONOCHROME2")
        dataset.ScanningSequence, dataset.SequenceVariant = "SE", "SK"
        dataset.MRAcquisitionType, dataset.MagneticFieldStrength = "2D", "3"
        dataset.RepetitionTime = f"{echo.repetition_time:g}"
        dataset.EchoTime, dataset.EchoNumbers = f"{echo.echo_time:g}", echo.number
        dataset.FlipAngle, dataset.NumberOfAverages = "90", "1"
        top = int(np.percentile(stored, 99.5))
        dataset.WindowCenter, dataset.WindowWidth = f"{top // 2}", f"{top}"
        yield dataset


def pet(visit: Visit) -> Iterator[Dataset]:
    """PET of the trunk: activity with its own slope in each slice."""
    series = Series(
        605, "PT", PositronEmissionTomographyImageStorage, "PET AC", PET, "CHEST"
    )
    series = replace(series, study_description="PET/CT FDG")
    for number, z in enumerate(_TRUNK.heights, start=1):
        dataset = _slice(visit, series, _TRUNK, number)
        activity = axial(THORAX, _ACTIVITY, _TRUNK.grid, z)
        activity = activity + activity**0.5 * grain(
            activity.shape, 3, visit.draw(605, number)
        )
        slope = float(f"{activity.max() / 32_767:.6g}")
        stored = np.clip(np.rint(activity / slope), 0, 32_767).astype("<i2")
        put_pixels(dataset, stored, bits=16, photometric="MONOCHROME2")
        _pet(dataset, visit, slope)
        yield dataset


def _slice(
    visit: Visit, series: Series, stack: Stack, number: int, place: int = 0
) -> Dataset:
    """An image with its plane (PS3.3 C.7.6.2); ``place`` where echoes share planes."""
    dataset = instance(visit, series, number)
    z = stack.heights[(place or number) - 1]
    corner = (float(stack.grid.across[0, 0]), float(stack.grid.down[0, 0]), z)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.AcquisitionNumber = 1
    dataset.FrameOfReferenceUID = visit.uid("frame", series.number)
    dataset.PositionReferenceIndicator = ""
    dataset.ImagePositionPatient = [f"{value:.3f}" for value in corner]
    dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    dataset.PixelSpacing = [f"{stack.grid.spacing:g}"] * 2
    dataset.SliceThickness = f"{stack.thickness:g}"
    dataset.SpacingBetweenSlices = f"{stack.step:g}"
    dataset.SliceLocation = f"{z:g}"
    return dataset


def _ct(
    dataset: Dataset,
    intercept: int,
    centers: list[int],
    widths: list[int],
    names: list[str],
) -> None:
    """PS3.3 C.8.2.1, with windows as each maker stores them."""
    dataset.RescaleIntercept, dataset.RescaleSlope = f"{intercept}", "1"
    dataset.RescaleType = "HU"
    dataset.KVP, dataset.XRayTubeCurrent, dataset.ExposureTime = "120", "210", "500"
    dataset.ConvolutionKernel = "B31f"
    dataset.WindowCenter = [f"{value}" for value in centers]
    dataset.WindowWidth = [f"{value}" for value in widths]
    dataset.WindowCenterWidthExplanation = names
    dataset.BurnedInAnnotation = "NO"


def _pet(dataset: Dataset, visit: Visit, slope: float) -> None:
    """PS3.3 C.8.9.1 and C.8.9.4."""
    dataset.Units, dataset.DecayCorrection = "BQML", "START"
    dataset.CorrectedImage = ["NORM", "DTIM", "ATTN", "SCAT", "DECY"]
    dataset.SeriesType = ["STATIC", "IMAGE"]
    dataset.ImageIndex = dataset.InstanceNumber
    dataset.RescaleIntercept, dataset.RescaleSlope = "0", f"{slope:.6g}"
    dose = Dataset()
    dose.Radiopharmaceutical = "FDG -- fluorodeoxyglucose"
    dose.RadionuclideTotalDose, dose.RadionuclideHalfLife = "312000000", "6586.2"
    dose.RadiopharmaceuticalStartTime = f"{visit.started:%H%M%S}"
    dataset.RadiopharmaceuticalInformationSequence = [dose]
    dataset.WindowCenter, dataset.WindowWidth = "6000", "12000"
