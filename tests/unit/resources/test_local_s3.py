"""The embedded S3 server runs for as long as anybody uses it."""

import pytest

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
