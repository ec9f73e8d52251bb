"""Pictures of bodies: tissues as ellipsoids, cut by planes or shone through.

Lengths in mm in the patient's system: x to the left, y to the back, z to the head.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, radians, sin, tau

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float64]
AIR = "air"


@dataclass(frozen=True)
class Solid:
    """An ellipsoid of one tissue; later ones replace earlier ones."""

    tissue: str
    centre: tuple[float, float, float]
    radii: tuple[float, float, float]
    turn: float = 0.0  # degrees, in the axial plane


@dataclass(frozen=True)
class Grid:
    """Where the pixels of a picture lie, around the origin.

    Attributes:
        rows: Number of rows.
        columns: Number of columns.
        spacing: Distance of pixel centres, mm.
    """

    rows: int
    columns: int
    spacing: float

    @property
    def across(self) -> Picture:
        """Position of each column, mm, shape ``(1, columns)``."""
        return self._places(self.columns)[None]

    @property
    def down(self) -> Picture:
        """Position of each row, mm, shape ``(rows, 1)``."""
        return self._places(self.rows)[:, None]

    def _places(self, count: int) -> Picture:
        half = (count - 1) * self.spacing / 2
        return np.linspace(-half, half, count, dtype=np.float64)


def axial(
    body: Sequence[Solid], values: Mapping[str, float], grid: Grid, z: float
) -> Picture:
    """Cut a body at height ``z``.

    Args:
        body: Its solids.
        values: Value of each tissue, and of ``air``.
        grid: The plane's pixels.
        z: Height, mm.

    Returns:
        Values, shape ``(rows, columns)``, with edges as wide as a pixel.
    """
    picture = np.full((grid.rows, grid.columns), values[AIR])
    for solid in body:
        if abs(z - solid.centre[2]) < solid.radii[2]:
            _paint(picture, solid, values[solid.tissue], grid, z)
    return picture


def _paint(picture: Picture, solid: Solid, value: float, grid: Grid, z: float) -> None:
    (x, y, height), (width, depth, tall) = solid.centre, solid.radii
    reach = max(width, depth) + grid.spacing
    columns, rows = _near(grid.across[0], x, reach), _near(grid.down[:, 0], y, reach)
    right, back = grid.across[:, columns] - x, grid.down[rows] - y
    turned, angle = (cos(radians(solid.turn)), sin(radians(solid.turn))), solid.turn
    u = right * turned[0] + back * turned[1] if angle else right
    v = back * turned[0] - right * turned[1] if angle else back
    distance = np.sqrt((u / width) ** 2 + (v / depth) ** 2 + ((z - height) / tall) ** 2)
    edge = (1 - distance) * min(width, depth) / grid.spacing + 0.5
    share = np.clip(edge, 0.0, 1.0)
    part = picture[rows, columns]
    part += share * (value - part)


def projection(
    body: Sequence[Solid], attenuation: Mapping[str, float], grid: Grid
) -> Picture:
    """Shine through a body from front to back, as a radiograph does.

    Args:
        body: Its solids; the first is the body itself, the others lie within it.
        attenuation: Attenuation of each tissue per mm.
        grid: The plane's pixels; rows run down from the head.

    Returns:
        Attenuation summed along y, shape ``(rows, columns)``.
    """
    total = np.zeros((grid.rows, grid.columns))
    around = attenuation[body[0].tissue]
    for solid in body:
        (x, _, z), (width, depth, tall) = solid.centre, solid.radii
        columns = _near(grid.across[0], x, width)
        rows = _near(-grid.down[:, 0], z, tall)
        u = (grid.across[:, columns] - x) / width
        w = (-grid.down[rows] - z) / tall
        path = 2 * depth * np.sqrt(np.clip(1 - u**2 - w**2, 0.0, None))
        inside = solid is body[0]
        more = attenuation[solid.tissue] - (0.0 if inside else around)
        total[rows, columns] += more * path
    return total


def _near(positions: Picture, centre: float, reach: float) -> slice:
    found = np.flatnonzero(np.abs(positions - centre) <= reach)
    return slice(found[0], found[-1] + 1) if found.size else slice(0, 0)


def grain(shape: tuple[int, ...], sigma: float, draw: np.random.Generator) -> Picture:
    """Noise as a detector has it: Gaussian, a little smooth, of deviation ``sigma``."""
    noise = draw.normal(0.0, 1.0, shape)
    smooth = noise + np.roll(noise, 1, -1) + np.roll(noise, 1, -2)
    result: Picture = smooth * (sigma / 3**0.5)
    return result


def _ribs() -> list[Solid]:
    """Twelve pairs, each falling from the spine to the front."""
    ribs = []
    for level in range(-6, 6):
        for step in range(16):
            angle = tau * (step + 0.5) / 16
            x, y = 138 * cos(angle), 84 * sin(angle)
            z = level * 27 + 22 * (y / 84)
            turn = np.degrees(angle) + 90
            ribs.append(Solid("rib", (x, y, z), (27, 5, 7), float(turn)))
    return ribs


THORAX: tuple[Solid, ...] = (
    Solid("fat", (0, 0, 0), (170, 112, 900)),
    Solid("muscle", (0, 0, 0), (157, 100, 880)),
    *_ribs(),
    Solid("lung", (-68, 0, 10), (60, 76, 150), 6),
    Solid("lung", (70, 0, 10), (58, 76, 150), -6),
    Solid("muscle", (0, -8, 60), (30, 52, 130)),
    Solid("heart", (28, -26, -55), (58, 48, 62), 30),
    Solid("blood", (12, -12, 40), (15, 17, 70)),
    Solid("blood", (24, 48, -40), (12, 12, 200)),
    Solid("air", (0, 18, 110), (8, 9, 70)),
    Solid("liver", (-62, -4, -165), (82, 84, 75)),
    Solid("spleen", (92, 28, -170), (36, 44, 55), 30),
    Solid("bone", (0, 74, 0), (21, 19, 800)),
    Solid("marrow", (0, 73, 0), (16, 14, 790)),
    Solid("cord", (0, 97, 0), (8, 7, 790)),
    Solid("bone", (0, 106, 0), (5, 9, 790)),
    Solid("bone", (0, -88, 30), (17, 6, 95)),
    Solid("tumour", (-84, 14, 34), (13, 12, 12)),
    Solid("vessel", (-60, 22, 10), (4, 3, 40), 20),
    Solid("vessel", (-78, -18, -10), (3, 4, 45)),
    Solid("vessel", (62, 26, 20), (4, 3, 50), -20),
    Solid("vessel", (84, -10, 0), (3, 3, 45)),
)
HEAD: tuple[Solid, ...] = (
    Solid("fat", (0, 0, 0), (78, 98, 110)),
    Solid("bone", (0, 0, 0), (73, 93, 104)),
    Solid("csf", (0, 0, 0), (67, 87, 97)),
    Solid("grey", (-29, 0, 0), (36, 83, 92)),
    Solid("grey", (29, 0, 0), (36, 83, 92)),
    Solid("white", (-29, -2, 2), (27, 70, 78)),
    Solid("white", (29, -2, 2), (27, 70, 78)),
    Solid("grey", (-21, 2, 0), (9, 16, 18), -14),
    Solid("grey", (21, 2, 0), (9, 16, 18), 14),
    Solid("csf", (-10, -22, 10), (6, 20, 26), 16),
    Solid("csf", (10, -22, 10), (6, 20, 26), -16),
    Solid("csf", (-14, 30, 12), (6, 22, 22), -18),
    Solid("csf", (14, 30, 12), (6, 22, 22), 18),
    Solid("csf", (0, 4, -4), (2, 13, 20)),
    Solid("tumour", (36, -34, 22), (11, 13, 12), 20),
)
