"""What a column and a table are: the words that every other room shares."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa
from pydicom.datadict import dictionary_VM, dictionary_VR, tag_for_keyword

TEXT = pa.string()
TEXTS = pa.list_(pa.string())
FLOAT = pa.float64()
FLOATS = pa.list_(pa.float64())
INTEGER = pa.int64()
BOOLEAN = pa.bool_()
DATE = pa.date32()
TIME = pa.time64("us")
TIMESTAMP = pa.timestamp("us")
INSTANT = pa.timestamp("us", tz="UTC")
ISSUES = pa.list_(
    pa.struct([("column", pa.string()), ("code", pa.string()), ("text", pa.string())])
)


class Reading(StrEnum):
    """How a column's value is found in a header."""

    VALUE = "value"  # the element's own value
    CODES = "codes"  # "scheme:code" of each item of a code sequence, PS3.3 8.8
    REFERENCES = "references"  # Referenced SOP Instance UID of each item
    PRESENCE = "presence"  # whether the element is there at all
    OWN = "own"  # the pipeline's own, no element


@dataclass(frozen=True)
class Column:
    """One column of one table.

    Attributes:
        name: Snake case of the DICOM keyword, with the unit where there is one.
        keyword: DICOM keyword; empty for a column of the pipeline's own.
        type: Arrow type as stored.
        reading: How the value is found.
        tag: ``ggggeeee``; ``xx`` marks a repeating group (PS3.5 7.6).
        about: What it holds, for columns that the standard does not describe.
    """

    name: str
    keyword: str
    type: pa.DataType
    reading: Reading = Reading.VALUE
    tag: str = ""
    about: str = ""

    def __post_init__(self) -> None:
        """Look the tag up where the keyword is in the data dictionary (PS3.6)."""
        number = tag_for_keyword(self.keyword) if self.keyword else None
        if not self.tag and number is not None:
            object.__setattr__(self, "tag", f"{number:08X}")

    @property
    def description(self) -> str:
        """One line for the data dictionary."""
        if self.about:
            return self.about
        group, element = self.tag[:4].lower(), self.tag[4:].lower()
        return f"{self.keyword} ({group},{element}), VR {self.vr}, VM {self.vm}."

    @property
    def vr(self) -> str:
        """Value Representation from PS3.6; ``UN`` where pydicom does not know it."""
        return dictionary_VR(self.keyword) if self._known else "UN"

    @property
    def vm(self) -> str:
        """Value Multiplicity from PS3.6."""
        return dictionary_VM(self.keyword) if self._known else "1"

    @property
    def _known(self) -> bool:
        return tag_for_keyword(self.keyword) is not None


def own(name: str, type_: pa.DataType, about: str) -> Column:
    """A column that is not a DICOM attribute but the pipeline's own."""
    return Column(name, "", type_, Reading.OWN, about=about)


@dataclass(frozen=True)
class Table:
    """One table of the raw layer.

    Attributes:
        name: Plural noun; also the asset name and the Parquet folder.
        grain: What one row is, in one sentence.
        source: Modules of the standard that its columns come from.
        key: Columns that tell one row from another within a batch.
        columns: In the order in which they are stored.
    """

    name: str
    grain: str
    source: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema, in column order."""
        return pa.schema([(column.name, column.type) for column in self.columns])

    def column(self, name: str) -> Column:
        """Return the column called ``name``.

        Raises:
            KeyError: There is none.
        """
        return next(c for c in self.columns if c.name == name)


def columns_of(tables: Iterable[Table]) -> list[tuple[str, Column]]:
    """Every ``(table name, column)``, in table and column order."""
    return [(table.name, column) for table in tables for column in table.columns]
