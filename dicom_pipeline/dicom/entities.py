"""The five tables of the catalogue, projected from rows of ``headers``."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from dicom_pipeline.catalog import DEVICES, ENTITIES, IMAGES, PATIENTS, SERIES, STUDIES
from dicom_pipeline.catalog.table import Reading, Table
from dicom_pipeline.dicom.groups import effective
from dicom_pipeline.dicom.header_rows import PIXEL_DATA, Row, order_of
from dicom_pipeline.dicom.identity import device_identity, patient_identity
from dicom_pipeline.dicom.json_text import json_of
from dicom_pipeline.dicom.outcome import Json, first_text
from dicom_pipeline.dicom.values import original, value_of

_DESCRIBED = (PATIENTS, STUDIES, SERIES, DEVICES)
_TEXTS = ("header", "file_meta")
_LISTS = ("bulk", "issues", "private_creators")
_CHUNK = 4096  # rows that are Python objects at a time

Key = tuple[Any, ...]


def entity_tables(headers: pa.Table) -> dict[str, pa.Table]:
    """Project one batch of headers onto patients, studies, series, images, devices.

    No file is read: the stored JSON text holds every element. A patient, study, series
    or device is described by the newest of its instances in the batch (by
    ``modified_at``, then ``fingerprint``), and the row names that instance. Images
    have one row per instance and fingerprint.

    Args:
        headers: Rows of the table ``headers``.

    Returns:
        Table name to table, each with the schema of the catalogue. Rows are ordered by
        the series, instance number, SOP Instance UID and fingerprint of the instance
        that describes them, so the same batch gives the same bytes.
    """
    batch = _Batch(headers)
    newest: dict[str, dict[Key, int]] = {table.name: {} for table in ENTITIES}
    images = pa.Table.from_batches(_images(batch, newest), schema=IMAGES.schema)
    tables = {IMAGES.name: images}
    for table in _DESCRIBED:
        chosen = sorted(newest[table.name].values())
        rows = [_row(table, batch.instance(place)) for place in chosen]
        tables[table.name] = pa.Table.from_pylist(rows, schema=table.schema)
    return {table.name: tables[table.name] for table in ENTITIES}


def _images(
    batch: "_Batch", newest: dict[str, dict[Key, int]]
) -> Iterator[pa.RecordBatch]:
    """Rows of images in chunks; on the way, which instance describes what."""
    rows: list[Row] = []
    for place in range(len(batch.rows)):
        instance = batch.instance(place)
        for table in _DESCRIBED:
            known = newest[table.name].setdefault(instance.key(table), place)
            if batch.age(known) < batch.age(place):
                newest[table.name][instance.key(table)] = place
        image = newest[IMAGES.name].setdefault(instance.key(IMAGES), place)
        if image == place:
            rows.append(_row(IMAGES, instance))
        if len(rows) == _CHUNK:
            yield pa.RecordBatch.from_pylist(rows, schema=IMAGES.schema)
            rows = []
    yield pa.RecordBatch.from_pylist(rows, schema=IMAGES.schema)


class _Batch:
    """Rows of ``headers`` in their order, each JSON text parsed when it is asked for.

    A parsed header takes ten times the room of its text, and a month may have 100,000.
    """

    def __init__(self, headers: pa.Table) -> None:
        self._texts = {name: headers.column(name) for name in _TEXTS}
        rows = headers.drop_columns([*_TEXTS, *_LISTS]).to_pylist()
        self._places = sorted(range(len(rows)), key=lambda place: order_of(rows[place]))
        self.rows: list[Row] = [rows[place] for place in self._places]

    def instance(self, place: int) -> "_Instance":
        """Parse the row at ``place``, counted in row order."""
        header, meta = (
            self._texts[name][self._places[place]].as_py() for name in _TEXTS
        )
        return _Instance(self.rows[place], json_of(header), json_of(meta or "{}"))

    def age(self, place: int) -> Key:
        """What the newest instance has most of."""
        row = self.rows[place]
        return row["modified_at"], row["fingerprint"], row["sop_instance_uid"]


class _Instance:
    """One row of ``headers`` and what its JSON says."""

    __slots__ = ("elements", "own")

    def __init__(self, row: Row, dataset: Json, meta: Json) -> None:
        self.elements: Json = {**meta, **effective(dataset)}
        if row["has_pixel_data"]:
            self.elements.setdefault(PIXEL_DATA, {})
        self.own: Row = dict(row)
        self.own["described_by_sop_instance_uid"] = row["sop_instance_uid"]
        self.own["patient_identity"] = patient_identity(
            first_text(dataset, "00100021"),
            row["provider"] or "",
            first_text(dataset, "00100020"),
            row["study_instance_uid"] or "",
        )
        self.own["device_identity"] = device_identity(
            first_text(dataset, "00080070"),
            first_text(dataset, "00081090"),
            first_text(dataset, "00181000"),
        )

    def key(self, table: Table) -> Key:
        """Values of the columns that tell one row of ``table`` from another."""
        return tuple(self.own[name] for name in table.key)


def _row(table: Table, instance: _Instance) -> Row:
    row: Row = {}
    issues: list[Row] = []
    for column in table.columns:
        if column.reading is Reading.OWN:
            row[column.name] = instance.own.get(column.name)
            continue
        row[column.name], code = value_of(column, instance.elements)
        if code:
            text = original(column, instance.elements)
            issues.append({"column": column.name, "code": code, "text": text})
    return row | {"value_issues": issues}
