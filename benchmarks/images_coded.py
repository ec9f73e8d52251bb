"""Compressed CT to JPEG by transfer syntax, and JPEGs that are copied: rows B6 and B7.

The limit of a syntax is its codec alone (libjpeg-turbo, CharLS, OpenJPEG, OpenJPH and
pylibjpeg-rle, called on bytes in memory) plus the encoder alone.
"""

from collections.abc import Iterator
from pathlib import Path

import pydicom
from frame import Options, Row, Spent, compared
from images_methods import (
    Files,
    Fresh,
    Way,
    batch,
    limits,
    ours,
    peers,
    samples,
    side_by_side,
    workspace,
)
from images_native import BEST, GOOD
from pydicom.encaps import generate_frames

_SOS = b"\xff\xda"
_BATCH = 500  # images of one process, as the pipeline asks for
_SYNTAXES: dict[str, tuple[str, float | None]] = {
    ".70": ("JPEG lossless", 2),
    ".80": ("JPEG-LS", 1.2),
    ".90": ("JPEG 2000", 0.95),
    ".201": ("HTJ2K", 2),
    ".5": ("RLE", 2),
    ".50": ("JPEG baseline", None),
}


def rows(options: Options) -> Iterator[Row]:
    """A row per syntax and peer, then copies."""
    with workspace() as name:
        folder = Path(name)
        native = samples(folder / "ct", "ct", 4)
        for syntax in _SYNTAXES:
            files = samples(folder / syntax, syntax, 4, native)
            yield from _coded(syntax, files, folder, options)
        for of, kind in (("CT 512", "ct"), ("DX 2128x2000", "dx")):
            native = samples(folder / kind, kind, 4)
            files = samples(folder / f"same-{kind}", "same", 4, native)
            yield from _copied(f"B7 {of}", files, folder, options)


def _coded(syntax: str, files: Files, folder: Path, options: Options) -> Iterator[Row]:
    name, bound = _SYNTAXES[syntax]
    fresh = Fresh(folder / "out")
    turns = 2 if options.quick or syntax == ".90" else 40
    with limits(files, folder / "limits") as limit, peers(fresh) as peer:
        ways: dict[str, Way] = {
            "ours": ours(fresh, turns),
            "encoder": limit("limit", turns),
            "codec": peer("codec", turns),
            GOOD: peer(GOOD, max(1, turns // 4)),
            BEST: peer(BEST, max(1, turns // 4)),
        }
        spent = side_by_side(ways, files, options.rounds)
    both = zip(spent["codec"], spent["encoder"], strict=True)
    spent["limit"] = [Spent(one.cpu + two.cpu, 0) for one, two in both]
    of = f"B6 CT 512 {syntax} {name}"
    yield compared(f"{of}: limit", spent, peer="limit", at_least=0.85)
    for each in (GOOD, BEST):
        if each in spent:
            yield compared(f"{of}: {each}", spent, peer=each, at_least=bound)


def _copied(of: str, files: Files, folder: Path, options: Options) -> Iterator[Row]:
    """The JPEG inside, taken out, against a copy of the file."""
    fresh = Fresh(folder / "out")
    _same_scan(files, fresh.folder())
    with limits(files, folder / "limits") as limit:
        turns = _BATCH // len(files)
        ways = {"ours": ours(fresh, turns), "copy": limit("copy", turns)}
        ways["rendered"] = ours(fresh, 10, ["--passthrough", "never"])
        spent = side_by_side(ways, files, options.rounds)
    yield compared(
        f"{of} JPEG copied: a copy of the file", spent, peer="copy", at_least=0.5
    )
    yield compared(f"{of} JPEG copied: rendered anew", spent, peer="rendered")


def _same_scan(files: Files, out: Path) -> None:
    """The coded data of a copy is that of its source, byte by byte."""
    requests = out / "requests"
    requests.write_text(f'{{"input": "{files[0]}", "output": "{out}"}}\n')
    batch(requests)
    (frame,) = generate_frames(pydicom.dcmread(files[0]).PixelData, number_of_frames=1)
    before, after = frame, (out / "000001.jpg").read_bytes()
    scan = after[after.index(_SOS) :]
    if before[before.index(_SOS) :].rstrip(b"\0") != scan.rstrip(b"\0"):
        raise RuntimeError("a copied JPEG has another scan than its source")
