"""Reads text from pictures: paths on stdin, one JSON line each on stdout.

Runs by itself in an interpreter that has the extra ``ocr``, perhaps another one than
the pipeline's, so it imports nothing of the pipeline. What it reads is personal: it
goes to the one who asks, and nowhere else.
"""

import json
import math
import sys
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

PACKAGE = "rapidocr-onnxruntime"
LARGEST, OVERLAP = 2_000, 200  # pixels; the engine shrinks what is larger


def main() -> None:
    """Answer every path, in order; a picture that cannot be read gets no answer."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"{PACKAGE} {version(PACKAGE)}\n")
        return
    import numpy  # noqa: ICN001, PLC0415  # the extra brings them
    from PIL import Image  # noqa: PLC0415
    from rapidocr_onnxruntime import RapidOCR  # noqa: PLC0415

    Image.MAX_IMAGE_PIXELS = None  # who asks has looked at the size
    # Every line counts, however unsure the engine is of its letters.
    engine = RapidOCR(text_score=0.0, intra_op_num_threads=1)
    for line in sys.stdin:
        path = json.loads(line)
        with Image.open(path) as picture:
            pixels = numpy.asarray(picture.convert("RGB"))
        answer = {"path": path, "lines": list(_lines(engine, pixels))}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _lines(engine: Any, pixels: Any) -> Iterator[tuple[str, list[int]]]:  # noqa: ANN401
    """Text and box (x, y, width, height) of each line, tile by tile."""
    for top, bottom in spans(pixels.shape[0]):
        for left, right in spans(pixels.shape[1]):
            tile = pixels[top:bottom, left:right]
            for corners, text, _ in engine(tile)[0] or ():
                across = [float(x) for x, _ in corners]
                down = [float(y) for _, y in corners]
                x, y = int(min(across)), int(min(down))
                width, height = int(max(across)) + 1 - x, int(max(down)) + 1 - y
                yield text, [x + left, y + top, width, height]


def spans(length: int) -> list[tuple[int, int]]:
    """First and last pixel of tiles of one size whose neighbours overlap."""
    if length <= LARGEST:
        return [(0, length)]
    count = math.ceil((length - OVERLAP) / (LARGEST - OVERLAP))
    size = math.ceil((length + (count - 1) * OVERLAP) / count)
    starts = [number * (size - OVERLAP) for number in range(count)]
    return [(start, min(start + size, length)) for start in starts]


if __name__ == "__main__":
    main()
