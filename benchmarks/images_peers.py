"""The peers, in a process of their own: answers how long each way takes per image.

Runs in ``.venv/peers``. A line on stdin is a JSON object with ``method``, ``files``,
``out`` and ``rounds``; the answer is processor nanoseconds per image, or -1 where the
method cannot do it.
"""

import json
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import dicomsdl
import imagecodecs
import numpy as np
import pydicom
import simplejpeg
from numpy.typing import NDArray
from pydicom.encaps import generate_frames
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from rle.rle import decode_frame

cv2.setNumThreads(1)
_QUALITY = 90


def main() -> None:
    """Answer every line."""
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            print(_measured(**asked), flush=True)
        except Exception as error:  # noqa: BLE001  a peer that cannot is a result
            print(f"{asked['method']}: {type(error).__name__}", file=sys.stderr)
            print(-1, flush=True)


def _measured(method: str, files: list[str], out: str, rounds: int) -> int:
    render = _METHODS[method]
    Path(out).mkdir(parents=True, exist_ok=True)
    render(files[0], f"{out}/warm.jpg")  # imports and tables
    began = time.process_time_ns()
    for turn in range(rounds):
        for number, file in enumerate(files):
            render(file, f"{out}/{turn}-{number}.jpg")
    return (time.process_time_ns() - began) // (rounds * len(files))


def _voi_cv2(file: str, out: str) -> None:
    """What one writes first: float64 all the way."""
    dataset = pydicom.dcmread(file)
    values = apply_modality_lut(dataset.pixel_array, dataset)
    values = apply_voi_lut(values, dataset, index=0)
    low, high = values.min(), values.max()
    _cv2_write(((values - low) / max(high - low, 1) * 255).astype(np.uint8), out)


def _lut_cv2(file: str, out: str) -> None:
    """Good Python: one table per window, one byte per look-up."""
    dataset = pydicom.dcmread(file)
    _cv2_write(_levels(dataset.pixel_array, _facts(dataset)), out)


def _sdl_simplejpeg(file: str, out: str) -> None:
    """The fastest Python: a C++ reader, one table, libjpeg-turbo."""
    dataset = dicomsdl.open(file)
    levels = _levels(dataset.pixelData(storedvalue=True), _facts(dataset))
    _simple_write(levels[:, :, None], out, "GRAY")


def _memory(file: str, out: str) -> None:  # noqa: ARG001
    """Stored values in memory to a JPEG in memory."""
    stored, facts = _held(file)
    simplejpeg.encode_jpeg(
        _levels(stored, facts)[:, :, None],
        quality=_QUALITY,
        colorspace="GRAY",
        fastdct=False,
    )


def _colour_cv2(file: str, out: str) -> None:
    pixels = pydicom.dcmread(file).pixel_array
    _cv2_write(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), out, *_444)


def _colour_cv2_420(file: str, out: str) -> None:
    pixels = pydicom.dcmread(file).pixel_array
    _cv2_write(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), out, *_420)


def _colour_sdl(file: str, out: str, chroma: str = "444") -> None:
    _simple_write(dicomsdl.open(file).pixelData(storedvalue=True), out, "RGB", chroma)


def _colour_sdl_420(file: str, out: str) -> None:
    _colour_sdl(file, out, "420")


def _limit(file: str, out: str) -> None:  # noqa: ARG001
    """The codec alone, on bytes in memory."""
    code, decode = _code(file)
    decode(code)


def _pydicom_decode(file: str, out: str) -> None:  # noqa: ARG001
    pydicom.dcmread(file).pixel_array  # noqa: B018  decoding is what is measured


def _cv2_write(levels: NDArray[np.uint8], out: str, *more: int) -> None:
    options = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY, *more]
    Path(out).write_bytes(cv2.imencode(".jpg", levels, options)[1])


def _simple_write(
    levels: NDArray[np.uint8], out: str, space: str, chroma: str = "444"
) -> None:
    code = simplejpeg.encode_jpeg(
        np.ascontiguousarray(levels),
        quality=_QUALITY,
        colorspace=space,
        colorsubsampling=chroma,
        fastdct=False,
    )
    Path(out).write_bytes(code)


def _levels(stored: NDArray[np.generic], facts: tuple[float, ...]) -> NDArray[np.uint8]:
    if stored.dtype == np.int16:
        stored = stored.view(np.uint16)
    return np.take(_table(*facts), stored)


def _facts(dataset: pydicom.Dataset) -> tuple[float, ...]:
    """Signedness, slope, intercept, centre and width; both readers spell them alike."""
    first = _first(dataset.WindowCenter), _first(dataset.WindowWidth)
    rescale = float(dataset.RescaleSlope), float(dataset.RescaleIntercept)
    return (float(dataset.PixelRepresentation), *rescale, *first)


def _first(value: object) -> float:
    return float(
        value[0] if isinstance(value, (list, pydicom.multival.MultiValue)) else value
    )  # type: ignore[index,arg-type]


@cache
def _table(
    signed: float, slope: float, intercept: float, center: float, width: float
) -> NDArray[np.uint8]:
    stored = np.arange(65536, dtype=np.uint16)
    values = (stored.view(np.int16) if signed else stored) * slope + intercept
    grey = ((values - (center - 0.5)) / (width - 1) + 0.5) * 255
    return (grey.clip(0, 255) + 0.5).astype(np.uint8)


@cache
def _held(file: str) -> tuple[NDArray[np.generic], tuple[float, ...]]:
    dataset = pydicom.dcmread(file)
    return dataset.pixel_array, _facts(dataset)


@cache
def _code(file: str) -> tuple[bytes, Callable[[bytes], object]]:
    dataset = pydicom.dcmread(file)
    code = next(generate_frames(dataset.PixelData, number_of_frames=1))
    uid = str(dataset.file_meta.TransferSyntaxUID)
    if uid == "1.2.840.10008.1.2.5":
        cells = dataset.Rows * dataset.Columns
        return code, lambda code: decode_frame(code, cells, dataset.BitsAllocated, "<")
    return code, _DECODERS[uid.removeprefix("1.2.840.10008.1.2.")]


_444 = (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)
_420 = (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420)
_DECODERS: dict[str, Callable[[bytes], object]] = {
    "4.50": imagecodecs.jpeg8_decode,
    "4.70": imagecodecs.jpeg8_decode,
    "4.80": imagecodecs.jpegls_decode,
    "4.90": imagecodecs.jpeg2k_decode,
    "4.201": imagecodecs.htj2k_decode,
}
_METHODS: dict[str, Callable[[str, str], None]] = {
    "pydicom+voi+cv2": _voi_cv2,
    "pydicom+LUT+cv2": _lut_cv2,
    "dicomsdl+LUT+simplejpeg": _sdl_simplejpeg,
    "LUT+simplejpeg": _memory,
    "pydicom+cv2": _colour_cv2,
    "pydicom+cv2 4:2:0": _colour_cv2_420,
    "dicomsdl+simplejpeg": _colour_sdl,
    "dicomsdl+simplejpeg 4:2:0": _colour_sdl_420,
    "codec": _limit,
    "pydicom decode": _pydicom_decode,
}

if __name__ == "__main__":
    main()
