"""Builders of small files, and the files of the pydicom wheel."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from dicom_pipeline.dicom.header import Header, extract
from dicom_pipeline.dicom.quiet import silence


@pytest.fixture(scope="session")
def ct_small() -> bytes:
    """A GE CT of 2004: 260 elements, most of them private, 6,288 bytes of header."""
    return Path(str(get_testdata_file("CT_small.dcm"))).read_bytes()


@pytest.fixture
def make_instance() -> Callable[..., Dataset]:
    """A data set with the four UIDs that an instance needs, and what is asked for."""

    def build(**attributes: Any) -> Dataset:
        dataset = Dataset()
        dataset.SOPClassUID = CTImageStorage
        dataset.SOPInstanceUID = "1.2.3.4"
        dataset.StudyInstanceUID = "1.2"
        dataset.SeriesInstanceUID = "1.2.3"
        with silence():  # files have values that pydicom would not write
            for keyword, value in attributes.items():
                setattr(dataset, keyword, value)
        return dataset

    return build


@pytest.fixture
def as_file() -> Callable[..., bytes]:
    """Write a data set as a file of Part 10."""

    def write(dataset: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
        dataset.file_meta = pydicom.dataset.FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
        file = BytesIO()
        with silence():
            pydicom.dcmwrite(file, dataset, enforce_file_format=True)
        return file.getvalue()

    return write


@pytest.fixture
def read(make_instance, as_file) -> Callable[..., Header]:
    """Build an instance with these attributes, write it, read its header."""

    def through_a_file(**attributes: Any) -> Header:
        data = as_file(make_instance(**attributes))
        header = extract(data, len(data))
        assert isinstance(header, Header)
        return header

    return through_a_file
