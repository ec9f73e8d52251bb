"""Files to measure with: CT images of made-up patients, one header each."""

import random
from io import BytesIO
from pathlib import Path

import pydicom
from pydicom.data import get_testdata_file
from pydicom.uid import ExplicitVRLittleEndian

PIXEL_BYTES = 512 * 512 * 2
SLICES = 50  # of one series
_CHANGING = ("IS", "DS", "DA", "TM", "UI", "US", "SS", "UL", "SL", "FL", "FD")


def ct_files(folder: Path, count: int) -> list[Path]:
    """Write ``count`` CT images of 512 x 512 x 16 bits and return their paths.

    The header is that of pydicom's CT_small.dcm: a GE scanner's 260 elements, most of
    them private. Texts differ from series to series; identifiers, dates, times and
    every other number from image to image. The pixels are a hole in the file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:05d}.dcm" for number in range(count)]
    for number, path in enumerate(paths):
        header = ct_header(number)
        with path.open("wb") as file:
            file.write(header)
            file.truncate(len(header) + PIXEL_BYTES)
    return paths


def ct_header(number: int) -> bytes:
    """Header of image ``number``, up to and with the head of its pixel data."""
    dataset = pydicom.dcmread(BytesIO(_CT_SMALL))
    _vary_series(dataset, number // SLICES)
    _vary_image(dataset, number)
    dataset.PixelData = b""
    file = BytesIO()
    pydicom.dcmwrite(file, dataset)
    head = file.getvalue()
    return head[:-4] + PIXEL_BYTES.to_bytes(4, "little")


def _vary_series(dataset: pydicom.Dataset, series: int) -> None:
    dataset.PatientName = f"Sample^Patient{series:05d}"
    dataset.PatientID = f"S{series:07d}"
    dataset.StudyInstanceUID = f"1.2.826.0.1.3680043.8.498.1.{series}"
    dataset.SeriesInstanceUID = f"1.2.826.0.1.3680043.8.498.2.{series}"
    for element in dataset:
        if element.VR in {"LO", "SH"} and isinstance(element.value, str):
            text = f"{element.value} {series}"
            element.value = text[: 16 if element.VR == "SH" else 64]


def _vary_image(dataset: pydicom.Dataset, number: int) -> None:
    rng = random.Random(number)
    dataset.SOPInstanceUID = f"1.2.826.0.1.3680043.8.498.3.{number}"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.InstanceNumber = number % SLICES + 1
    dataset.Rows = dataset.Columns = 512
    dataset.SliceLocation = f"{rng.uniform(-500, 500):.4f}"
    dataset.ImagePositionPatient = [f"{rng.uniform(-500, 500):.4f}" for _ in range(3)]
    dataset.ContentTime = f"{rng.randrange(24):02d}{rng.randrange(60):02d}00"
    for element in list(dataset)[::2]:
        if element.VR in {"SS", "US", "SL", "UL"} and isinstance(element.value, int):
            if element.tag.is_private:
                element.value = rng.randrange(1 << 15)
        elif element.VR in {"FL", "FD"} and isinstance(element.value, float):
            element.value = rng.uniform(-1000, 1000)


_CT_SMALL = Path(str(get_testdata_file("CT_small.dcm"))).read_bytes()
