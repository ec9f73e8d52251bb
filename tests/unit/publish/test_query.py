"""A question is answered and nothing else is: no write, no file, no stored value."""

import csv
import io
import json
import traceback

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dicom_pipeline.catalog.patients import PATIENTS
from dicom_pipeline.layout import table_key
from dicom_pipeline.publish.query import (
    Format,
    QueryError,
    raw_connection,
    run,
    run_raw,
)
from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.local_s3 import LocalS3

SQL = """
    select study_instance_uid, study_date, null as nothing, [1, 2] as list
    from fct_studies where patient_key = 'p3' order by 1"""


def test_an_answer_has_columns_and_rows(snapshot):
    """As Python values, in the order of the query."""
    result = run(snapshot, "select patient_key from dim_patients order by 1 desc")

    assert result.columns == ["patient_key"]
    assert result.rows == [("p3",), ("p2",), ("p1",), ("p0",)]


def test_forms_read_back(snapshot):
    """Each reader of its own sees the same answer."""
    result = run(snapshot, SQL)
    as_json = json.loads(result.written(Format.JSON))
    as_csv = list(csv.reader(io.StringIO(result.written(Format.CSV).decode())))
    as_parquet = pq.read_table(io.BytesIO(result.written(Format.PARQUET)))

    assert as_json[0] == {
        "study_instance_uid": "s3",
        "study_date": "2031-04-15",
        "nothing": None,
        "list": [1, 2],
    }
    assert as_csv[0] == ["study_instance_uid", "study_date", "nothing", "list"]
    assert as_csv[1] == ["s3", "2031-04-15", "", "[1, 2]"]
    assert as_parquet.to_pylist()[1]["study_date"] is None
    assert result.written(Format.TABLE).decode().splitlines()[2].startswith("s3  ")


def test_an_empty_answer_has_its_header(snapshot):
    """So that a pipe of commands sees the columns."""
    result = run(snapshot, "select 1 as one where false")

    assert result.written(Format.CSV) == b"one\r\n"
    assert result.written(Format.TABLE) == b"one\n---\n"
    assert result.written(Format.JSON) == b"[]\n"


@pytest.mark.parametrize(
    "sql",
    [
        "delete from processed.fct_images",
        "create table processed.mine as select 1",
        "copy fct_images to 'leak.csv'",
        "attach 'other.duckdb'",
        "select * from read_csv('/etc/hostname')",
        "set enable_external_access = true",
        "install httpfs",
        "selct 1",
        "select no_such_column from fct_images",
        "",
    ],
)
def test_anything_else_is_refused(snapshot, sql):
    """With DuckDB's words; the snapshot stays as it was."""
    before = snapshot.read_bytes()
    with pytest.raises(QueryError):
        run(snapshot, sql)

    assert snapshot.read_bytes() == before


def test_without_a_snapshot_the_message_says_so(tmp_path):
    """It is not made by asking."""
    with pytest.raises(QueryError, match="nothing has been published"):
        run(tmp_path / "analytics.duckdb", "select 1")

    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """Open a raw bucket with one patient on a real S3 server."""
    with LocalS3(tmp_path_factory.mktemp("s3")).running() as store:
        for name in ("raw", "other"):
            Bucket(name, store).create()
        row = {"patient_identity": "x", "patient_name": "Canary^Yellow"}
        body = io.BytesIO()
        pq.write_table(pa.Table.from_pylist([row], PATIENTS.schema), body)
        Bucket("raw", store).write(
            table_key("patients", "2024-01", "b"), body.getvalue()
        )
        Bucket("other", store).write("x.parquet", body.getvalue())
        with raw_connection(store, "raw") as connection:
            yield connection


@pytest.mark.s3
def test_raw_tables_are_views_over_the_bucket(raw):
    """A table without files is empty, not missing."""
    patients = run_raw(raw, "select patient_name, month from raw.patients")

    assert patients.rows == [("Canary^Yellow", "2024-01")]
    for table in ("headers", "studies", "series", "images", "devices", "objects"):
        assert run_raw(raw, f"select * from raw.{table}").rows == []


@pytest.mark.s3
@pytest.mark.parametrize(
    "sql",
    [
        "select cast(patient_name as integer) from raw.patients",
        "select error(patient_name) from raw.patients",
        "select patient_name::date from raw.patients",
        "copy raw.patients to 's3://raw/tables/leak.csv'",
        "copy raw.patients to '/tmp/leak.csv'",
        "select * from read_parquet('s3://other/x.parquet')",
        "select * from read_csv('/etc/hostname')",
        "set enable_external_access = true",
        "from duckdb_secrets(); drop view raw.patients",
    ],
)
def test_raw_refuses_without_a_value(raw, sql):
    """Neither a stored value nor another place comes out."""
    with pytest.raises(QueryError) as raised:
        run_raw(raw, sql)

    assert "Canary" not in "".join(traceback.format_exception(raised.value))
