"""Archives in archives, archives in folders, and what is no archive at all."""

import bz2
import gzip
import io
import os
import random
import tarfile
import zipfile
from pathlib import Path

import pytest
from moto import mock_aws

from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.store import Store
from dicom_pipeline.sources.archive import Limits, kind_of
from dicom_pipeline.sources.folder import Folder
from dicom_pipeline.sources.push import push


@pytest.fixture
def bucket():
    """Return an empty bucket in moto's memory."""
    with mock_aws():
        made = Bucket("provider", Store(access_key="test", secret_key="test"))
        made.create()
        yield made


def _bodies(bucket: Bucket) -> dict[str, bytes]:
    return {stored.key: bucket.read(stored.key) for stored in bucket.list()}


def test_an_archive_in_a_folder_is_opened(bucket, tmp_path, zipped, tarred):
    """Whatever its name; a repeat sends nothing, a new member alone."""
    folder = tmp_path / "in"
    folder.mkdir()
    inner = zipped([("1", b"one"), ("b/2", b"two")])
    (folder / "export.dcm").write_bytes(inner)
    (folder / "0").write_bytes(tarred([("n.zip", inner), ("3", b"three")], "w:gz"))
    first = push([Folder(folder)], bucket)
    again = push([Folder(folder)], bucket)
    (folder / "export.dcm").write_bytes(zipped([("1", b"one"), ("4", b"four")]))
    changed = push([Folder(folder)], bucket)

    assert _bodies(bucket) == {
        "in/0/3": b"three",
        "in/0/n.zip/1": b"one",
        "in/0/n.zip/b/2": b"two",
        "in/export.dcm/1": b"one",
        "in/export.dcm/b/2": b"two",
        "in/export.dcm/4": b"four",
    }
    assert (first.uploaded, first.archives, first.failed) == (5, 3, {})
    assert (again.uploaded, again.unchanged) == (0, 5)
    assert (changed.uploaded, changed.unchanged) == (1, 4)


def test_one_bad_archive_does_not_stop_the_others(bucket, tmp_path, zipped):
    """Its failure is a code among the counts."""
    (tmp_path / "bad.zip").write_bytes(zipped([("1", os.urandom(3000))])[:2000])
    (tmp_path / "good.zip").write_bytes(zipped([("2", b"two")]))
    (tmp_path / "plain").write_bytes(b"plain")
    seen = []
    result = push([Folder(tmp_path)], bucket, progress=seen.append)

    assert result.uploaded == 2
    assert result.failed == {"member_damaged": 1, "archive_damaged": 1}
    assert not result.ok
    assert [step.files for step in seen] == [1, 2, 3, 4]
    assert all(step.files <= step.files_total for step in seen)
    assert all(step.bytes <= step.bytes_total for step in seen)


def test_large_members_are_sent_in_parts(bucket, tmp_path):
    """A member beyond one part is streamed, and known again by its ETag."""
    body = random.Random(0).randbytes(1024) * (9 * 1024)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("1", body)
    with tarfile.open(tmp_path / "b.tgz", "w:gz") as made:
        info = tarfile.TarInfo("1")
        info.size = len(body)
        made.addfile(info, io.BytesIO(body))
    first = push([Folder(tmp_path)], bucket)
    again = push([Folder(tmp_path)], bucket)

    assert {len(stored) for stored in _bodies(bucket).values()} == {len(body)}
    assert (first.uploaded, first.uploaded_bytes) == (2, 2 * len(body))
    assert (again.uploaded, again.unchanged) == (0, 2)


def test_archives_nest_to_a_depth(read, zipped, tarred):
    """What lies deeper is counted, and what lies beside it is read."""
    inner = zipped([("deep", b"4")])
    for name in ("c", "b"):
        inner = gzip.compress(inner) if name == "c" else tarred([("n", inner)])
    packed = zipped([("nested", inner), ("2", b"two")])

    assert read(packed).bodies == {"a/nested": inner, "a/2": b"two"}


def test_a_bomb_of_archives_in_archives_has_one_budget(bucket, tmp_path, zipped):
    """Ten archives of ten archives are not a hundred budgets."""
    leaf = zipped([(str(n), bytes(10_000)) for n in range(10)])
    middle = zipped([(str(n), leaf) for n in range(10)])
    (tmp_path / "bomb").write_bytes(zipped([(str(n), middle) for n in range(10)]))
    limits = Limits(members=50)
    result = _push_within(tmp_path, bucket, limits)

    assert result.failed["archive_too_many_members"] >= 1
    assert result.uploaded <= 50


def test_too_deep_is_told(bucket, tmp_path):
    """Five layers of gzip, of which three are opened."""
    body = b"one"
    for _ in range(5):
        body = gzip.compress(body)
    (tmp_path / "deep.gz").write_bytes(body)
    result = push([Folder(tmp_path)], bucket)

    assert (result.uploaded, result.archives) == (0, 4)
    assert result.failed == {"archive_nested_too_deep": 1}


def _push_within(folder: Path, bucket: Bucket, limits: Limits):
    with pytest.MonkeyPatch.context() as patch:
        budget = "dicom_pipeline.sources.archive.members.members_of.__defaults__"
        patch.setattr(budget, (limits,))
        return push([Folder(folder)], bucket)


def test_nothing_is_left_behind(bucket, tmp_path, zipped, monkeypatch):
    """Copies of members are gone, and so are open files."""
    spools = tmp_path / "spools"
    spools.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spools))
    large = os.urandom(2 * 1024**2)
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "1").write_bytes(gzip.compress(zipped([("1", large)])))
    (folder / "2").write_bytes(bz2.compress(large))
    before = len(list(Path("/proc/self/fd").iterdir()))
    push([Folder(folder)], bucket)

    assert list(spools.iterdir()) == []
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1  # moto's connection


@pytest.mark.parametrize("magic", [b"PK\x03\x04", b"\x1f\x8b\x08", b"II*\0"])
def test_dicom_is_no_archive_whatever_its_preamble(magic):
    """The preamble may be the beginning of another format (PS3.10 7.1)."""
    assert kind_of(magic.ljust(128, b"\0") + b"DICM" + bytes(380)) is None


def test_noise_and_blanks_are_no_archive():
    """A TAR is told by its checksum, not by luck."""
    assert kind_of(bytes(512)) is None
    assert kind_of(b"") is None
    for seed in range(200):
        assert kind_of(random.Random(seed).randbytes(512)) is None
