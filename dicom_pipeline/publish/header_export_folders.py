"""From the values of a row to its Hive folder: ``Modality=CT/StudyDate=2024-01-31``."""

import hashlib
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import pyarrow as pa

from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.catalog.table import Reading
from dicom_pipeline.dicom.nested.columns import Columns
from dicom_pipeline.dicom.nested.text import elements_of, many
from dicom_pipeline.dicom.nested.types import Field, Kind

NOTHING: Final = "__HIVE_DEFAULT_PARTITION__"
"""Folder of rows without a value, as Hive, Spark and DuckDB read it back to null."""

_LONGEST = 200  # a folder name has at most 255 bytes; the field's name is part of it
_FOLDERS = (Kind.TEXT, Kind.INTEGER, Kind.DATE)
# The door has read these into columns; they need not be parsed again.
_READ = {
    column.keyword: column.name
    for column in HEADERS.columns
    if column.reading is Reading.VALUE
}


class NoFolderError(ValueError):
    """A field cannot be a folder."""


def check_folders(fields: Sequence[Field]) -> None:
    """Refuse fields whose values are no folder names.

    Raises:
        NoFolderError: A field is a list, a struct, a time or a decimal number.
    """
    for each in fields:
        if each.repeated or each.kind not in _FOLDERS:
            kind = "a list" if each.repeated else f"of type {each.kind}"
            raise NoFolderError(
                f"{each.name} is {kind}; partition by a text, whole number or date"
            )


def partition_values(
    headers: pa.Table, fields: Sequence[Field], columns: Columns
) -> list[list[object]]:
    """Return the values of each field, in the order of the rows of ``headers``."""
    missing = [each for each in fields if each.name not in _READ]
    found: dict[str, list[object]] = {
        each.name: headers[_READ[each.name]].to_pylist()
        for each in fields
        if each.name in _READ
    }
    if missing:
        texts, metas = (headers[n].to_pylist() for n in ("header", "file_meta"))
        with many():
            batch = columns.batch([*map(elements_of, texts, metas)], missing)
        found |= {each.name: batch.column(each.name).to_pylist() for each in missing}
    return [found[each.name] for each in fields]


def folder_of(names: Sequence[str], values: Sequence[object]) -> str:
    """Spell one folder; every letter but the plainest is percent-encoded.

    A value too long for a file system is replaced by its hash; the row's ``raw_key``
    says where the whole is.
    """
    pairs = zip(names, values, strict=True)
    return "/".join(f"{name}={_spelled(value)}" for name, value in pairs)


def _spelled(value: object) -> str:
    if value is None:
        return NOTHING
    text = quote(str(value), safe="")
    if len(text) <= _LONGEST:
        return text
    return "sha256-" + hashlib.sha256(str(value).encode()).hexdigest()
