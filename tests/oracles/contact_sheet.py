"""One picture of what is rendered: a thumbnail per SOP class and transfer syntax.

``make sheet`` renders pydicom's files and the corpus where it is there; a look at the
sheet finds what no difference of pixels does: a picture that is wrong as a whole.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pydicom
import pydicom.data
from PIL import Image, ImageDraw
from pydicom.uid import UID

ROOT = Path(__file__).parents[2]
WHEEL = Path(pydicom.data.__file__).parent / "test_files"
CORPUS = Path(os.environ.get("DICOM_CORPUS", ROOT.parent / "shared/data/dicom"))
BINARY = Path(sys.executable).with_name("img-compressor")
SIDE, MARGIN, TEXT, COLUMNS = 200, 8, 34, 8


@dataclass(frozen=True)
class Shown:
    """One thumbnail and what stands below it."""

    sop_class: str
    syntax: str
    picture: Path


def main(out: Path) -> None:
    """Render one object of each kind and write the sheet."""
    with tempfile.TemporaryDirectory() as folder:
        shown = sorted(
            _rendered(_kinds(), Path(folder)),
            key=lambda each: (each.sop_class, each.syntax),
        )
        _sheet(shown).save(out, optimize=True)
    print(f"{len(shown)} kinds: {out}")  # noqa: T201  a command tells its result


def _kinds() -> dict[tuple[str, str], list[Path]]:
    """Files with pixels by (SOP class, transfer syntax), small ones first."""
    kinds: dict[tuple[str, str], list[Path]] = {}
    files = [
        path
        for root in (WHEEL, CORPUS)
        if root.is_dir()
        for path in root.rglob("*")
        if path.is_file()
    ]
    for path in sorted(files, key=lambda path: (path.stat().st_size, path.name)):
        try:
            header = pydicom.dcmread(path, stop_before_pixels=True, force=True)
        except Exception:  # noqa: BLE001  no header, no thumbnail
            continue
        if "Rows" in header:
            syntax = header.file_meta.get("TransferSyntaxUID", "unnamed")
            kind = (_name(header.get("SOPClassUID", "unnamed")), _name(syntax))
            kinds.setdefault(kind, []).append(path)
    return kinds


def _name(uid: str) -> str:
    return UID(uid).name.replace(" Image Storage", "").replace(" Storage", "")


def _rendered(kinds: dict[tuple[str, str], list[Path]], folder: Path) -> list[Shown]:
    """Render the median file of each kind, the next larger one where that fails."""
    asked, places = [], {}
    for number, (kind, files) in enumerate(kinds.items()):
        for turn, file in enumerate(files[len(files) // 2 :] or files):
            out = folder / f"{number}-{turn}"
            places[str(file), str(out)] = (kind, turn)
            asked.append(json.dumps({"input": str(file), "output": str(out)}))
    done = subprocess.run(
        [BINARY, "batch"],
        input="\n".join(asked).encode(),
        capture_output=True,
        check=True,
    )
    first: dict[tuple[str, str], tuple[int, str]] = {}
    for line in done.stdout.splitlines():
        row = json.loads(line)
        if row["status"] == "ok" and row["frame"] == 1:
            place = row["input"], str(Path(row["key"]).parent)
            kind, turn = places[place]
            first[kind] = min(first.get(kind, (turn, row["key"])), (turn, row["key"]))
    return [Shown(*kind, Path(key)) for kind, (_, key) in first.items()]


def _sheet(shown: list[Shown]) -> Image.Image:
    width, height = SIDE + MARGIN, SIDE + TEXT + MARGIN
    rows = -(-len(shown) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * width + MARGIN, rows * height + MARGIN), "#222")
    pen = ImageDraw.Draw(sheet)
    for number, each in enumerate(shown):
        left = MARGIN + number % COLUMNS * width
        top = MARGIN + number // COLUMNS * height
        with Image.open(each.picture) as picture:
            small = picture.convert("RGB")
            small.thumbnail((SIDE, SIDE))
            at = left + (SIDE - small.width) // 2, top + (SIDE - small.height) // 2
            sheet.paste(small, at)
        pen.text((left, top + SIDE + 2), each.sop_class[:34], fill="white")
        pen.text((left, top + SIDE + 16), each.syntax[:34], fill="#9cf")
    return sheet


if __name__ == "__main__":
    main(Path(sys.argv[1]))
