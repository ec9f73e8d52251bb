"""The spool keeps its limit, survives a full disk and forgets what is left over."""

import threading

import pytest
from pynetdicom import dimse_messages

from dicom_pipeline.sources.receive_spool import Spool


@pytest.fixture
def spool(tmp_path):
    """Yield a spool of ten bytes, in use."""
    made = Spool(tmp_path / "home" / "spool", 10)
    with made.in_use():
        yield made


def test_room_is_shared_and_given_back(spool):
    """Two objects fit or one does; the one that did not is told so."""
    first, second = spool.open(), spool.open()
    first.write(b"12345678")
    second.write(b"123")
    second.write(b"1")

    assert (first.full, second.full) == (False, True)
    assert (first.bytes, second.bytes) == (8, 0)
    first.close()
    first.close()
    third = spool.open()
    third.write(b"1234567890")
    assert not third.full


def test_a_full_disk_is_kept_for_the_answer(spool, monkeypatch):
    """No error comes up in the middle of the library's state machine."""
    file = spool.open()

    class Full:
        def write(self, _data):
            raise OSError(28, "No space left on device")

        def close(self):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(file, "_file", Full())
    file.write(b"1")
    file.file.flush()
    file.close()

    assert file.full
    assert list(spool.folder.iterdir()) == []


def test_without_a_file_there_is_no_room(spool):
    """A folder that has gone, or a disk without room for a name."""
    spool.folder.rmdir()
    file = spool.open()
    file.write(b"1")
    file.close()

    assert file.full
    spool.folder.mkdir()


def test_the_folder_is_private_and_emptied(tmp_path):
    """What a killed receiver left is sent again by those who sent it."""
    folder = tmp_path / "spool"
    folder.mkdir()
    (folder / "left.dcm").write_bytes(b"half")
    with Spool(folder, 10).in_use():
        assert list(folder.iterdir()) == []
    with Spool(tmp_path / "new", 10).in_use():
        assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def test_the_library_asks_for_its_files_by_the_name_that_is_taken_over(spool):
    """A new version of pynetdicom that does not is noticed here."""
    assert dimse_messages.NamedTemporaryFile == spool.open
    assert (
        "NamedTemporaryFile" in dimse_messages.DIMSEMessage.decode_msg.__code__.co_names
    )


def test_what_a_thread_left_unfinished_goes(spool):
    """And nothing of anyone else."""
    mine = spool.open()
    theirs: list = []
    thread = threading.Thread(target=lambda: theirs.append(spool.open()))
    thread.start()
    thread.join()
    spool.drop_files_of(thread)

    assert [path.name for path in spool.folder.iterdir()] == [mine.name.split("/")[-1]]
