"""Which attributes a file must have; the list that ``validate`` holds files against.

Type 1 must have a value; type 2 must be there and may be empty (PS3.5 7.4).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from pydicom.datadict import tag_for_keyword
from pydicom.uid import (
    CTImageStorage,
    MRImageStorage,
    PositronEmissionTomographyImageStorage,
)

from dicom_pipeline.dicom.header import Header

_SLICES: Final = {
    CTImageStorage,
    MRImageStorage,
    PositronEmissionTomographyImageStorage,
}


def _always(_: Header) -> bool:
    return True


def _has_pixels(header: Header) -> bool:
    return header.has_pixel_data


def _has_colour(header: Header) -> bool:
    return header.has_pixel_data and header.text("00280002") not in ("", "1")


def _is_slice(header: Header) -> bool:
    return header.sop_class_uid in _SLICES


@dataclass(frozen=True)
class Requirement:
    """One attribute that some files must have."""

    keyword: str
    type: int
    module: str
    applies: Callable[[Header], bool] = _always

    @property
    def tag(self) -> str:
        """``ggggeeee``, as the JSON model spells it."""
        return f"{tag_for_keyword(self.keyword) or 0:08X}"

    def is_met(self, header: Header) -> bool:
        """Whether the file has it, as far as its type asks."""
        element = header.dataset.get(self.tag)
        if element is None:
            return False
        return self.type != 1 or bool(set(element) & _VALUES)


_VALUES: Final = {"Value", "InlineBinary", "BulkDataURI"}
_PATIENT, _STUDY = "C.7.1.1 Patient", "C.7.2.1 General Study"
_SERIES, _EQUIPMENT = "C.7.3.1 General Series", "C.7.5.1 General Equipment"
_IMAGE, _PLANE = "C.7.6.1 General Image", "C.7.6.2 Image Plane"
_PIXEL, _COMMON = "C.7.6.3 Image Pixel", "C.12.1 SOP Common"

REQUIREMENTS: Final = (
    Requirement("SOPClassUID", 1, _COMMON),
    Requirement("SOPInstanceUID", 1, _COMMON),
    Requirement("PatientName", 2, _PATIENT),
    Requirement("PatientID", 2, _PATIENT),
    Requirement("PatientBirthDate", 2, _PATIENT),
    Requirement("PatientSex", 2, _PATIENT),
    Requirement("StudyInstanceUID", 1, _STUDY),
    Requirement("StudyDate", 2, _STUDY),
    Requirement("StudyTime", 2, _STUDY),
    Requirement("ReferringPhysicianName", 2, _STUDY),
    Requirement("StudyID", 2, _STUDY),
    Requirement("AccessionNumber", 2, _STUDY),
    Requirement("Modality", 1, _SERIES),
    Requirement("SeriesInstanceUID", 1, _SERIES),
    Requirement("SeriesNumber", 2, _SERIES),
    Requirement("Manufacturer", 2, _EQUIPMENT),
    Requirement("InstanceNumber", 2, _IMAGE, _has_pixels),
    Requirement("SamplesPerPixel", 1, _PIXEL, _has_pixels),
    Requirement("PhotometricInterpretation", 1, _PIXEL, _has_pixels),
    Requirement("PlanarConfiguration", 1, _PIXEL, _has_colour),
    Requirement("Rows", 1, _PIXEL, _has_pixels),
    Requirement("Columns", 1, _PIXEL, _has_pixels),
    Requirement("BitsAllocated", 1, _PIXEL, _has_pixels),
    Requirement("BitsStored", 1, _PIXEL, _has_pixels),
    Requirement("HighBit", 1, _PIXEL, _has_pixels),
    Requirement("PixelRepresentation", 1, _PIXEL, _has_pixels),
    Requirement("PixelSpacing", 1, _PLANE, _is_slice),
    Requirement("ImageOrientationPatient", 1, _PLANE, _is_slice),
    Requirement("ImagePositionPatient", 1, _PLANE, _is_slice),
    Requirement("SliceThickness", 2, _PLANE, _is_slice),
)
IDENTIFIERS: Final = (
    "PatientID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SOPInstanceUID",
    "AccessionNumber",
)


def missing(header: Header, type_: int) -> Iterator[str]:
    """Keywords of the attributes of one type that a file lacks, in list order."""
    for requirement in REQUIREMENTS:
        asked = requirement.type == type_ and requirement.applies(header)
        if asked and not requirement.is_met(header):
            yield requirement.keyword


def identifiers(header: Header) -> Iterator[str]:
    """Keywords of the identifiers that have a value."""
    for keyword in IDENTIFIERS:
        if Requirement(keyword, 1, "").is_met(header):
            yield keyword
