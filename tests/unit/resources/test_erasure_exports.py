"""Exports lose one patient's rows, and those of a former key are told apart."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto import mock_aws

from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.erasure_exports import ExportErasure
from dicom_pipeline.resources.store import Store


@pytest.fixture
def stage(monkeypatch):
    monkeypatch.setattr("dicom_pipeline.resources.purge.CONCURRENCY", 1)
    with mock_aws():
        store = Store(access_key="test", secret_key="test", attempts=1)
        bucket = Bucket("stage", store)
        bucket.create()
        versioning = {"Status": "Enabled"}
        store.client.put_bucket_versioning(
            Bucket="stage", VersioningConfiguration=versioning
        )
        yield bucket


def put(stage: Bucket, name: str, *rows: tuple[str, str], version: int = 1) -> None:
    columns = zip(*((*row, version, row[1]) for row in rows), strict=True)
    names = ("patient_key", "sop_instance_uid", "deid_key_version", "SOPInstanceUID")
    body = io.BytesIO()
    pq.write_table(pa.table(dict(zip(names, columns, strict=True))), body)
    stage.write(name, body.getvalue())


def left(stage: Bucket) -> dict[str, list[str]]:
    """Instances by file, of every version there is."""
    listed = stage.store.client.list_object_versions(Bucket="stage")
    return {
        f"{item['Key']} {number}": pq.read_table(
            io.BytesIO(
                stage.store.client.get_object(
                    Bucket="stage", Key=item["Key"], VersionId=item["VersionId"]
                )["Body"].read()
            )
        )["sop_instance_uid"].to_pylist()
        for number, item in enumerate(listed.get("Versions", []))
        if item["Key"].endswith(".parquet")
    }


def test_his_rows_go_from_every_version_of_every_file(stage):
    """By patient key, by instance; a file of his alone goes as a whole."""
    put(stage, "headers/a/part-00000.parquet", ("him", "1"), ("her", "2"))
    put(stage, "headers/a/Modality=CT/part-00000.parquet", ("him", "3"))
    put(stage, "headers/b/part-00000.parquet", ("nobody", "4"), ("her", "5"))
    put(stage, "headers/b/part-00001.parquet", ("her", "6"))
    stage.write("headers/a/_SUCCESS", b"")
    erasure = ExportErasure(stage, "him", frozenset({"4"}), 1)

    assert erasure.hits()["stage header exports"] == 3
    assert erasure.rows() == 3
    assert set(erasure.hits().values()) == {0}
    assert sorted(map(str, left(stage).values())) == ["['2']", "['5']", "['6']"]
    assert erasure.rows() == 0


def test_rows_that_a_former_key_has_named_are_told(stage):
    """Their names are not these: nobody can say whose they are."""
    put(stage, "headers/a/part-00000.parquet", ("old", "1"), ("older", "2"))
    put(stage, "headers/b/part-00000.parquet", ("new", "3"), version=2)

    assert ExportErasure(stage, "him", frozenset(), 2).hits() == {
        "stage header exports": 0,
        "stage header exports of a former key": 2,
    }
