"""Pictures with and without names drawn into them."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from .answers import Action
from .plant import Plant

Picture = NDArray[Any]
Box = tuple[int, int, int, int]
"""Left, top, width, height."""


@dataclass(frozen=True)
class Kind:
    """How pixels are stored; PS3.3 C.7.6.3."""

    bits: int = 12
    signed: bool = False

    @property
    def type(self) -> np.dtype[Any]:
        """Type of one stored value."""
        return np.dtype(f"{'i' if self.signed else 'u'}{1 if self.bits == 8 else 2}")  # noqa: PLR2004


def lettered(text: str, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Draw a text as true pixels, as large as the rows allow."""
    page = Image.new("L", (shape[1], shape[0]), 0)
    font = ImageFont.load_default(size=max(8, round(shape[0] * 0.8)))
    ImageDraw.Draw(page).text((1, -1), text, fill=255, font=font)
    return np.asarray(page) > 127  # noqa: PLR2004


def phantom(shape: tuple[int, int], seed: int, top: int) -> NDArray[np.uint16]:
    """A body with organs and noise, from 0 to ``top``."""
    draw = np.random.default_rng(seed)
    rows, columns = shape
    down, across = np.meshgrid(
        np.linspace(-1, 1, rows), np.linspace(-1, 1, columns), indexing="ij"
    )
    picture = 0.35 * (down**2 + across**2 < 0.8)  # noqa: PLR2004
    for _ in range(4):
        x, y, size = (
            draw.uniform(-0.5, 0.5),
            draw.uniform(-0.5, 0.5),
            draw.uniform(0, 1),
        )
        picture += 0.12 * ((down - y) ** 2 + (across - x) ** 2 < 0.02 + 0.05 * size)
    noise = draw.normal(0, 0.01, shape)
    return np.asarray((np.clip(picture + 0.05 + noise, 0, 1) * top).round(), np.uint16)


def burn(picture: Picture, text: str, box: Box) -> None:
    """Write ``text`` into the box of a picture, in white on black."""
    left, top, width, height = box
    letters = lettered(text, (height, width))
    region = picture[..., top : top + height, left : left + width]
    region[...] = letters * picture.max()


def put_pixels(plant: Plant, picture: Picture, kind: Kind) -> None:
    """Store one frame, or several along the first axis, in grey."""
    keep = plant.keep
    keep("SamplesPerPixel", 1)
    keep("PhotometricInterpretation", "MONOCHROME2")
    if picture.ndim > 2:  # noqa: PLR2004
        keep("NumberOfFrames", picture.shape[0])
    keep("Rows", picture.shape[-2])
    keep("Columns", picture.shape[-1])
    keep("BitsAllocated", kind.type.itemsize * 8)
    keep("BitsStored", kind.bits)
    keep("HighBit", kind.bits - 1)
    keep("PixelRepresentation", int(kind.signed))
    data = picture.astype(kind.type).tobytes()
    plant.put("PixelData", data + b"\0" * (len(data) % 2))
    plant.dataset["PixelData"].VR = "OB" if kind.bits == 8 else "OW"  # noqa: PLR2004


def ask_hidden(plant: Plant, text: str, box: Box) -> None:
    """Ask that the box shows nothing."""
    place = ",".join(map(str, box))
    Plant(plant.dataset, plant.answers, category="pixels").ask(
        "PixelData", Action.PIXELS_HIDDEN, text, place
    )


def ask_retained(plant: Plant, picture: Picture, kind: Kind, box: Box) -> None:
    """Ask that the pixels of a box are as they were, in every frame."""
    digest = digest_of(picture.astype(kind.type), box)
    place = ",".join(map(str, box))
    Plant(plant.dataset, plant.answers, category="pixels").ask(
        "PixelData", Action.PIXELS_RETAINED, digest, place
    )


def digest_of(picture: Picture, box: Box) -> str:
    """SHA-256 of the stored values of a box, in every frame."""
    left, top, width, height = box
    region = picture[..., top : top + height, left : left + width]
    return hashlib.sha256(np.ascontiguousarray(region).tobytes()).hexdigest()
