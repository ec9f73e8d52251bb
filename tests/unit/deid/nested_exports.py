"""Exports of headers that never were in a store, and what can be read in them."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq

from dicom_pipeline.catalog.headers import HEADERS as TABLE
from dicom_pipeline.catalog.patients import PATIENTS
from dicom_pipeline.deid.nested_fields import nested_fields
from dicom_pipeline.deid.nested_rules import nested_rules
from dicom_pipeline.deid.profiles import Profile
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.dicom.nested.choice import keys_of
from dicom_pipeline.dicom.nested.seen import Level, Look
from dicom_pipeline.dicom.nested.types import fields_of
from dicom_pipeline.publish.header_export import Plan, export_headers
from dicom_pipeline.publish.header_export_deid import Line, export_deidentified

NAMES = Pseudonyms(bytes(range(32)))
RESEARCH = Line(NAMES, Profile.RESEARCH)


def header(**elements: tuple[str, object]) -> dict:
    """Elements by tag, ``t00100020=("LO", "1")``; a tuple's list is several values."""
    return {
        tag[1:]: {"vr": vr, "Value": value if isinstance(value, list) else [value]}
        for tag, (vr, value) in sorted(elements.items())
    }


@dataclass
class Folder:
    """Keeps what is put into it."""

    files: dict[str, bytes] = field(default_factory=dict)

    def put(self, name: str, body: bytes) -> None:
        """Keep one file."""
        self.files[name] = body

    @property
    def parts(self) -> list[bytes]:
        """The Parquet files."""
        return [b for name, b in self.files.items() if name.endswith(".parquet")]

    def rows(self) -> list[dict]:
        """Rows of all of them."""
        return [row for body in self.parts for row in read(body).to_pylist()]

    def texts(self) -> Iterator[str]:
        """Names, values, statistics, metadata, and files that are no Parquet."""
        for name, body in self.files.items():
            yield name
            if not name.endswith(".parquet"):
                yield body.decode()
                continue
            yield json.dumps(read(body).to_pylist(), default=spelled)
            yield from footer(body)


def exported(
    headers: list[dict],
    line: Line = RESEARCH,
    by: str = "",
    patients: tuple[dict, ...] = (),
) -> Folder:
    """Export these headers; the rows are in the order of their pseudonyms."""
    rules = nested_rules(private=line.private)
    fields = {field.key: field for field in nested_fields(level_of(headers), rules)}
    folders = tuple(fields.pop(key) for key in keys_of(filter(None, by.split(","))))
    plan = Plan(tuple(fields.values()), folders)
    out = Folder()
    export_deidentified(raw_of(headers, patients), line, plan, out)
    return out


def identified(headers: list[dict]) -> Folder:
    out = Folder()
    export_headers(*raw_of(headers), Plan(fields_of(level_of(headers))), out)
    return out


def raw_of(
    headers: list[dict], patients: tuple[dict, ...] = ()
) -> tuple[SimpleNamespace, SimpleNamespace]:
    """The raw zone of these headers, and of these patients: one batch in one month."""
    rows = [
        {
            "sop_instance_uid": f"1.2.99999.7.{number}",
            "study_instance_uid": f"1.2.99999.8.{number}",
            "provider": "canary00000",
            "raw_key": "dicom/canary00000",
            "fingerprint": f"{number:032x}",
            "header": json.dumps(header),
            "file_meta": "{}",
        }
        for number, header in enumerate(headers)
    ]
    table = pa.Table.from_pylist(rows, schema=TABLE.schema)
    named = pa.Table.from_pylist([*patients], schema=PATIENTS.schema)
    known = {(r["sop_instance_uid"], r["fingerprint"], "batch") for r in rows}
    return (
        SimpleNamespace(
            read=lambda of, *_: named if of is PATIENTS else table,
            batches=lambda *_: {"batch"},
        ),
        SimpleNamespace(
            batches_by_month=lambda: {"2024-01": ["batch"]}, newest=lambda _: known
        ),
    )


def level_of(headers: list[dict]) -> Level:
    look = Look()
    for header in headers:
        look.at(header)
    return look.level


def read(body: bytes) -> pa.Table:
    return pq.read_table(io.BytesIO(body))


def footer(body: bytes) -> Iterator[str]:
    """What stands beside the values: statistics of each column, and key-value pairs."""
    told = pq.ParquetFile(io.BytesIO(body)).metadata
    yield str(told.metadata)
    for group in range(told.num_row_groups):
        for column in range(told.num_columns):
            stats = told.row_group(group).column(column).statistics
            if stats is not None and stats.has_min_max:
                yield f"{stats.min} {stats.max}"


def spelled(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
