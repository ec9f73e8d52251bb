"""Headers out of a real store, read by processes: all of them, and none twice."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from dicom_pipeline.dicom.header import FIRST_RANGE, Refused
from dicom_pipeline.dicom.reasons import QuarantineReason
from dicom_pipeline.resources.bucket import Bucket, BucketError
from dicom_pipeline.resources.header_workers import HeaderReader, HeaderWorkersError
from dicom_pipeline.resources.headers import judged
from dicom_pipeline.resources.local_s3 import LocalS3
from tests.integration.judges import NeverBegins, dies_once, fragile

pytestmark = pytest.mark.s3

CT = Path(str(get_testdata_file("CT_small.dcm"))).read_bytes()


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    """An empty bucket of a server that is there for this module."""
    home = tmp_path_factory.mktemp("s3")
    with LocalS3(home).running() as store:
        bucket = Bucket("headers", store)
        bucket.create()
        yield bucket
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def put(bucket):
    """Write files under a folder and return them as a listing shows them."""

    def write(folder, files):
        for name, body in files.items():
            bucket.write(f"{folder}/{name}", body)
        return list(bucket.list(f"{folder}/"))

    return write


@pytest.fixture
def reader():
    """A builder of readers with two processes, stopped afterwards."""
    made = []

    def make(judge=judged, time_limit=60.0):
        made.append(HeaderReader(2, time_limit, worthwhile=1, judge=judge))
        return made[-1]

    yield make
    for each in made:
        each.close()


def named(sop: int) -> bytes:
    """The CT under another SOP Instance UID of the same length."""
    uid = b"1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322"
    return CT.replace(uid, uid[:-5] + b"%05d" % sop)


def words(read):
    return {
        each.stored.key.rsplit("/", 1)[1]: each.found.reason
        for each in read
        if isinstance(each.found, Refused)
    }


def test_processes_read_what_this_process_reads(bucket, put, reader):
    """The same headers, rows and requests, in whatever order."""
    listed = put("same", {f"{n:03d}": named(n) for n in range(60)} | {"x": b"GIF89a"})

    here = HeaderReader(1).read(bucket, listed)
    there = reader().read(bucket, listed)

    by_key = {each.stored.key: each for each in there}
    assert len(there) == len(here) == 61
    assert all(by_key[each.stored.key] == each for each in here)


def test_a_file_that_kills_or_hangs_is_set_aside_alone(bucket, put, reader):
    """Those behind it in the queue are read; nothing stops, nothing is lost."""
    files = {f"{n:03d}": named(n) for n in range(40)}
    listed = put("bad", {**files, "kill": CT, "hang": CT, "greedy": CT})

    read = reader(fragile, time_limit=1.5).read(bucket, listed)

    assert sorted(each.stored.key for each in read) == [s.key for s in listed]
    assert words(read) == {
        "kill": QuarantineReason.CRASH,
        "hang": QuarantineReason.TIMEOUT,
        "greedy": QuarantineReason.CRASH,
    }


def test_a_file_that_was_there_when_a_process_died_gets_a_second_try(
    bucket, put, reader, tmp_path
):
    """The machine may have had other reasons to end it."""
    body = str(tmp_path).encode().ljust(128, b"\0")[:128] + CT[128:]
    listed = put("once", {"a": body, "b": CT, "c": CT})

    read = reader(dies_once).read(bucket, listed)

    assert words(read) == {}
    assert len(read) == 3


def test_processes_that_cannot_begin_blame_no_file(bucket, put, reader):
    """That is the place's fault: the batch stops and is done again later."""
    listed = put("none", {"a": CT, "b": CT})

    with pytest.raises(HeaderWorkersError):
        reader(NeverBegins()).read(bucket, listed)


def test_a_store_that_refuses_stops_the_batch(bucket, put, reader):
    """It is done again later; no file is blamed."""
    listed = put("gone", {"a": CT, "b": CT})
    broken = Bucket("headers", replace(bucket.store, access_key="nobody"))

    with pytest.raises(BucketError):
        reader().read(broken, listed)


def test_a_process_that_died_idle_is_replaced(bucket, put, reader):
    """Between two batches the machine may end one; the next batch does not notice."""
    listed = put("idle", {"a": CT, "b": CT})
    read = reader()
    read.read(bucket, listed)
    for worker in read._started:  # noqa: SLF001
        worker._process.kill()  # noqa: SLF001
        worker._process.wait()  # noqa: SLF001

    assert len(read.read(bucket, listed)) == 2


def test_long_headers_of_a_folder_are_fetched_at_once(bucket, put):
    """The first needs two ranges; from then on one does, and little too much."""
    padding = b"\x0b\x00\x10\x10OB\0\0" + (150_000).to_bytes(4, "little")
    at = CT.index(b"\x10\x00\x10\x00PN")
    long = CT[:at] + padding + bytes(150_000) + CT[at:]
    listed = put("series", {f"{n:03d}": long for n in range(6)})
    reader = HeaderReader(1)

    first, *rest = [reader.read(bucket, [stored])[0] for stored in listed]

    assert first.requests == 2
    assert [each.requests for each in rest] == [1] * 5
    assert all(each.fetched <= 1.3 * 156_300 + FIRST_RANGE for each in (first, *rest))
