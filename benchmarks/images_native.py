"""Uncompressed images to JPEG, file to file and in memory: rows B1 to B5.

``limit`` is libjpeg-turbo alone on finished pixels, ``floor`` reads the file, encodes
and writes. Ratios are of one interleaved run; unfinished rounds do not exist.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from frame import Options, Row, Spent, compared
from headers_local import CORPUS
from images_methods import (
    Fresh,
    Way,
    limits,
    ours,
    peers,
    samples,
    side_by_side,
    workspace,
)

SEED = "pydicom+voi+cv2"
GOOD = "pydicom+LUT+cv2"
BEST = "dicomsdl+LUT+simplejpeg"


@dataclass(frozen=True)
class _Set:
    """Files of one kind and what was promised of them.

    Attributes:
        of: What they are.
        files: Where they are.
        images: How many images a round takes of the binary; peers take a tenth.
        floor: Least share of the floor; of the limit where ``against_limit``.
        seed: Least ratio to the usual Python.
        best: Least ratio to the fastest Python.
        memory: Least share of the encoder alone, from memory to memory.
    """

    of: str
    files: list[Path]
    images: int
    share: tuple[str, float]
    seed: float
    best: float
    memory: float | None = 0.88


def rows(options: Options) -> Iterator[Row]:
    """CT, MR, DX and ultrasound; given ones where the corpus has them."""
    with workspace() as folder:
        for each in _sets(Path(folder), options):
            yield from _grey(each, Path(folder), options)
        yield from _colour(Path(folder), options)


def _sets(folder: Path, options: Options) -> Iterator[_Set]:
    few = options.files(8) if options.quick else 8
    ct, floor = samples(folder / "ct", "ct", few), ("floor", 0.9)
    yield _Set("B1 CT 512, generated", ct, 496, floor, 10, 2.5, 0.9)
    given = _given("**/*PANCREAS*/1-00?.dcm")
    if given:
        yield _Set("B1 CT 512, given", given, 496, floor, 10, 2.5, 0.9)
    mr = _given("**/MR2_UNCR.dcm") or samples(folder / "mr", "mr", few)
    yield _Set("B3 MR 1024", mr, 160, floor, 8, 2.5)
    dx = samples(folder / "dx", "dx", 4)
    yield _Set("B4 DX 2128x2000", dx, 40, ("limit", 0.62), 6, 2)


def _given(pattern: str) -> list[Path]:
    return sorted(CORPUS.glob(pattern))[:8]


def _grey(of: _Set, folder: Path, options: Options) -> Iterator[Row]:
    fresh = Fresh(folder / "out")
    turns = max(1, of.images // len(of.files) // (5 if options.quick else 1))
    slow = max(1, turns // 10)
    with limits(of.files, folder / "limits") as limit, peers(fresh) as peer:
        ways: dict[str, Way] = {
            "ours": ours(fresh, turns),
            "limit": limit("limit", turns),
            "floor": limit("floor", turns),
            "memory": limit("memory", turns),
            **{name: peer(name, slow) for name in (SEED, GOOD, BEST)},
            "python memory": peer("LUT+simplejpeg", slow),
        }
        spent = side_by_side(ways, of.files, options.rounds)
    for part in ("floor", "limit"):
        bound = of.share[1] if part == of.share[0] else None
        yield compared(f"{of.of}: {part}", spent, peer=part, at_least=bound)
    for name, bound in ((SEED, of.seed), (GOOD, None), (BEST, of.best)):
        if name in spent:
            yield compared(f"{of.of}: {name}", spent, peer=name, at_least=bound)
    yield from _memory(of, spent)


def _memory(of: _Set, spent: dict[str, list[Spent]]) -> Iterator[Row]:
    name = of.of.replace(of.of[:2], "B2")
    for peer, bound in (("limit", of.memory), ("python memory", None)):
        label = f"{name}, memory to memory: {peer}"
        yield compared(label, spent, peer=peer, ours="memory", at_least=bound)


def _colour(folder: Path, options: Options) -> Iterator[Row]:
    files = _given("**/US1_UNCR.dcm") or samples(folder / "us", "us", 4)
    turns = max(1, 200 // len(files) // (5 if options.quick else 1))
    slow = max(1, turns // 5)
    fresh = Fresh(folder / "out")
    for chroma, suffix, named in (("444", "", "4:4:4"), ("420", " 4:2:0", "4:2:0")):
        cv2, sdl = f"pydicom+cv2{suffix}", f"dicomsdl+simplejpeg{suffix}"
        with (
            limits(files, folder / "limits", chroma) as limit,
            peers(fresh) as peer,
        ):
            ways: dict[str, Way] = {
                "ours": ours(fresh, turns, ["--subsampling", chroma]),
                "limit": limit("limit", turns),
                "floor": limit("floor", turns),
                cv2: peer(cv2, slow),
                sdl: peer(sdl, slow),
            }
            spent = side_by_side(ways, files, options.rounds)
        of = f"B5 US 640x480 {named}"
        yield compared(f"{of}: limit", spent, peer="limit", at_least=0.75)
        yield compared(f"{of}: floor", spent, peer="floor")
        for name in (cv2, sdl):
            yield compared(f"{of}: {name}", spent, peer=name, at_least=1.8)
