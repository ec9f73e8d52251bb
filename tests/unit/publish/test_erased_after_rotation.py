"""Whoever was erased stays out when the key changes, in either way."""

import pytest

from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.resources.erased import ERASED_PREFIX, Erased
from dicom_pipeline.resources.rotation_record import KeyRefusedError
from tests.unit.publish import archives
from tests.unit.publish.archives import HER, HIM, IDENTITY, KEY, Archive

pytestmark = pytest.mark.usefixtures("aws")

K1, K2 = bytes(range(32)), bytes(range(32, 64))
NEW = {
    "chained": Pseudonyms(K2, 2, previous=[K1]),
    "rederive": Pseudonyms(K2, 2, retired=[K1]),
}


@pytest.fixture
def archive(tmp_path):
    """Two patients, of whom one was erased under the first key."""
    made = Archive(tmp_path / "home", versioned=True)
    made.send(HIM, 1, 2)
    made.send(HER, 1)
    made.load()
    made.build()
    made.erasure().erase(IDENTITY)
    return made


@pytest.mark.parametrize("mode", NEW)
def test_an_erased_patient_is_refused_after_a_rotation(archive, mode, monkeypatch):
    """By his id, and by his instances where a file names nobody; others come in."""
    assert Erased(archive.raw, KEY).rename(NEW[mode]) == 1
    monkeypatch.setattr(archives, "KEY", NEW[mode])
    before = archive.ledger.balance()

    archive.send(HIM, 5)
    archive.send(HIM, 1, name="nobody", PatientID="", IssuerOfPatientID="")
    archive.send(HER, 2)
    archive.load()

    after = archive.ledger.balance()
    assert after.received - before.received == 3  # no known file came once more
    assert after.outcomes["ignored"] - before.outcomes["ignored"] == 2
    reasons = archive.ledger.objects.all()["reason"].to_pylist()
    assert reasons.count("erased") == after.outcomes["ignored"]
    assert after.outcomes["loaded"] - before.outcomes["loaded"] == 1


def test_tombstones_of_another_key_stop_the_door(archive, monkeypatch):
    """Planted: the key has changed, and tombstones have not. It would be let in."""
    monkeypatch.setattr(archives, "KEY", NEW["chained"])
    archive.send(HIM, 5)

    with pytest.raises(KeyRefusedError, match="1 erased patients"):
        archive.load()


def test_a_rename_that_was_killed_is_finished(archive):
    """The new one is written before the old one goes: both may be there."""
    [old] = [o.key for o in archive.raw.list(ERASED_PREFIX)]
    body = archive.raw.read(old)
    stones = Erased(archive.raw, KEY)
    assert stones.rename(NEW["chained"]) == 1
    [new] = [o.key for o in archive.raw.list(ERASED_PREFIX)]
    expected = archive.raw.read(new)
    archive.raw.write(old, body)

    assert stones.rename(NEW["chained"]) == 1
    assert stones.rename(NEW["chained"]) == 0

    assert [o.key for o in archive.raw.list(ERASED_PREFIX)] == [new]
    assert archive.raw.read(new) == expected
    assert old != new
