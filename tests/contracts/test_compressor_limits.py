"""What one object may cost the others: a row of its own, and nothing else.

The same for the binary and for the function of AWS, which a local stand-in serves.
"""

import io
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.uid import DeflatedExplicitVRLittleEndian

from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.compressor import Answer, Compressor, Job
from dicom_pipeline.resources.compressor_lambda import LambdaCompressor
from dicom_pipeline.resources.store import Store
from tests.contracts.local_lambda import LocalLambda, bootstrap
from tests.moto_server import serving_s3

REGION = "us-east-1"
SMALL = "s3://zone/in/small"
MASKS = ((0, 0, 4096, 4096),) * 40_000
ENDLESS_ANSWERS = {
    "before": ("ok", None),
    "endless": ("error", "timed_out"),
    "behind": ("ok", None),
}


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """Yield an S3 server with a small image."""
    with serving_s3() as store:
        bucket = Bucket("zone", store)
        bucket.create()
        small = Path(str(get_testdata_file("CT_small.dcm")))
        bucket.write("in/small", small.read_bytes())
        yield store


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the stand-in an account that means nothing."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def said(answers: Iterator[Answer]) -> dict[str, tuple[str, str | None]]:
    """Status and reason, by object."""
    return {a["id"]: (a["status"], a.get("reason")) for a in answers}


@pytest.fixture
def endless(store: Store) -> list[Job]:
    """Jobs, one of which takes minutes: masks as large as its image, very many."""
    image = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    image.Rows = image.Columns = 4096
    image.BitsAllocated = image.BitsStored = 8
    image.HighBit = 7
    image.PixelRepresentation = 0
    image.PixelData = bytes(4096 * 4096)
    image.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    file = io.BytesIO()
    image.save_as(file, implicit_vr=False, little_endian=True)
    Bucket("zone", store).write("in/endless", file.getvalue())
    return [
        Job("before", SMALL, "s3://zone/out/before"),
        Job("endless", "s3://zone/in/endless", "s3://zone/out/endless", MASKS),
        Job("behind", SMALL, "s3://zone/out/behind"),
    ]


def test_an_endless_frame_costs_one_row(store, endless):
    """Its neighbours have their JPEGs from the same process."""
    compressor = Compressor("img-compressor", 90, store, frame_seconds=0.5)

    assert said(compressor.render(endless)) == ENDLESS_ANSWERS


def test_an_endless_frame_costs_a_function_one_row(store, endless):
    """The reply of its event holds the others too."""
    with LocalLambda(bootstrap(), store.environment()).serving() as function:
        compressor = LambdaCompressor(
            "f", 90, REGION, function.endpoint, frame_seconds=0.5
        )

        assert said(compressor.render(endless)) == ENDLESS_ANSWERS


def test_a_function_that_dies_costs_one_object(store):
    """The event is cut in two until the culprit is alone; the rest is answered."""
    names = ("a", "b", "culprit", "c")
    jobs = [Job(name, SMALL, f"s3://zone/out/{name}") for name in names]

    answers = _rendered(store, jobs, {"errorType": "Runtime.ExitError"})

    assert answers.pop("culprit") == ("error", "crashed")
    assert answers == dict.fromkeys("abc", ("ok", None))


def test_a_function_out_of_time_says_so(store):
    """An object that takes the function's whole time is no crash."""
    words = {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "RequestId: 1 Error: Task timed out after 900.00 seconds",
    }
    jobs = [Job(name, SMALL, f"s3://zone/out/{name}") for name in ("a", "culprit")]

    answers = _rendered(store, jobs, words)

    assert answers == {"a": ("ok", None), "culprit": ("error", "timed_out")}


def _rendered(
    store: Store, jobs: list[Job], last_words: dict[str, str]
) -> dict[str, tuple[str, str | None]]:
    """What a function says that the culprit kills, with these words of AWS."""
    with LocalLambda(
        bootstrap(), store.environment(), killed_by=b"culprit", last_words=last_words
    ).serving() as mortal:
        compressor = LambdaCompressor("f", 90, REGION, mortal.endpoint)
        return said(compressor.render(jobs))
