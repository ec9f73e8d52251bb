"""The five tables of the catalogue, projected from rows of ``headers``."""

import json
from typing import Any

import pyarrow as pa

from dicom_pipeline.catalog import ENTITIES
from dicom_pipeline.catalog.table import Reading, Table
from dicom_pipeline.dicom.header_rows import PIXEL_DATA, Row, order_of
from dicom_pipeline.dicom.identity import device_identity, patient_identity
from dicom_pipeline.dicom.outcome import Json, first_text
from dicom_pipeline.dicom.values import original, value_of

_FILE = (
    "provider",
    "raw_key",
    "bytes",
    "header_bytes",
    "month_source",
    "private_element_count",
    "fingerprint",
    "modified_at",
    "batch_id",
)


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
    instances = [_Instance(row) for row in headers.to_pylist()]
    instances.sort(key=lambda instance: order_of(instance.row))
    return {table.name: _table(table, instances) for table in ENTITIES}


class _Instance:
    """One row of ``headers`` with its JSON parsed once for all tables."""

    def __init__(self, row: Row) -> None:
        self.row = row
        dataset: Json = json.loads(row["header"])
        self.elements: Json = {**json.loads(row["file_meta"] or "{}"), **dataset}
        if row["has_pixel_data"]:
            self.elements.setdefault(PIXEL_DATA, {})
        self.own: Row = {name: row[name] for name in _FILE}
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

    @property
    def age(self) -> tuple[Any, ...]:
        """What the newest instance has most of."""
        return (
            self.row["modified_at"],
            self.row["fingerprint"],
            self.row["sop_instance_uid"],
        )

    def key(self, table: Table) -> tuple[Any, ...]:
        """Values of the columns that tell one row of ``table`` from another."""
        return tuple(self.own.get(n, self.row.get(n)) for n in table.key)


def _table(table: Table, instances: list[_Instance]) -> pa.Table:
    newest: dict[tuple[Any, ...], _Instance] = {}
    for instance in instances:
        known = newest.setdefault(instance.key(table), instance)
        if known.age < instance.age:
            newest[instance.key(table)] = instance
    chosen = sorted(newest.values(), key=lambda instance: order_of(instance.row))
    rows = [_row(table, instance) for instance in chosen]
    return pa.Table.from_pylist(rows, schema=table.schema)


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
