"""JPEGs under a new key: the same pictures, other names, and none of the old."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto import mock_aws

from dicom_pipeline.catalog.compressed_images import COMPRESSED_IMAGES
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.deid.rotation import Renaming
from dicom_pipeline.layout import compressed_images_key, image_folder
from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.rotation_jpegs import (
    JpegRotation,
    chained,
    sweep,
    tokens_of,
    versions_in,
)
from dicom_pipeline.resources.store import Store
from dicom_pipeline.resources.tables import parquet

K1, K2 = bytes(range(32)), bytes(range(32, 64))
OLD, NEW = Pseudonyms(K1), Pseudonyms(K2, 2, previous=[K1])
BY = Renaming(OLD, NEW)
MONTHS = {"2024-01": ["1.2.1", "1.2.2", "1.2.3"], "2024-02": ["1.2.4"], "2024-03": []}
WRITES = ("PutObject", "CopyObject", "DeleteObjects")


class PowerCutError(RuntimeError):
    """The machine went off."""


@pytest.fixture(autouse=True)
def aws(monkeypatch):
    """One request at a time: a power cut is at the same place each time."""
    for name in ("purge", "rotation_jpegs"):
        monkeypatch.setattr(f"dicom_pipeline.resources.{name}.CONCURRENCY", 1)
    with mock_aws():
        yield


def filled(name, keys):
    """A bucket as the compressor leaves it under some keys, with versions."""
    bucket = Bucket(name, Store(access_key="test", secret_key="test", attempts=1))
    bucket.create()
    bucket.store.client.put_bucket_versioning(
        Bucket=name, VersioningConfiguration={"Status": "Enabled"}
    )
    for month, uids in MONTHS.items():
        token = keys.batch_token("compressed_images", month)
        rows = [row(keys, uid, token) for uid in uids]
        for uid, made in zip(uids, rows, strict=True):
            if made["jpeg_key"]:
                bucket.write(made["jpeg_key"], f"picture of {uid}".encode())
        table = pa.Table.from_pylist(rows, schema=COMPRESSED_IMAGES.schema)
        table = table.sort_by("sop_instance_uid")
        body = parquet(COMPRESSED_IMAGES, table)
        bucket.write(compressed_images_key(token, "part"), body)
    return bucket


def row(keys, uid, token):
    sop = keys.uid(uid)
    withheld = uid == "1.2.3"
    return dict.fromkeys(COMPRESSED_IMAGES.schema.names) | {
        "sop_instance_uid": sop,
        "frame": None if withheld else 1,
        "jpeg_key": None if withheld else f"{image_folder(sop)}/000001.jpg",
        "status": "withheld" if withheld else "ok",
        "render_id": keys.token("render", f"made of {uid}")[:32],
        "deid_key_version": keys.key_version,
        "batch_token": token,
    }


def contents(bucket):
    """Every object, tables as rows."""
    return {o.key: readable(bucket.read(o.key)) for o in bucket.list()}


def readable(body):
    if body[:4] != b"PAR1":
        return body
    return pq.read_table(io.BytesIO(body)).to_pylist()


def rotate(bucket, tokens):
    work = JpegRotation(bucket, chained(BY))
    for token in tokens:
        work.table(token, BY.token("batch", token))
    sweep(bucket)


def test_a_rotated_bucket_is_what_both_keys_would_have_made():
    """Names of JPEGs, tables, batches, renders; and every picture is where it was."""
    stage, expected = filled("stage", OLD), filled("expected", NEW)

    rotate(stage, tokens_of(stage))

    assert contents(stage) == contents(expected)
    assert versions_in(stage) == {2}


def test_no_version_of_an_old_name_is_left():
    stage = filled("stage", OLD)
    before = {o.key for o in stage.list()}

    rotate(stage, tokens_of(stage))

    answer = stage.store.client.list_object_versions(Bucket="stage")
    left = [*answer.get("Versions", []), *answer.get("DeleteMarkers", [])]
    assert before.isdisjoint(item["Key"] for item in left)


@pytest.mark.parametrize("write", range(1, 11))
def test_killed_at_any_write_and_run_again_ends_the_same(write):
    stage, expected = filled("stage", OLD), filled("expected", NEW)
    tokens = tokens_of(stage)
    count = 0

    def cut(**_):
        nonlocal count
        count += 1
        if count >= write:
            raise PowerCutError

    events = stage.store.client.meta.events
    for verb in WRITES:
        events.register(f"before-call.s3.{verb}", cut)
    with pytest.raises(PowerCutError):
        rotate(stage, tokens)
    for verb in WRITES:
        events.unregister(f"before-call.s3.{verb}", cut)
    rotate(stage, [token for token in tokens if token in tokens_of(stage)])

    assert contents(stage) == contents(expected)


def test_a_table_of_the_old_key_is_found_among_the_new():
    """Planted: a load that was still running has written it."""
    stage = filled("stage", OLD)
    late = OLD.batch_token("compressed_images", "2024-01")
    rotate(stage, [token for token in tokens_of(stage) if token != late])

    assert versions_in(stage) == {1, 2}
    assert tokens_of(stage, 1) == [late]


def test_what_no_table_lists_is_swept():
    """A killed run has left it; its name is an old one."""
    stage = filled("stage", OLD)
    stage.write("images/ab/2.25.1/000001.jpg", b"orphan")

    assert sweep(stage) == 1


def test_a_jpeg_that_was_missing_is_counted():
    stage = filled("stage", OLD)
    token = OLD.batch_token("compressed_images", "2024-02")
    stage.delete(f"{image_folder(OLD.uid('1.2.4'))}/000001.jpg")

    moved = JpegRotation(stage, chained(BY)).table(token, "f" * 16)

    assert (moved.rows, moved.jpegs, moved.missing) == (1, 0, 1)
