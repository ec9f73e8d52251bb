"""The embedded store forgets bytes once, and owes the rest from the beginning."""

from dataclasses import replace

import pytest

from dicom_pipeline.publish import erasure
from dicom_pipeline.resources.erased import Erased
from tests.unit.publish.archives import HIM, IDENTITY, Archive


@pytest.fixture
def work(tmp_path, monkeypatch, aws):  # noqa: ARG001
    """An erasure of one patient, over a store that only counts what it is told."""
    monkeypatch.setattr(erasure, "drop_empty_folders", lambda _home, _keys: None)
    archive = Archive(tmp_path / "home")
    archive.send(HIM, 1)
    archive.load()
    archive.build()
    return replace(archive.erasure(), is_embedded=True)


@pytest.fixture
def reclaimed(monkeypatch):
    """How often the volume files were written anew."""
    times = []
    monkeypatch.setattr(erasure, "reclaim", times.append)
    return times


def is_owed(work):
    return (work.folders.s3_home / "to-forget").exists()


@pytest.mark.parametrize(("store_forgets", "times"), [(False, 1), (True, 0)])
def test_bytes_are_forgotten_once(work, reclaimed, store_forgets, times):
    """By the erasure, or by whoever says that the store forgets next."""
    work.erase(IDENTITY, store_forgets=store_forgets)

    assert len(reclaimed) == times
    assert is_owed(work)


def test_a_killed_erasure_leaves_the_debt(work, reclaimed, monkeypatch):
    """Whatever was deleted before, the next start of the store forgets it."""

    def dies(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Erased, "put", dies)
    assert not is_owed(work)
    with pytest.raises(KeyboardInterrupt):
        work.erase(IDENTITY, store_forgets=True)

    assert is_owed(work)
    assert not reclaimed


def test_a_look_owes_nothing(work):
    work.look(IDENTITY)
    assert not is_owed(work)
