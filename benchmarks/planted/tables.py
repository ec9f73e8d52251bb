"""What this pipeline has made of each instance: rows, and the pictures beside them."""

import datetime as dt
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image

from dicom_pipeline.catalog import ENTITIES
from dicom_pipeline.catalog.table import Column, Reading
from dicom_pipeline.deid.rules import Rule

from .outputs import Output
from .pictures import Box

Row = dict[str, Any]
Jpegs = Callable[[str], bytes]
"""Bytes of a JPEG by its key."""

_JOINED_BY = {
    "dim_patients": "patient_key",
    "fct_studies": "study_instance_uid",
    "fct_series": "series_instance_uid",
    "dim_devices": "device_key",
}
MODELS = {
    "patients": "dim_patients",
    "studies": "fct_studies",
    "series": "fct_series",
    "images": "fct_images",
    "devices": "dim_devices",
}
_FORMS: tuple[tuple[type[Any], str], ...] = (
    (dt.datetime, "%Y%m%d%H%M%S"),
    (dt.date, "%Y%m%d"),
    (dt.time, "%H%M%S"),
)
_NOISE = 24  # of 255: JPEG's, at the edge of what is black
_ALIKE = 0.98  # correlation of a picture with what it was made from
_REFERENCE = "(0008,1155)"
_CODE = ("(0008,0102)", "(0008,0100)")  # scheme, value


@dataclass(frozen=True)
class Processed:
    """The published tables, and what the scorer needs beside them.

    Attributes:
        snapshot: DuckDB file that people read.
        rules: The mapping that made it: which column holds which attribute.
        jpegs: Reads one JPEG of the stage bucket.
        originals: File as planted, by new SOP Instance UID: what a picture should show.
        nested: Texts of the nested export, by new SOP Instance UID.
    """

    snapshot: Path
    rules: Iterable[Rule]
    jpegs: Jpegs
    originals: Mapping[str, Path]
    nested: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def outputs(self) -> Iterator[Output]:
        """One output for each row of images."""
        with duckdb.connect(str(self.snapshot), read_only=True) as connection:
            tables = {
                name: _rows(connection, f'select * from "{name}"')
                for name in (*MODELS.values(), "processed_images")
            }
        known = {
            name: {row[key]: row for row in tables[name]}
            for name, key in _JOINED_BY.items()
        }
        keys: dict[str, list[str]] = {}
        for jpeg in sorted(tables["processed_images"], key=lambda row: row["frame"]):
            keys.setdefault(jpeg["sop_instance_uid"], []).append(jpeg["jpeg_key"])
        for image in tables["fct_images"]:
            rows = {"fct_images": image}
            for name, key in _JOINED_BY.items():
                rows[name] = known[name].get(image.get(key), {})
            yield self._output(image, rows, keys.get(image["sop_instance_uid"], []))

    def _output(self, image: Row, rows: dict[str, Row], keys: list[str]) -> Output:
        uid = image["sop_instance_uid"]
        texts = dict(self._texts(rows)) | {"path": "\\".join(keys)}
        return Output(
            uid=uid,
            texts=texts | dict(self.nested.get(uid, {})),
            under=texts,
            patient=image["patient_key"],
            everything=tuple(
                text_of(value) for row in rows.values() for value in row.values()
            ),
            flat=lambda tag, box: tag != "(7fe0,0010)" or self._flat(keys, box),
            same=lambda box, _digest: self._same(uid, keys, box),
        )

    def _texts(self, rows: dict[str, Row]) -> Iterator[tuple[str, str]]:
        columns = {(t.name, c.name): c for t in ENTITIES for c in t.columns}
        for rule in self.rules:
            column = columns.get((rule.table_name, rule.column_name))
            if column is None or not column.keyword:
                continue
            value = rows[MODELS[rule.table_name]].get(rule.stage_column)
            if rule.target_function != "drop" and value is not None:
                yield from _elements(column, value)

    def _flat(self, keys: list[str], box: Box) -> bool:
        for key in keys:
            region = _region(self._picture(key), box)
            if region.size and int(region.max()) - int(region.min()) > _NOISE:
                return False
        return True

    def _same(self, uid: str, keys: list[str], box: Box | None) -> bool:
        dataset = pydicom.dcmread(self.originals[uid])
        frames = dataset.pixel_array
        frames = frames[None] if frames.ndim == 2 else frames  # noqa: PLR2004
        whole = box or (0, 0, frames.shape[2], frames.shape[1])
        pairs = zip(frames, map(self._picture, keys), strict=False)
        return len(keys) == len(frames) and all(
            _alike(_region(frame, whole), _region(picture, whole))
            for frame, picture in pairs
        )

    def _picture(self, key: str) -> NDArray[Any]:
        return np.asarray(Image.open(io.BytesIO(self.jpegs(key))).convert("L"))


def _elements(column: Column, value: object) -> Iterator[tuple[str, str]]:
    """The attributes that one column holds, as the key names them."""
    tag = f"({column.tag[:4]},{column.tag[4:]})".lower()
    items = value if isinstance(value, list) else [value]
    if column.reading is Reading.CODES:
        for number, item in enumerate(items):
            parts = str(item).split(":", 1)
            for part, text in zip(_CODE, parts, strict=False):
                yield f"{tag}[{number:04d}]{part}", text
    elif column.reading is Reading.REFERENCES:
        for number, item in enumerate(items):
            yield f"{tag}[{number:04d}]{_REFERENCE}", text_of(item)
    else:
        yield tag, text_of(value)


def text_of(value: object) -> str:
    """A value of a table as DICOM writes it."""
    if value is None:
        return ""
    if isinstance(value, list):
        return "\\".join(map(text_of, value))
    if isinstance(value, float | Decimal):
        return f"{value:.12g}"
    form = next((form for kind, form in _FORMS if isinstance(value, kind)), "")
    return format(value, form)


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    found = connection.execute(query)
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _region(picture: NDArray[Any], box: Box) -> NDArray[Any]:
    left, top, width, height = box
    return picture[top : top + height, left : left + width]


def _alike(before: NDArray[Any], after: NDArray[Any]) -> bool:
    if before.shape != after.shape or before.std() == 0 or after.std() == 0:
        return False
    return bool(np.corrcoef(before.ravel(), after.ravel())[0, 1] >= _ALIKE)
