"""Instructions of small renders, counted by callgrind: a gate that noise cannot open.

    python -m tests.compressor.instructions            count and compare
    python -m tests.compressor.instructions --accept   count and write the table anew

Callgrind shows every program the same processor (an AVX2 one without SHA and AVX-512
instructions, whatever the host has beyond that), so counts do not depend on the model;
libjpeg-turbo is held at SSE2 besides. They do depend on compilers and on the C library:
the table names those that it was made with, and a difference says so.
"""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pydicom
from pydicom.data import get_testdata_file

TABLE = Path(__file__).with_name("instructions.json")
TOLERANCE = 0.03
_BINARY = Path(sys.executable).with_name("img-compressor")
_IMAGES = 6
_SIDE = 256
_WHEEL = {
    "colour": "SC_rgb_jpeg_dcmd.dcm",
    "RLE": "MR_small_RLE.dcm",
    "JPEG lossless": "SC_rgb_jpeg_gdcm.dcm",
    "JPEG-LS": "MR_small_jpeg_ls_lossless.dcm",
    "JPEG 2000": "MR_small_jp2klossless.dcm",
    "JPEG copied": "SC_rgb_jpeg_dcmtk.dcm",
}


def can_count() -> bool:
    """Whether there is a valgrind, and a processor that the table is of."""
    return shutil.which("valgrind") is not None and platform.machine() == "x86_64"


def counted() -> dict[str, int]:
    """Instructions of the start, and of one image of each kind."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = _run(folder, 0)
        counts = {"start": start}
        for kind, source in {"CT": "", **_WHEEL}.items():
            _write(folder / "in.dcm", source)
            counts[kind] = (_run(folder, _IMAGES) - start) // _IMAGES
    return counts


def regressions(counts: dict[str, int]) -> list[str]:
    """What costs more than the table says, or so much less that the table is old."""
    table = json.loads(TABLE.read_text())
    words = [
        f"{kind}: {counts.get(kind, 0):,} instructions, the table says {before:,}"
        for kind, before in table["counts"].items()
        if abs(counts.get(kind, 0) / before - 1) > TOLERANCE
    ]
    if words and table["made_with"] != _tools():
        words.append(f"made with {table['made_with']}, here is {_tools()}")
    return words


def _write(path: Path, source: str) -> None:
    if source:
        shutil.copyfile(get_testdata_file(source), path)
        return
    dataset = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    dataset.Rows = dataset.Columns = _SIDE
    dataset.WindowCenter, dataset.WindowWidth = 40, 400
    cells = (
        1024 + row * column % 300 - 150 + (row * 7919 + column * 104_729) % 41
        for row in range(_SIDE)
        for column in range(_SIDE)
    )
    dataset.PixelData = b"".join(cell.to_bytes(2, "little") for cell in cells)
    dataset.save_as(path, enforce_file_format=True)


def _run(folder: Path, images: int) -> int:
    asked = "".join(
        json.dumps({"input": "in.dcm", "output": f"out/{number}"}) + "\n"
        for number in range(images)
    )
    shutil.rmtree(folder / "out", ignore_errors=True)
    done = subprocess.run(
        [
            "valgrind",
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
            _BINARY,
            "batch",
            "--workers",
            "1",
        ],
        cwd=folder,
        env={**os.environ, "JSIMD_FORCESSE2": "1"},
        input=asked,
        capture_output=True,
        text=True,
        check=True,
    )
    answered = [json.loads(line)["status"] for line in done.stdout.splitlines()]
    if set(answered) - {"ok"} or len(answered) < images:
        raise RuntimeError(f"not rendered: {answered}")
    return int(re.search(r"Collected : (\d+)", done.stderr)[1])


def _tools() -> dict[str, str]:
    """Versions that a count depends on."""

    def said(tool: str) -> str:
        version = subprocess.run([tool, "--version"], capture_output=True, check=True)
        return version.stdout.decode().split(" (")[0].strip()

    return {
        "rustc": said("rustc"),
        "valgrind": said("valgrind"),
        "libc": " ".join(platform.libc_ver()),
    }


def main() -> int:
    """Count; compare, or accept."""
    counts = counted()
    if "--accept" in sys.argv:
        table = {"made_with": _tools(), "counts": counts}
        TABLE.write_text(json.dumps(table, indent=1) + "\n")
    for kind, count in counts.items():
        print(f"{count:>12,}  {kind}")  # noqa: T201  a command tells its result
    words = regressions(counts)
    if words:
        words.append("'make counts ACCEPT=--accept' accepts these counts")
        sys.stderr.write("\n".join(words) + "\n")
    return int(bool(words))


if __name__ == "__main__":
    sys.exit(main())
