"""What each kind of image adds: its physics, its geometry, its pixels."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from pydicom.uid import (
    BasicTextSRStorage,
    ComputedRadiographyImageStorage,
    CTImageStorage,
    EnhancedMRImageStorage,
    MRImageStorage,
    SecondaryCaptureImageStorage,
    UltrasoundImageStorage,
    UltrasoundMultiFrameImageStorage,
    XRayAngiographicImageStorage,
)

from .people import number_of
from .pictures import Box, Kind, ask_hidden, ask_retained, burn, phantom, put_pixels
from .plant import Plant
from .reports import content
from .visits import Machine, Series, Visit

SHAPE = (96, 128)
WHOLE: Box = (0, 0, SHAPE[1], SHAPE[0])
BANNER: Box = (0, 0, SHAPE[1], 20)
ECHOES: Box = (8, 24, 112, 64)
_EIGHT = Kind(8)

SIEMENS = Machine("SIEMENS", "SOMATOM Force", "VB20A")
GE = Machine("GE MEDICAL SYSTEMS", "SIGNA HDxt", "24")
PHILIPS = Machine("Philips", "Ingenia", "5.3.1")
CANON = Machine("Canon", "Aplio", "6.1")

Fill = Callable[[Plant, Visit, Series, int], None]


def ct(plant: Plant, visit: Visit, series: Series, number: int) -> None:
    """PS3.3 C.8.2.1."""
    plant.keep("KVP", "120")
    plant.keep("ConvolutionKernel", "B30f")
    plant.keep("ScanOptions", "HELICAL MODE")
    plant.keep("XRayTubeCurrent", "210")
    plant.keep("ExposureTime", "500")
    plant.keep("RescaleIntercept", "-1024")
    plant.keep("RescaleSlope", "1")
    plant.keep("RescaleType", "HU")
    plant.describe("ContrastBolusAgent", "contrast", visit.person.given)
    _slice(plant, number, "2.5")
    _grey(plant, visit, series, number, center=1023)


def mr(plant: Plant, visit: Visit, series: Series, number: int) -> None:
    """PS3.3 C.8.3.1."""
    plant.keep("ScanningSequence", "SE")
    plant.keep("SequenceVariant", "SK")
    plant.keep("MRAcquisitionType", "2D")
    plant.keep("RepetitionTime", "612.5")
    plant.keep("EchoTime", "12.25")
    plant.keep("FlipAngle", "90")
    plant.keep("MagneticFieldStrength", "1.5")
    plant.keep("EchoTrainLength", "8")
    _slice(plant, number, "4")
    _grey(plant, visit, series, number)


def enhanced_mr(plant: Plant, visit: Visit, series: Series, number: int) -> None:
    """PS3.3 A.36, C.7.6.16: what matters lies in functional groups."""
    plant.keep("MagneticFieldStrength", "3")
    shared = plant.item("SharedFunctionalGroupsSequence")
    measures = shared.item("PixelMeasuresSequence")
    measures.keep("PixelSpacing", ["0.9375", "0.9375"])
    measures.keep("SliceThickness", "3.5")
    anatomy = shared.item("FrameAnatomySequence")
    anatomy.keep("FrameLaterality", "U")
    for frame in range(3):
        own = plant.item("PerFrameFunctionalGroupsSequence")
        place = own.item("PlanePositionSequence")
        place.keep("ImagePositionPatient", ["-60.5", "-45.25", f"{3.5 * frame}"])
        content_ = own.item("FrameContentSequence")
        content_.put("FrameAcquisitionNumber", 1)
        content_.date("FrameReferenceDateTime", visit.at)
        family = visit.person.family
        content_.hide("FrameComments", f"{family} held still", family)
    _grey(plant, visit, series, number, frames=3)


def cr(plant: Plant, visit: Visit, series: Series, number: int) -> None:
    """PS3.3 C.8.1.1: clean, and it says so."""
    plant.keep("KVP", "85")
    plant.keep("ViewPosition", "PA")
    plant.keep("ImagerPixelSpacing", ["0.2", "0.2"])
    plant.keep("BurnedInAnnotation", "NO")
    plant.hide("PlateID", f"PLATE{visit.person.code('plate')}")
    plant.hide("CassetteID", f"CASS{visit.person.code('cassette')}")
    _grey(plant, visit, series, number)


def cr_marked(plant: Plant, visit: Visit, series: Series, number: int) -> None:
    """PS3.3 C.8.1.1: a name in the corner, and nothing says so."""
    plant.keep("KVP", "85")
    plant.keep("ViewPosition", "LL")
    plant.keep("ImagerPixelSpacing", ["0.2", "0.2"])
    _marked(plant, visit, series, number)


def xa(plant: Plant, visit: Visit, series: Series, number: int) -> None:
    """PS3.3 C.8.7.1, C.8.7.2: a run of frames."""
    plant.keep("KVP", "78")
    plant.keep("BurnedInAnnotation", "NO")
    plant.keep("ImagerPixelSpacing", ["0.3", "0.3"])
    plant.keep("CineRate", "15")
    plant.keep("PositionerPrimaryAngle", "30.5")
    _grey(plant, visit, series, number, frames=4)


def us(plant: Plant, visit: Visit, series: Series, number: int) -> None:
    """PS3.3 C.8.5.6, C.8.5.5: a banner with the name, and the region of the echoes."""
    left, top, width, height = ECHOES
    region = plant.item("SequenceOfUltrasoundRegions")
    region.keep("RegionSpatialFormat", 1)
    region.keep("RegionDataType", 1)
    region.put("RegionFlags", 0)
    region.keep("RegionLocationMinX0", left)
    region.keep("RegionLocationMinY0", top)
    region.keep("RegionLocationMaxX1", left + width - 1)
    region.keep("RegionLocationMaxY1", top + height - 1)
    region.keep("PhysicalDeltaX", 0.05)
    region.keep("PhysicalDeltaY", 0.05)
    frames = 3 if series.sop_class == UltrasoundMultiFrameImageStorage else 1
    picture = _frames(visit, series, number, frames, 255)
    burn(picture, f"{visit.person.family} {visit.person.patient_id}", BANNER)
    put_pixels(plant, picture, _EIGHT)
    ask_hidden(plant, f"{visit.person.family} {visit.person.patient_id}", BANNER)
    ask_retained(plant, picture, _EIGHT, ECHOES)


def sc(plant: Plant, visit: Visit, series: Series, number: int) -> None:
    """PS3.3 C.8.6.1: a screen with the patient's data on it."""
    plant.put("ConversionType", "WSD")
    plant.hide("SecondaryCaptureDeviceID", f"WS{visit.person.issuer}")
    plant.hide("DateOfSecondaryCapture", f"{visit.day:%Y%m%d}")
    picture = phantom(SHAPE, _seed(visit, series, number), 255)
    lines = ((visit.person.name, 0), (visit.person.patient_id, 30))
    boxes = [(line, (0, top, SHAPE[1], 20)) for line, top in lines]
    for line, box in boxes:
        burn(picture, line, box)
    put_pixels(plant, picture, _EIGHT)
    for line, box in boxes:
        ask_hidden(plant, line, box)


def sr(plant: Plant, visit: Visit, series: Series, number: int) -> None:  # noqa: ARG001
    """PS3.3 A.35.1."""
    content(plant, visit, visit.uid(1, 1))


def _marked(plant: Plant, visit: Visit, series: Series, number: int) -> None:
    picture = phantom(SHAPE, _seed(visit, series, number), 4095)
    box = (20, 70, 108, 20)
    burn(picture, visit.person.family, box)
    put_pixels(plant, picture, Kind())
    ask_hidden(plant, visit.person.family, box)


def _slice(plant: Plant, number: int, thickness: str) -> None:
    """PS3.3 C.7.6.2."""
    plant.keep("SliceThickness", thickness)
    plant.keep("PixelSpacing", ["0.75", "0.75"])
    place = f"{float(thickness) * number:g}"
    plant.keep("ImagePositionPatient", ["-48", "-36.5", place])
    plant.keep("ImageOrientationPatient", ["1", "0", "0", "0", "1", "0"])
    plant.keep("SliceLocation", place)


def _grey(
    plant: Plant,
    visit: Visit,
    series: Series,
    number: int,
    *,
    frames: int = 1,
    center: int = 2047,
) -> None:
    plant.keep("WindowCenter", f"{center}")
    plant.keep("WindowWidth", "4096")
    picture = _frames(visit, series, number, frames, 4095)
    put_pixels(plant, picture, Kind())
    ask_retained(plant, picture, Kind(), WHOLE)


def _frames(
    visit: Visit, series: Series, number: int, frames: int, top: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
    first = _seed(visit, series, number)
    made = [phantom(SHAPE, first + frame, top) for frame in range(frames)]
    return made[0] if frames == 1 else np.stack(made)


def _seed(visit: Visit, series: Series, number: int) -> int:
    return number_of(visit.uid(series.number, number))


_CT = Series(1, "CT", CTImageStorage, "CT chest with contrast", SIEMENS)
_MR = Series(1, "MR", MRImageStorage, "MRI head t1 axial", GE, "HEAD")
_XA_KIND = ("ORIGINAL", "PRIMARY", "SINGLE PLANE")
_US = Series(
    1, "US", UltrasoundImageStorage, "US abdomen", CANON, "ABDOMEN",
    ("ORIGINAL", "PRIMARY"),
)  # fmt: skip
_CR = Series(
    1, "CR", ComputedRadiographyImageStorage, "chest pa", PHILIPS,
    kind=("ORIGINAL", "PRIMARY"),
)  # fmt: skip
_XA = Series(
    2, "XA", XRayAngiographicImageStorage, "coronary angiography", PHILIPS,
    "HEART", _XA_KIND,
)  # fmt: skip
_SC = Series(
    8, "CT", SecondaryCaptureImageStorage, "CT chest", SIEMENS,
    kind=("DERIVED", "SECONDARY"),
)  # fmt: skip
_SR = Series(9, "SR", BasicTextSRStorage, "chest report", SIEMENS, kind=())
_EMR = replace(_MR, number=2, sop_class=EnhancedMRImageStorage, machine=PHILIPS)
_US_LOOP = replace(_US, number=2, sop_class=UltrasoundMultiFrameImageStorage)
_CR_MARKED = replace(_CR, number=3)

Plan = tuple[tuple[Series, Fill, int], ...]
PLAN: tuple[tuple[Plan, Plan], ...] = (
    (
        ((_CT, ct, 2), (_SC, sc, 1), (_SR, sr, 1)),
        ((_CT, ct, 2), (_CR_MARKED, cr_marked, 1)),
    ),
    (
        ((_MR, mr, 2), (_EMR, enhanced_mr, 1)),
        ((_XA, xa, 1), (_SR, sr, 1)),
    ),
    (
        ((_US, us, 1), (_US_LOOP, us, 1)),
        ((_US, us, 1), (_SC, sc, 1)),
    ),
    (
        ((_CR, cr, 1), (_XA, xa, 1)),
        ((_MR, mr, 2), (_CR_MARKED, cr_marked, 1)),
    ),
)
"""Two studies of each patient; the fifth begins again at the top."""


def cr_lying(plant: Plant, visit: Visit, series: Series, number: int) -> None:
    """PS3.3 C.7.6.1: the header denies the name in the corner."""
    cr_marked(plant, visit, series, number)
    plant.keep("BurnedInAnnotation", "NO")


def ct_marked(plant: Plant, visit: Visit, series: Series, number: int) -> None:
    """PS3.3 C.8.2.1: an original slice with a name, which no header speaks of."""
    plant.keep("KVP", "120")
    plant.keep("RescaleIntercept", "-1024")
    plant.keep("RescaleSlope", "1")
    _slice(plant, number, "2.5")
    plant.keep("WindowCenter", "1023")
    plant.keep("WindowWidth", "4096")
    _marked(plant, visit, series, number)


HARD: Plan = (
    (replace(_CR, number=11), cr_lying, 1),
    (replace(_CT, number=12), ct_marked, 1),
)
"""Texts in pixels that no header tells of: text recognition alone can find them."""


def series_of(visit: Visit) -> Iterator[tuple[Series, Fill, int]]:
    """Series of a visit, how each is filled, and of how many instances."""
    studies = PLAN[visit.person.number // 2 % len(PLAN)]
    return iter(studies[visit.number - 1])
