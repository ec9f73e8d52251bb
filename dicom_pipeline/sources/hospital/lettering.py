"""Text in pixels, as machines burn it in: capitals and digits, five pixels high."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

# Three columns by five rows, row by row, as one octal digit for each row.
_FONT: Final = (
    "A25755 B65656 C34443 D65556 E74647 F74644 G34553 H55755 I72227 J11152 K55655"
    " L44447 M57755 N65555 O25552 P65644 Q25563 R65655 S34216 T72222 U55557 V55552"
    " W55775 X55255 Y55222 Z71247 075557 126227 261247 361216 455711 574616 634757"
    " 771122 875757 975716 -00700 .00002 :02020 /11244"
)
_GLYPHS: Final = {sign[0]: sign[1:] for sign in _FONT.split()}
_BLANK: Final = "00000"


def write_text(
    picture: NDArray[Any], text: str, row: int, column: int, *, scale: int = 2
) -> None:
    """Burn ``text`` into a picture in white; what lies beyond its edge is cut off.

    Args:
        picture: Shape ``(rows, columns)`` or ``(rows, columns, samples)``.
        text: Letters without accents, digits, ``- . : /``; others become blanks.
        row: Where its top edge lies.
        column: Where its left edge lies.
        scale: Pixels of the picture for one of a letter.
    """
    for letter in text.upper():
        marks = np.array(
            [
                [int(line) >> bit & 1 for bit in (2, 1, 0)]
                for line in _GLYPHS.get(letter, _BLANK)
            ]
        )
        large = np.kron(marks, np.ones((scale, scale), int)).astype(bool)
        part = picture[row : row + 5 * scale, column : column + 3 * scale]
        part[large[: part.shape[0], : part.shape[1]]] = np.iinfo(picture.dtype).max
        column += 4 * scale
