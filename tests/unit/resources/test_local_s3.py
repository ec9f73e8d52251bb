"""The embedded S3 server runs for as long as anybody uses it."""

import os

import pytest

from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.local_s3 import LocalS3

pytestmark = pytest.mark.s3


def test_a_second_user_of_this_process_does_not_stop_it(tmp_path):
    """The last to leave stops it, whichever process they share."""
    server = LocalS3(tmp_path / "s3")

    with server.running():
        with server.running():
            assert server.answers()
        assert server.answers()
    assert not server.answers()


def test_what_was_deleted_is_forgotten(tmp_path):
    """Bytes at once, while it is in use; keys once it has stopped."""
    server = LocalS3(tmp_path / "s3")
    body, key = os.urandom(64) * 20, "a-uid-of-one-who-is-gone"
    with server.running() as store:
        bucket = Bucket("raw", store)
        bucket.create()
        bucket.write(key, body)
        assert stands_below(server.home, body)
        bucket.delete(key)

        assert not server.forget()
        assert not stands_below(server.home, body)
    assert stands_below(server.home, key.encode())

    assert server.forget()
    assert not stands_below(server.home, key.encode())


def stands_below(folder, text: bytes) -> bool:
    files = [file for file in folder.rglob("*") if file.is_file()]
    return any(text in file.read_bytes() for file in files)
