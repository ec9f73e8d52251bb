"""One patient erased from 1,000,000 instances: the embedded store, all of it compacted.

The archive is made from one batch of real headers with other identifiers in each copy:
20,000 patients of 50 images in ten months, a warehouse and a snapshot of as many rows.
"""

import hashlib
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from frame import Options, Row, bounded
from samples import ct_header

from dicom_pipeline.catalog import ENTITIES
from dicom_pipeline.catalog.compressed_images import COMPRESSED_IMAGES
from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.catalog.objects import ARRIVALS, OBJECTS
from dicom_pipeline.catalog.table import Table
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.deid.rules import rules_from
from dicom_pipeline.deid.stage import stage_columns
from dicom_pipeline.dicom.header import Header, extract
from dicom_pipeline.dicom.identity import patient_identity
from dicom_pipeline.dicom.rows import (
    FileFacts,
    entity_tables,
    header_row,
    headers_table,
)
from dicom_pipeline.layout import (
    RawKey,
    compacted_name,
    compressed_images_key,
    image_folder,
)
from dicom_pipeline.publish.erasure import Erasure
from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.local_s3 import LocalS3
from dicom_pipeline.resources.store import Store
from dicom_pipeline.resources.tables import parquet

ROWS, BATCHES, MONTHS = 2_000, 500, 10
HIS = 50  # images of one patient
ID = "S0025020"  # of batch 250, series 20
KEY = Pseudonyms(bytes(range(32)))
SEEDS = Path(__file__).parents[1] / "dbt_project" / "seeds"
_MARK = "feedbeef"
_PART = 16 << 20


class Folders:
    """Where the archive lies."""

    def __init__(self, home: Path) -> None:
        """Remember the folder."""
        self.home = home
        self.s3_home, self.dagster_home = home / "s3", home / "dagster"
        self.spool = home / "spool"


def rows(options: Options) -> Iterator[Row]:
    """Seconds for one patient; nothing may be found afterwards."""
    batches = BATCHES // 10 if options.quick else BATCHES
    patient = "S0002520" if options.quick else ID
    with tempfile.TemporaryDirectory() as folder:
        folders = Folders(Path(folder))
        server = LocalS3(folders.s3_home)
        with server.running() as store:
            erasure = _filled(folders, store, batches, patient)
            identity = patient_identity("", "bench", patient, "")
            began = time.perf_counter()
            receipt = erasure.erase(identity, store_forgets=True)
            seconds = time.perf_counter() - began
        began = time.perf_counter()
        assert server.forget()
        forgetting = time.perf_counter() - began
    took = {**receipt["took_seconds"], "store": round(forgetting, 3)}
    print(took, file=sys.stderr)
    removed = receipt["removed"]
    assert not receipt["found_afterwards"], receipt["found_afterwards"]
    assert removed["ledger_objects_rows"] == HIS, removed
    assert removed["raw_headers_rows"] == HIS, removed
    name = f"erase one patient of {batches * ROWS:,} instances"
    yield bounded(name, seconds + forgetting, 60, "s wall")


def _filled(folders: Folders, store: Store, batches: int, patient: str) -> Erasure:
    raw, stage, provider = (
        Bucket(name, store) for name in ("raw", "stage", "provider")
    )
    for bucket in (raw, stage, provider):
        bucket.create()
    _fill(raw, batches)
    _fill_stage(stage, batches, patient)
    _fill_databases(folders.home, batches * ROWS, patient)
    return Erasure(
        ledger=Ledger(raw),
        stage=stage,
        provider=provider,
        pseudonyms=KEY,
        folders=folders,
        writer=nullcontext,
        is_embedded=True,
    )


def _fill(raw: Bucket, batches: int) -> None:
    template = _template()
    a_month = batches // MONTHS
    with tempfile.TemporaryDirectory() as folder:
        ledgers = {t: _Writer(Path(folder) / t.name, t) for t in (ARRIVALS, OBJECTS)}
        for month in range(MONTHS):
            numbers = range(month * a_month, (month + 1) * a_month)
            text = f"2024-{month + 1:02}"
            for table in (HEADERS, *ENTITIES):
                writer = _Writer(Path(folder) / "file", table)
                for number in numbers:
                    writer.add(_changed(template[table.name], number, text))
                key = f"tables/{table.name}/month={text}/batch="
                writer.send(raw, key + _named(numbers))
            for table, writer in ledgers.items():
                for number in numbers:
                    writer.add(_changed(template[table.name], number, text))
        for table, writer in ledgers.items():
            writer.send(raw, f"tables/{table.name}/batch={_named(range(batches))}")
    victim = _changed(template["objects"], batches // 2, f"2024-{MONTHS // 2 + 1:02}")
    for key in victim["raw_key"].to_pylist()[20 * 50 : 21 * 50]:
        raw.write(key, b"DICM" * 1_000)


class _Writer:
    """A compacted file, a row group a batch."""

    def __init__(self, file: Path, table: Table) -> None:
        self._file = file
        self._writer = pq.ParquetWriter(file, table.schema, compression="zstd")

    def add(self, rows: pa.Table) -> None:
        self._writer.write_table(rows, row_group_size=rows.num_rows)

    def send(self, bucket: Bucket, key: str) -> None:
        self._writer.close()
        with self._file.open("rb") as body:
            bucket.upload(f"{key}.parquet", body, _PART, {})


def _template() -> dict[str, pa.Table]:
    """One batch of every table; its marks are replaced in each copy."""
    made, ledger = [], []
    for number in range(ROWS):
        body = ct_header(number)
        header = extract(body, len(body))
        row = header_row(header, _facts(header))
        made.append(row)
        ledger.append(_ledger_row(row))
    headers = headers_table(made)
    tables = {"headers": headers, **entity_tables(headers)}
    for table in (ARRIVALS, OBJECTS):
        tables[table.name] = pa.Table.from_pylist(ledger, schema=table.schema)
    return tables


def _facts(header: Header) -> FileFacts:
    print_ = _MARK + hashlib.md5(header.sop_instance_uid.encode()).hexdigest()[8:]
    uids = header.study_instance_uid, header.series_instance_uid
    key = RawKey("2024-MM", *uids, header.sop_instance_uid, print_)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return FileFacts("bench", key.spell(), 528_000, print_, now, "BATCH")


def _ledger_row(row: dict) -> dict:
    uid = "study_instance_uid"
    number = int(row[uid].rsplit(".", 1)[1])
    patient = f"S{number:07d}"
    return {
        **{name: row.get(name) for name in OBJECTS.schema.names},
        "arrival_id": row["fingerprint"],
        "source": "provider",
        "source_key": f"in/{patient}/{row['sop_instance_uid']}.dcm",
        "outcome": "loaded",
        "month": "2024-MM",
        "patient_identity": patient_identity("", "bench", patient, ""),
        "batch_id": "BATCH",
    }


def _changed(rows: pa.Table, number: int, month: str) -> pa.Table:
    """The batch with the identifiers of another one."""
    columns = []
    for field in rows.schema:
        column = rows[field.name]
        if field.type == pa.string():
            for mark, other in (
                ("3680043.8.498.", f"3680043.8.498.{1000 + number}."),
                ("S00000", f"S{number:05d}"),
                ("Patient000", f"Patient{number:03d}"),
                (_MARK, f"{number:08x}"),
                ("2024-MM", month),
                ("BATCH", f"{number:032x}"),
            ):
                column = pc.replace_substring(column, mark, other)
        columns.append(column)
    return pa.table(columns, schema=rows.schema)


def _named(numbers: range) -> str:
    return compacted_name(f"{number:032x}" for number in numbers)


def _sops(patient: str) -> list[str]:
    number, series = int(patient[1:6]), int(patient[6:])
    root = f"1.2.826.0.1.3680043.8.498.{1000 + number}.3"
    return [f"{root}.{series * 50 + place}" for place in range(50)]


def _fill_stage(stage: Bucket, batches: int, patient: str) -> None:
    his = [KEY.uid(sop) for sop in _sops(patient)]
    for sop in his:
        stage.write(f"{image_folder(sop)}/000001.jpg", b"\xff\xd8" * 5_000)
    each = batches * ROWS // MONTHS
    others = [f"2.25.{10**36 + place}" for place in range(each - len(his))]
    names = pa.array([*his, *others], pa.string())
    schema = COMPRESSED_IMAGES.schema
    rows = pa.table(
        [
            names if f.name == "sop_instance_uid" else pa.nulls(each, f.type)
            for f in schema
        ],
        schema=schema,
    )
    body = parquet(COMPRESSED_IMAGES, rows)
    for month in range(MONTHS):
        token = KEY.batch_token("compressed_images", f"2024-{month + 1:02}")
        stage.write(compressed_images_key(token, "part"), body)


def _fill_databases(home: Path, count: int, patient: str) -> None:
    """The columns that images have behind the line, in three tables and a snapshot."""
    with (SEEDS / "anonymization_mapping.csv").open(encoding="utf-8") as lines:
        rules = rules_from(lines)
    images = next(table for table in ENTITIES if table.name == "images")
    patients = KEY.patient_key(patient_identity("", "bench", patient, ""))
    named = {
        "patient_key": f"case when i < 50 then '{patients}' else sha256(i::text) end"
    }
    made = {
        "varchar": "md5((i % 1000)::text)",
        "double": "i / 7.0",
        "integer": "i % 99",
    }
    parts = []
    for column in stage_columns(images, rules):
        kind = column.data_type.partition("(")[0]
        value = named.get(column.name) or made.get(kind, "null")
        if column.name.endswith("_instance_uid"):
            value = "'2.25.' || hash(i)::text || (1e18::bigint + i)::text"
        parts.append(f'({value})::{column.data_type} as "{column.name}"')
    query = f"select {', '.join(parts)} from range({count}) as numbers(i)"
    (home / "published").mkdir()
    for file, tables in (
        ("warehouse.duckdb", ("stg_images", "fct_images", "processed_images")),
        ("published/analytics.duckdb", ("fct_images", "processed_images")),
    ):
        with duckdb.connect(str(home / file)) as connection:
            for table in tables:
                connection.execute(f"create table {table} as {query}")
