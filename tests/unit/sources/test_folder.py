"""A folder is in the bucket after a push, and a second push sends nothing."""

import os
import traceback

import pytest

from dicom_pipeline.resources.bucket import Bucket, BucketError
from dicom_pipeline.resources.local_s3 import LocalS3
from dicom_pipeline.sources import push as pushing
from dicom_pipeline.sources.etags import PART_BYTES, etag
from dicom_pipeline.sources.folder import Folder
from dicom_pipeline.sources.push import AmbiguousSourceError, Progress


def push(paths, bucket, **more):
    """Send files and folders."""
    return pushing.push([Folder(path) for path in paths], bucket, **more)


def _bodies(bucket: Bucket) -> dict[str, bytes]:
    return {stored.key: bucket.read(stored.key) for stored in bucket.list()}


def test_every_file_is_sent_under_the_name_of_its_root(bucket, scans):
    """Hidden and empty files too: content decides later what a file is."""
    result = push([scans], bucket)

    assert _bodies(bucket) == {
        "scans/a/1.dcm": b"one",
        "scans/a/2.dcm": b"two",
        "scans/b/1.dcm": b"three",
        "scans/.DS_Store": b"litter",
        "scans/empty.dcm": b"",
    }
    assert (result.uploaded, result.unchanged, result.uploaded_bytes) == (5, 0, 17)
    assert result.ok


def test_a_repeat_sends_nothing_and_a_change_sends_one(bucket, scans):
    """The same size with other bytes is another file."""
    push([scans], bucket)
    again = push([scans], bucket)
    (scans / "a/1.dcm").write_bytes(b"ONE")
    changed = push([scans], bucket)

    assert (again.uploaded, again.unchanged) == (0, 5)
    assert (changed.uploaded, changed.unchanged, changed.uploaded_bytes) == (1, 4, 3)
    assert bucket.read("scans/a/1.dcm") == b"ONE"


def test_a_push_goes_on_where_it_was_cut_short(bucket, scans):
    """What one half left is all that the next one sends."""
    push([scans / "a" / "1.dcm"], bucket)
    bucket.write("scans/a/1.dcm", b"one")
    result = push([scans], bucket)

    assert (result.uploaded, result.unchanged) == (4, 1)


def test_a_single_file_is_named_by_itself(bucket, scans):
    """A name that another key begins with does not hide it."""
    bucket.write("1.dcm.bak", b"another")
    push([scans / "a" / "1.dcm"], bucket)

    assert bucket.read("1.dcm") == b"one"


def test_links_are_followed_once(bucket, scans):
    """A link to a folder above does not loop; a dead link is counted."""
    (scans / "a" / "up").symlink_to(scans)
    (scans / "b" / "again").symlink_to(scans / "a")
    (scans / "dead").symlink_to(scans / "nowhere")
    result = push([scans], bucket)

    assert result.uploaded == 5
    assert result.failed == {"unreadable": 1}


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_counted(bucket, scans):
    """The others are sent."""
    (scans / "a/1.dcm").chmod(0)
    result = push([scans], bucket)

    assert result.uploaded == 4
    assert result.failed == {"unreadable": 1}


def test_a_pipe_is_not_opened(bucket, scans):
    """Opening one would wait for a writer for ever."""
    os.mkfifo(scans / "pipe")
    result = push([scans], bucket)

    assert result.failed == {"not_a_file": 1}


def test_a_name_that_is_not_utf8_has_a_key(bucket, scans):
    """Old file systems hold names in Latin-1."""
    name = os.fsdecode(b"M\xfcller.dcm")
    (scans / name).write_bytes(b"four")
    push([scans], bucket)

    assert bucket.read("scans/M\\xfcller.dcm") == b"four"


def test_roots_of_one_name_are_refused(bucket, scans):
    """One would overwrite the other; the message names neither."""
    with pytest.raises(AmbiguousSourceError) as raised:
        push([scans / "a/1.dcm", scans / "b/1.dcm"], bucket)

    assert "1.dcm" not in str(raised.value)
    assert _bodies(bucket) == {}


def test_progress_ends_at_the_total(bucket, scans):
    """Counts and bytes grow to what was found first."""
    seen: list[Progress] = []
    push([scans], bucket, workers=2, progress=seen.append)

    assert [step.files for step in seen] == [1, 2, 3, 4, 5]
    assert seen[-1] == Progress(5, 17, 5, 17)


def test_a_missing_bucket_stops_and_names_no_file(bucket, scans):
    """Neither the message nor its traceback repeats a path."""
    gone = Bucket("absent", bucket.store)
    with pytest.raises(BucketError) as raised:
        push([scans], gone)

    assert ".dcm" not in "".join(traceback.format_exception_only(raised.value))
    assert raised.value.__cause__ is None


def test_a_large_file_has_the_etag_of_its_parts(bucket, tmp_path):
    """Moto cuts and hashes by its own code."""
    for size in (PART_BYTES - 1, PART_BYTES, PART_BYTES + 1):
        file = tmp_path / f"{size}.dcm"
        file.write_bytes(os.urandom(1024) * (size // 1024) + b"x" * (size % 1024))
        push([file], bucket)
        [stored] = bucket.list(file.name)

        assert etag(file) == stored.fingerprint
        assert push([file], bucket).unchanged == 1


@pytest.mark.s3
def test_a_real_server_sees_no_change_either(scans, tmp_path):
    """SeaweedFS answers with the same ETags, of small files and of large ones."""
    (scans / "large.dcm").write_bytes(b"0123456789abcdef" * (PART_BYTES // 10))
    with LocalS3(tmp_path / "s3").running() as store:
        bucket = Bucket("provider", store)
        bucket.create()
        first = push([scans], bucket)
        second = push([scans], bucket)

    assert (first.uploaded, first.failed) == (6, {})
    assert (second.uploaded, second.unchanged) == (0, 6)
