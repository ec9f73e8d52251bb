"""What all files of a study share: patient, study, series, equipment, file header."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from dicom_pipeline.sources.hospital.people import (
    INSTITUTION,
    ISSUER,
    OPERATOR,
    Person,
    number_of,
    uid_of,
)

_GREY, _COLOUR = 2, 3  # dimensions of one frame


@dataclass(frozen=True)
class Device:
    """One machine.

    Attributes:
        syntax: Transfer Syntax UID that it stores.
    """

    manufacturer: str
    model: str
    serial: str
    station: str
    software: str
    syntax: str = ExplicitVRLittleEndian


@dataclass(frozen=True)
class Visit:
    """One study of one patient; a date that is ``None`` was never stored.

    Attributes:
        number: Counts the patient's studies from 1.
        day: When it took place.
        dated: Whether Study Date says so.
        stamped: Whether any other date says so.
    """

    person: Person
    number: int
    day: dt.date
    seed: int
    dated: bool = True
    stamped: bool = True

    def uid(self, *words: object) -> str:
        """UID of something in this study."""
        return uid_of(self.seed, self.person.patient_id, self.number, *words)

    def draw(self, *words: object) -> np.random.Generator:
        """Noise of something in this study."""
        return np.random.default_rng(
            number_of(self.seed, self.person.patient_id, self.number, *words)
        )

    @property
    def started(self) -> dt.time:
        """Study Time: office hours, another one for each study."""
        minutes = 8 * 60 + number_of(self.seed, self.uid("time")) % 540
        return dt.time(minutes // 60, minutes % 60, 12)


@dataclass(frozen=True)
class Series:
    """One series of a visit."""

    number: int
    modality: str
    sop_class: str
    description: str
    device: Device
    body_part: str = "CHEST"
    study_description: str = ""


def instance(visit: Visit, series: Series, number: int) -> Dataset:
    """Return a data set with all but what the modality adds."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = list(visit.person.charset) or None
    dataset.SOPClassUID = series.sop_class
    dataset.SOPInstanceUID = visit.uid(series.number, number)
    dataset.Modality = series.modality
    dataset.InstanceNumber = number
    _patient(dataset, visit)
    _study(dataset, visit, series)
    _series(dataset, visit, series)
    _equipment(dataset, series.device)
    _header(dataset, series.device)
    return dataset


def _patient(dataset: Dataset, visit: Visit) -> None:
    """PS3.3 C.7.1.1 and C.7.2.2."""
    person = visit.person
    born = person.birth_date
    dataset.PatientName = person.name
    dataset.PatientID = person.patient_id
    dataset.IssuerOfPatientID = ISSUER
    dataset.PatientBirthDate = f"{born:%Y%m%d}"
    dataset.PatientSex = person.sex
    dataset.PatientAge = f"{(visit.day - born).days // 365:03d}Y"
    dataset.PatientSize = f"{1.58 + number_of(visit.seed, born) % 30 / 100:.2f}"
    dataset.PatientWeight = f"{55 + number_of(visit.seed, born, 'kg') % 40}"
    dataset.PatientAddress = person.address
    dataset.PatientTelephoneNumbers = person.telephone


def _study(dataset: Dataset, visit: Visit, series: Series) -> None:
    """PS3.3 C.7.2.1."""
    dataset.StudyInstanceUID = visit.uid()
    dataset.StudyID = f"{visit.number}"
    dataset.AccessionNumber = visit.person.accession_number(visit.number)
    dataset.ReferringPhysicianName = visit.person.physician
    dataset.StudyDescription = series.study_description
    dataset.StudyDate = f"{visit.day:%Y%m%d}" if visit.dated else ""
    dataset.StudyTime = f"{visit.started:%H%M%S}" if visit.dated else ""


def _series(dataset: Dataset, visit: Visit, series: Series) -> None:
    """PS3.3 C.7.3.1, with the times of the instance."""
    dataset.SeriesInstanceUID = visit.uid(series.number)
    dataset.SeriesNumber = series.number
    dataset.SeriesDescription = series.description
    dataset.BodyPartExamined = series.body_part
    dataset.PatientPosition = "HFS"
    dataset.OperatorsName = OPERATOR
    if visit.stamped:
        for keyword in ("SeriesDate", "AcquisitionDate", "ContentDate"):
            setattr(dataset, keyword, f"{visit.day:%Y%m%d}")
        for keyword in ("SeriesTime", "AcquisitionTime", "ContentTime"):
            setattr(dataset, keyword, f"{visit.started:%H%M%S}")


def _equipment(dataset: Dataset, device: Device) -> None:
    """PS3.3 C.7.5.1."""
    dataset.Manufacturer = device.manufacturer
    dataset.ManufacturerModelName = device.model
    dataset.DeviceSerialNumber = device.serial
    dataset.StationName = device.station
    dataset.SoftwareVersions = device.software
    dataset.InstitutionName = INSTITUTION


def _header(dataset: Dataset, device: Device) -> None:
    """PS3.10 7.1."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = UID(device.syntax)
    meta.SourceApplicationEntityTitle = device.station
    dataset.file_meta = meta


def put_pixels(
    dataset: Dataset, pixels: NDArray[np.generic], *, bits: int, photometric: str
) -> None:
    """Store pixels as PS3.3 C.7.6.3 asks.

    Args:
        dataset: The image.
        pixels: Shape ``(rows, columns)``, with ``3`` after it for colour, with the
            number of frames before it for several; 8 or 16 bits, signed or not.
        bits: Bits Stored.
        photometric: Photometric Interpretation.
    """
    colour = photometric == "RGB"
    rows, columns = pixels.shape[-3:-1] if colour else pixels.shape[-2:]
    dataset.SamplesPerPixel = 3 if colour else 1
    dataset.PhotometricInterpretation = photometric
    if colour:
        dataset.PlanarConfiguration = 0
    if pixels.ndim > (_COLOUR if colour else _GREY):
        dataset.NumberOfFrames = pixels.shape[0]
    dataset.Rows, dataset.Columns = rows, columns
    dataset.BitsAllocated = pixels.dtype.itemsize * 8
    dataset.BitsStored, dataset.HighBit = bits, bits - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    data = pixels.tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OB" if dataset.BitsAllocated == 8 else "OW"  # noqa: PLR2004
