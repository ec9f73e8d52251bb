"""DICOM images to measure with, made in code; runs where the peers are installed.

    .venv/peers/bin/python benchmarks/images_samples.py FOLDER KIND COUNT [SOURCE ...]

Kinds: ``ct``, ``mr``, ``dx`` and ``us`` are native; a transfer syntax (``.70``) codes
the sources, native greys, anew; ``same`` makes JPEGs that are shown as they are stored.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.uid import (
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

_WATER = 1024  # stored value of 0 HU


def main(folder: Path, kind: str, count: int, sources: list[Path]) -> None:
    """Write ``count`` files and print nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        path = folder / f"{number:03d}.dcm"
        if kind in _CODED:
            dataset = _coded(kind, sources[number % len(sources)])
        elif kind == "same":
            dataset = _as_stored(_coded(".50", sources[number % len(sources)]))
        else:
            dataset = _NATIVE[kind](np.random.default_rng(number))
        dataset.save_as(path, enforce_file_format=True)


def _ct(rng: np.random.Generator) -> pydicom.Dataset:
    return _grey("CT_small.dcm", (512, 512), rng, 12.0)


def _mr(rng: np.random.Generator) -> pydicom.Dataset:
    return _grey("MR_small.dcm", (1024, 1024), rng, 12.0)


def _dx(rng: np.random.Generator) -> pydicom.Dataset:
    return _grey("CT_small.dcm", (2128, 2000), rng, 6.0)


def _grey(
    name: str, shape: tuple[int, int], rng: np.random.Generator, noise: float
) -> pydicom.Dataset:
    """A file of pydicom's wheel, enlarged, with the noise that enlarging removed."""
    dataset = pydicom.dcmread(get_testdata_file(name))
    small = dataset.pixel_array.astype(np.float32)
    large = cv2.resize(small, shape[::-1], interpolation=cv2.INTER_CUBIC)
    large += rng.normal(0, noise, shape).astype(np.float32)
    dataset.Rows, dataset.Columns = shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, -_WATER
    dataset.WindowCenter, dataset.WindowWidth = 40, 400
    for keyword in ("PixelPaddingValue", "SmallestImagePixelValue"):
        if keyword in dataset:
            delattr(dataset, keyword)
    if "LargestImagePixelValue" in dataset:
        del dataset.LargestImagePixelValue
    dataset.PixelData = large.round().clip(0, 4095).astype("<u2").tobytes()
    return dataset


def _us(rng: np.random.Generator) -> pydicom.Dataset:
    dataset = pydicom.dcmread(get_testdata_file("examples_rgb_color.dcm"))
    large = cv2.resize(dataset.pixel_array, (640, 480)).astype(np.float32)
    large += rng.normal(0, 4, large.shape)
    dataset.Rows, dataset.Columns, dataset.PlanarConfiguration = 480, 640, 0
    dataset.PixelData = large.round().clip(0, 255).astype(np.uint8).tobytes()
    return dataset


def _coded(syntax: str, source: Path) -> pydicom.Dataset:
    dataset = pydicom.dcmread(source)
    cells = np.ascontiguousarray(dataset.pixel_array)
    if dataset.PixelRepresentation:
        # An offset for codecs that know no sign; the rescale takes it back.
        cells = (cells.astype(np.int32) + _WATER).clip(0, 4095).astype(np.uint16)
        dataset.RescaleIntercept = dataset.RescaleIntercept - _WATER
        dataset.PixelRepresentation = 0
    dataset.BitsStored, dataset.HighBit = 12, 11
    cells = cells.clip(0, 4095)
    uid, code = _CODED[syntax]
    if uid == JPEGBaseline8Bit:
        cells = (cells >> 4).astype(np.uint8)
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
        dataset.RescaleSlope = 16
    if code is None:
        dataset.PixelData = cells.tobytes()
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
        dataset.compress(RLELossless, cells, generate_instance_uid=False)
        return dataset
    dataset.PixelData = encapsulate([code(cells)])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = uid
    return dataset


def _as_stored(dataset: pydicom.Dataset) -> pydicom.Dataset:
    """With the window that changes nothing: its JPEG may be copied."""
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, 0
    dataset.WindowCenter, dataset.WindowWidth = 128, 256
    return dataset


def _lossless(cells: NDArray[np.uint16]) -> bytes:
    return imagecodecs.jpeg8_encode(cells, lossless=True, predictor=1, bitspersample=12)


def _jpeg2000(cells: NDArray[np.uint16]) -> bytes:
    return imagecodecs.jpeg2k_encode(
        cells, level=0, reversible=True, codecformat="j2k", bitspersample=12
    )


_NATIVE: dict[str, Callable[[np.random.Generator], pydicom.Dataset]] = {
    "ct": _ct,
    "mr": _mr,
    "dx": _dx,
    "us": _us,
}
_CODED = {
    ".70": (JPEGLosslessSV1, _lossless),
    ".80": (JPEGLSLossless, imagecodecs.jpegls_encode),
    ".90": (JPEG2000Lossless, _jpeg2000),
    ".201": (HTJ2KLossless, imagecodecs.htj2k_encode),
    ".50": (JPEGBaseline8Bit, lambda cells: imagecodecs.jpeg8_encode(cells, 95)),
    ".5": (RLELossless, None),
}

if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), [*map(Path, sys.argv[4:])])
