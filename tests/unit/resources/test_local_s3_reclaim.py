"""The index of the embedded store keeps no key that was deleted."""

import plyvel
import pytest

from dicom_pipeline.resources.local_s3_reclaim import LocalS3Error, compact_index

DELETED, LIVE = b"a-uid-of-one-who-is-gone", b"a-uid-of-another"


@pytest.fixture
def index(tmp_path):
    """One of the server's index folders: written, settled, then half deleted."""
    folder = tmp_path / "filerldb2" / "00"
    folder.mkdir(parents=True)
    with plyvel.DB(str(folder), create_if_missing=True) as database:
        for number in range(50):
            database.put(b"%s/%d" % (DELETED, number), b"x")
            database.put(b"%s/%d" % (LIVE, number), b"y")
    with plyvel.DB(str(folder)) as database:
        for number in range(50):
            database.delete(b"%s/%d" % (DELETED, number))
    return folder


def shows(folder, key):
    return any(key in file.read_bytes() for file in folder.iterdir() if file.is_file())


def test_deleted_keys_are_in_no_file(index, tmp_path):
    assert shows(index, DELETED)

    compact_index(tmp_path)

    assert not shows(index, DELETED)
    with plyvel.DB(str(index)) as database:
        assert [key for key, _ in database] == sorted(
            b"%s/%d" % (LIVE, number) for number in range(50)
        )


def test_an_index_in_use_is_left_alone(index, tmp_path):
    with (
        plyvel.DB(str(index)),
        pytest.raises(LocalS3Error, match="in use"),
    ):
        compact_index(tmp_path)
