"""Lists of header elements that a person keeps: a YAML file, or none at all."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import yaml

from dicom_pipeline.dicom.nested.choice import UnknownFieldError, keys_of

DEFAULT: Final = (
    "SOPInstanceUID",
    "SOPClassUID",
    "SeriesInstanceUID",
    "StudyInstanceUID",
    "PatientID",
    "AccessionNumber",
    "Modality",
    "StudyDate",
    "StudyDescription",
    "SeriesNumber",
    "SeriesDescription",
    "BodyPartExamined",
    "ProtocolName",
    "InstanceNumber",
    "ImageType",
    "Manufacturer",
    "ManufacturerModelName",
    "Rows",
    "Columns",
    "NumberOfFrames",
    "PixelSpacing",
    "SliceThickness",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "KVP",
    "RepetitionTime",
    "EchoTime",
    "MagneticFieldStrength",
    "PhotometricInterpretation",
    "TransferSyntaxUID",
)
"""Columns of ``dicom_index`` where nobody has said which."""


def read_fields(file: Path) -> tuple[str, ...]:
    """Read a YAML list of keywords and private elements; return their keys.

    Raises:
        UnknownFieldError: It is no such list, or names an element that is none.
        OSError: The file cannot be read.
    """
    try:
        listed = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        raise UnknownFieldError(f"{file} is no YAML") from None
    if not isinstance(listed, list) or not all(isinstance(w, str) for w in listed):
        raise UnknownFieldError(f"{file} is no YAML list of keywords")
    return keys_of(listed)


def keys_for(words: Sequence[str], file: Path | None) -> tuple[str, ...]:
    """Return the keys of both lists, those of the file first.

    Raises:
        UnknownFieldError: A word is no element.
        OSError: The file cannot be read.
    """
    listed = read_fields(file) if file else ()
    return tuple(dict.fromkeys((*listed, *keys_of(words))))
