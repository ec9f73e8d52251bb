"""The stored text of a header read back."""

from dicom_pipeline.dicom.json_text import json_of
from dicom_pipeline.dicom.outcome import Json


def elements_of(header: str, file_meta: str) -> Json:
    """Read data set and file meta as one level, by tag."""
    return {**json_of(file_meta), **json_of(header)}
