"""Objects of another bucket arrive by copy or by ranges, and once."""

import random
from dataclasses import replace

import pytest

from dicom_pipeline.resources.bucket import Bucket, BucketError
from dicom_pipeline.sources.etags import PART_BYTES
from dicom_pipeline.sources.parts import PartReader
from dicom_pipeline.sources.push import push
from dicom_pipeline.sources.s3 import S3
from dicom_pipeline.sources.source import SourceError

LARGE = random.Random(2).randbytes(1024) * (2 * PART_BYTES // 1024 + 7)


@pytest.fixture
def given(bucket):
    """Return a bucket of somebody else, with two studies."""
    made = Bucket("hospital", bucket.store)
    made.create()
    for key, body in {
        "study1/1": b"one",
        "study1/2": LARGE,
        "study1/": b"",
        "study10/3": b"three",
    }.items():
        made.write(key, body)
    return made


@pytest.fixture
def source(given):
    """Return a maker of sources, of the same store or of one under another name."""

    def maker(below="", *, same=True):
        name = "test" if same else "somebody else"
        return S3("hospital", below, replace(given.store, access_key=name))

    return maker


def _bodies(bucket):
    return {stored.key: bucket.read(stored.key) for stored in bucket.list()}


@pytest.mark.parametrize("same", [True, False])
def test_a_bucket_arrives_below_its_name(bucket, source, same):
    """By copy and by ranges; a repeat sends nothing."""
    first = push([source(same=same)], bucket)
    again = push([source(same=same)], bucket)

    assert _bodies(bucket) == {
        "hospital/study1/1": b"one",
        "hospital/study1/2": LARGE,
        "hospital/study10/3": b"three",
    }
    assert (first.uploaded, first.failed) == (3, {})
    assert first.skipped == {"folder_marker": 1}
    assert (again.uploaded, again.unchanged) == (0, 3)


def test_a_copy_does_not_pass_through_here(bucket, source, monkeypatch):
    """Only the beginning is looked at, for archives."""
    read, seen = Bucket.read_range, []

    def counted(self, key, start, end, fingerprint=""):
        seen.append(end - start)
        return read(self, key, start, end, fingerprint)

    monkeypatch.setattr(Bucket, "read_range", counted)
    push([source()], bucket)

    assert seen == [512, 512, 512]


def test_another_store_is_read_once(bucket, source, monkeypatch):
    """Whatever their size, objects are not looked at and then read again."""
    read, seen = Bucket.read_range, []

    def counted(self, key, start, end, fingerprint=""):
        seen.append(end - start)
        return read(self, key, start, end, fingerprint)

    monkeypatch.setattr(Bucket, "read_range", counted)
    result = push([source(same=False)], bucket)

    assert sum(seen) == result.uploaded_bytes == len(LARGE) + 8


def test_the_etag_is_kept(bucket, given, source):
    """So the same bytes are known again, whoever sends them."""
    push([source("study1/1")], bucket)
    [stored] = bucket.list()

    assert stored.fingerprint == next(given.list("study1/1")).fingerprint


def test_a_folder_is_not_a_beginning(bucket, source):
    """``study1`` is not ``study10``; a key is itself."""
    push([source("study1")], bucket)
    assert set(_bodies(bucket)) == {"hospital/study1/1", "hospital/study1/2"}

    push([source("study10/3")], bucket)
    assert len(_bodies(bucket)) == 3


@pytest.mark.parametrize("same", [True, False])
def test_a_change_is_sent(bucket, given, source, same):
    """And what did not change is not."""
    push([source(same=same)], bucket)
    given.write("study1/1", b"ONE")
    result = push([source(same=same)], bucket)

    assert (result.uploaded, result.unchanged) == (1, 2)
    assert bucket.read("hospital/study1/1") == b"ONE"


def test_an_object_that_changes_is_never_mixed(bucket, given, source, monkeypatch):
    """Its parts are asked for by ETag."""
    read, versions = PartReader.read, [LARGE[::-1]]

    def changing(self, size=-1):
        if versions:
            given.write("study1/2", versions.pop())
        return read(self, size)

    monkeypatch.setattr(PartReader, "read", changing)
    result = push([source("study1/2", same=False)], bucket)

    assert (result.failed, _bodies(bucket)) == ({"changed_meanwhile": 1}, {})


def test_an_object_that_goes_is_counted(bucket, given, source):
    """Between the listing and the reading."""
    places = source("study1/1", same=False)
    items = places.items()
    item = next(items)
    given.delete("study1/1")

    class Listed:
        """The source as it was listed."""

        prefix = "hospital/"

        def expected(self):
            """Say nothing."""

        def items(self):
            """Yield what is gone."""
            yield item

    assert push([Listed()], bucket).failed == {"gone": 1}


def test_a_copy_that_is_refused_is_read_instead(bucket, source, monkeypatch):
    """A key may read one bucket and write the other, and the store still say no."""

    def refused(*_):
        raise BucketError("copy failed: AccessDenied", "AccessDenied")

    monkeypatch.setattr(Bucket, "copy_from", refused)
    result = push([source()], bucket)

    assert (result.uploaded, result.failed) == (3, {})


def test_a_missing_bucket_is_said_without_its_name(bucket):
    """And where to look."""
    with pytest.raises(SourceError, match="AWS_ENDPOINT_URL") as raised:
        push([S3("nosuchhospital", "", bucket.store)], bucket)

    assert "nosuchhospital" not in str(raised.value)


def test_an_address_is_read_as_aws_reads_it(monkeypatch):
    """Endpoint and region come from AWS's own variables."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    found = S3.at("s3://b/a/c?d#e")

    assert (found.bucket, found.below) == ("b", "a/c?d#e")
    assert found.store.endpoint == "http://127.0.0.1:9"
    assert found.store.region == "eu-north-1"
