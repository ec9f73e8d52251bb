"""One contract for the compressor, whether it runs here or behind AWS Lambda.

The Lambda side is the real ``bootstrap`` binary, driven through the Runtime API by a
local stand-in of it; boto3 invokes it as it would invoke a function of AWS.
"""

import hashlib
import io
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from pydicom.data import get_testdata_file

from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.compressor import Compressor, CompressorError, Job
from dicom_pipeline.resources.compressor_lambda import (
    OBJECTS_PER_EVENT,
    AnyCompressor,
    LambdaCompressor,
)
from dicom_pipeline.resources.store import Store
from tests.contracts.local_lambda import LocalLambda, bootstrap
from tests.moto_server import serving_s3

REGION = "us-east-1"


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """Yield an S3 server of this module's own."""
    with serving_s3() as store:
        yield store


@pytest.fixture(scope="module")
def bucket(store: Store) -> Bucket:
    """A bucket with good and bad objects."""
    bucket = Bucket("zone", store)
    bucket.create()
    for name in ("CT_small.dcm", "examples_rgb_color.dcm", "test-SR.dcm"):
        bucket.write(f"in/{name}", Path(str(get_testdata_file(name))).read_bytes())
    multi = Path(str(get_testdata_file("SC_rgb_rle_2frame.dcm")))
    bucket.write("in/two", multi.read_bytes())
    bucket.write("in/noise", b"no DICOM" * 100)
    return bucket


@pytest.fixture(scope="module")
def function(store: Store) -> Iterator[LocalLambda]:
    """Yield the function, served like one of AWS."""
    serving = LocalLambda(bootstrap(), store.environment())
    with serving.serving():
        yield serving


@pytest.fixture(params=["binary", "lambda"])
def compressor(
    request: pytest.FixtureRequest, store: Store, monkeypatch: pytest.MonkeyPatch
) -> AnyCompressor:
    """Each way to reach it."""
    if request.param == "binary":
        beside = Path(sys.executable).with_name("img-compressor")
        if not (beside.exists() or shutil.which("img-compressor")):
            pytest.skip("img-compressor is not installed")
        return Compressor("img-compressor", 90, store)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    endpoint = request.getfixturevalue("function").endpoint
    return LambdaCompressor("img-compressor", 90, REGION, endpoint)


def job(name: str, **more: object) -> Job:
    """Render one object of the bucket."""
    return Job(name, f"s3://zone/in/{name}", f"s3://zone/out/{name}", **more)


def written(bucket: Bucket, answer: dict) -> bytes:
    """Bytes of the image that an answer tells of."""
    return bucket.read(answer["key"].removeprefix("s3://zone/"))


def test_it_says_what_it_is(compressor):
    """Two compressors of one version make the same JPEGs."""
    assert compressor.version.startswith("img-compressor ")
    assert compressor.version.endswith(" q90")
    assert "simd: " in compressor.identify()


def test_every_frame_is_answered_with_its_image(compressor, bucket):
    """Key, size and digest are those of what lies in the bucket; PIL opens it."""
    answers = list(compressor.render([job("CT_small.dcm"), job("two")]))

    assert sorted((a["id"], a["frame"]) for a in answers) == [
        ("CT_small.dcm", 1),
        ("two", 1),
        ("two", 2),
    ]
    for answer in answers:
        body = written(bucket, answer)
        assert answer["status"] == "ok"
        assert len(body) == answer["bytes"]
        assert hashlib.sha256(body).hexdigest() == answer["sha256"]
        with Image.open(io.BytesIO(body)) as image:
            assert image.size == (answer["width"], answer["height"])


@pytest.mark.usefixtures("bucket")
def test_a_bad_object_is_a_row_with_its_reason(compressor):
    """Nothing of one object keeps another from being rendered."""
    names = ["noise", "nothing", "test-SR.dcm", "CT_small.dcm"]
    answers = {a["id"]: a for a in compressor.render([job(name) for name in names])}

    assert {name: (a["status"], a["reason"]) for name, a in answers.items()} == {
        "noise": ("error", "not_dicom"),
        "nothing": ("error", "input_not_found"),
        "test-SR.dcm": ("skipped", "no_pixel_data"),
        "CT_small.dcm": ("ok", None),
    }


def test_masks_are_painted(compressor, bucket):
    """A mask is black, whoever paints it."""
    [answer] = compressor.render(
        [job("examples_rgb_color.dcm", masks=((0, 0, 64, 64),))]
    )

    with Image.open(io.BytesIO(written(bucket, answer))) as image:
        assert image.convert("L").crop((0, 0, 56, 56)).getextrema() == (0, 0)


@pytest.mark.usefixtures("bucket")
def test_many_objects_are_all_answered(compressor):
    """More than one event, more than one worker."""
    names = [f"{number}" for number in range(2 * OBJECTS_PER_EVENT + 1)]
    jobs = [
        Job(name, "s3://zone/in/CT_small.dcm", f"s3://zone/out/many/{name}")
        for name in names
    ]

    answers = list(compressor.render(jobs))

    assert sorted(a["id"] for a in answers) == sorted(names)
    assert {a["status"] for a in answers} == {"ok"}
    assert len({a["sha256"] for a in answers}) == 1


@pytest.mark.usefixtures("bucket")
def test_both_make_the_same_bytes(store, function, monkeypatch):
    """An object that moves from one to the other keeps its JPEG."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    jobs = [job("CT_small.dcm"), job("examples_rgb_color.dcm"), job("two")]
    both = [
        Compressor("img-compressor", 90, store),
        LambdaCompressor("img-compressor", 90, REGION, function.endpoint),
    ]

    first, second = (
        sorted((a["id"], a["frame"], a["sha256"]) for a in each.render(jobs))
        for each in both
    )

    assert first == second
    assert both[0].version == both[1].version


def test_a_function_that_is_not_there_says_so():
    """The message says what cannot be done, and quotes nothing."""
    compressor = LambdaCompressor("none", 90, REGION, "http://127.0.0.1:9")

    with pytest.raises(CompressorError, match="cannot be invoked") as raised:
        list(compressor.render([job("CT_small.dcm")]))
    assert "CT_small" not in str(raised.value)


def test_a_manifest_in_a_bucket_is_answered_beside_it(function, bucket):
    """The notification of a manifest has its answers written; of an object, not."""
    line = json.dumps({"input": "s3://zone/in/two", "output": "s3://zone/out/m"})
    bucket.write("work/today one.requests.jsonl", line.encode())

    reply = function.invoke(_notification("work/today+one.requests.jsonl"))
    refused = function.invoke(_notification("in/CT_small.dcm"))

    [address] = json.loads(reply.reply)["answers"]
    rows = bucket.read(address.removeprefix("s3://zone/")).splitlines()
    assert address == "s3://zone/work/today one.answers.jsonl"
    assert [json.loads(row)["frame"] for row in rows] == [1, 2]
    assert refused.failed
    assert b"not_a_manifest" in refused.reply


@pytest.mark.usefixtures("bucket")
def test_the_log_of_the_function_says_nothing_of_objects(store, monkeypatch):
    """What CloudWatch would keep holds no key."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    serving = LocalLambda(bootstrap(), store.environment())
    with serving.serving():
        compressor = LambdaCompressor("f", 90, REGION, serving.endpoint)
        list(compressor.render([job("noise"), job("nothing"), job("CT_small.dcm")]))
        serving.invoke(b"{ no JSON")

    assert b"zone" not in serving.log
    assert b"CT_small" not in serving.log


def _notification(key: str) -> bytes:
    """What S3 sends to Lambda; keys are spelled as in a query string."""
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": "2026-11-21T08:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "A"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": "1", "x-amz-id-2": "2"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "c",
            "bucket": {
                "name": "zone",
                "ownerIdentity": {"principalId": "A"},
                "arn": "arn:aws:s3:::zone",
            },
            "object": {"key": key, "size": 1, "eTag": "0", "sequencer": "0"},
        },
    }
    return json.dumps({"Records": [record]}).encode()
