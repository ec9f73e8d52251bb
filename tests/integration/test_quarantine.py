"""Refused files go through the door again; files that claim another's UID do not."""

import json
from collections import Counter
from contextlib import nullcontext
from dataclasses import replace
from itertools import count

import pydicom
import pytest
from pydicom.data import get_testdata_file
from typer.testing import CliRunner

from dicom_pipeline.cli.console import UNBALANCED
from dicom_pipeline.cli.health import by_reason
from dicom_pipeline.cli.main import app
from dicom_pipeline.dicom.outcome import Refused
from dicom_pipeline.dicom.reasons import QuarantineReason
from dicom_pipeline.places import Places
from dicom_pipeline.publish.query import raw_connection, run_raw
from dicom_pipeline.resources.header_workers import HeaderReader
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.sources import door
from dicom_pipeline.sources.quarantine import Choice

pytestmark = pytest.mark.s3

UID = "1.2.826.0.1.3680043.8.498.77"
READ = HeaderReader.read
WARDS = count()  # what a test deletes, the process has still seen


def _file(number: int, **attributes: object) -> bytes:
    """A file of one series of one patient, but for what is asked for."""
    dataset = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    said = {
        "SOPInstanceUID": f"{UID}.{number}",
        "StudyInstanceUID": f"{UID}.1000",
        "SeriesInstanceUID": f"{UID}.1001",
        "PatientID": "SECRET-1",
        "StudyDate": "20240301",
        **attributes,
    }
    for keyword, value in said.items():
        setattr(dataset, keyword, value)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    body = pydicom.filebase.DicomBytesIO()
    pydicom.dcmwrite(body, dataset)
    return body.getvalue()


@pytest.fixture(scope="module")
def held(install):
    made = install("quarantine")
    with made.hold():
        yield made


@pytest.fixture
def places(held):
    """The buckets, emptied, and a ledger that remembers nothing."""
    with held.open() as opened:
        for bucket in (opened.provider, opened.raw):
            for item in list(bucket.list()):
                bucket.delete(item.key)
        opened._prepare()  # noqa: SLF001
        yield opened


def _let_in(places, **files: bytes) -> Counter[str]:
    """Deliver these, one batch each, in the order in which they are named."""
    done: Counter[str] = Counter()
    for name, body in files.items():
        places.provider.write(f"ward/{next(WARDS)}/SECRET-{name}", body)
        places.provider_watch.scan_all()
        done += _admit(places)
    return done


def _admit(places) -> Counter[str]:
    pending = places.ledger.pending()
    return sum((places.door.admit(batch) for batch in pending), Counter())


def _refusing(reason: QuarantineReason, *keys: str):
    """A reader that takes these for broken, wherever their bytes lie."""

    def read(self, bucket, objects):
        return [
            replace(each, found=Refused(reason))
            if each.stored.key.endswith(keys)
            else each
            for each in READ(self, bucket, objects)
        ]

    return read


def _refused(places) -> dict[str, tuple[str, int]]:
    return {
        file.arrival_id: (file.reason, file.attempts)
        for file in places.quarantine.waiting()
    }


def test_a_uid_in_another_series_or_of_another_patient_is_a_conflict(places):
    """Only one of the two can be right, so the later one waits for a person."""
    done = _let_in(
        places,
        first=_file(1),
        corrected=_file(1, InstanceNumber=7),
        elsewhere=_file(1, SeriesInstanceUID=f"{UID}.2001"),
        stranger=_file(1, PatientID="SECRET-2"),
        nameless=_file(1, PatientID="", InstanceNumber=8),
    )

    waiting = sorted(reason for reason, _ in _refused(places).values())
    assert done == {"loaded": 1, "new_version": 2, "quarantined": 2}
    assert waiting == ["conflicting_patient", "conflicting_series"]
    assert places.quarantine.lost() == 0


def test_a_conflict_that_is_accepted_becomes_the_newest_version(places):
    """A person has said that the later patient is the right one."""
    _let_in(places, first=_file(1), merged=_file(1, PatientID="SECRET-2"))
    conflict = Choice("conflicting_patient")

    places.quarantine.replay(conflict)
    refused_again = _admit(places)
    places.quarantine.replay(conflict, accept=True)
    accepted = _admit(places)

    assert (refused_again, accepted) == ({"quarantined": 1}, {"new_version": 1})
    assert places.ledger.balance().holds
    assert places.quarantine.waiting() == []
    assert list(places.raw.list("quarantine/")) == []


def test_a_file_that_is_still_bad_waits_on_with_one_more_attempt(places):
    """It is not received twice, and a replay that is asked for twice is one."""
    _let_in(places, junk=b"no DICOM" * 99, good=_file(1))
    for _ in range(2):
        handed = [places.quarantine.replay(Choice()).files for _ in range(2)]
        assert handed == [1, 0]
        assert _admit(places) == {"quarantined": 1}

    balance = places.ledger.balance()
    assert [*_refused(places).values()] == [("not_dicom", 3)]
    assert (balance.received, balance.holds) == (2, True)
    assert balance.outcomes["quarantined"] == 1
    assert places.ledger.unaccounted() == 0
    assert len(list(places.raw.list("quarantine/"))) == 1


def test_a_replay_that_is_killed_ends_like_one_that_is_not(places, monkeypatch):
    """Killed before the door, or after its last entry and before it cleans up."""
    cut = _file(1)[:700]
    monkeypatch.setattr(
        HeaderReader, "read", _refusing(QuarantineReason.UNREADABLE, "SECRET-a")
    )
    _let_in(places, a=_file(2), b=cut)
    monkeypatch.undo()
    places.quarantine.replay(Choice("unreadable"))

    monkeypatch.setattr(door.Door, "_release", lambda *_: None)
    owed = Ledger(places.raw).pending()
    done = _admit(places)
    left = len(list(places.raw.list("quarantine/")))
    swept = [places.quarantine.sweep() for _ in range(2)]

    assert len(owed) == 1
    assert done == {"loaded": 1}
    assert (left, swept) == (2, [1, 0])
    assert [reason for reason, _ in _refused(places).values()] == ["truncated"]


def test_what_an_old_reader_refused_is_loaded_by_the_new_one(held, places, monkeypatch):
    """Status says that it can be tried again, replay does, and the tables show it."""
    monkeypatch.setattr(door, "READER_VERSION", "0.1")
    monkeypatch.setattr(
        HeaderReader, "read", _refusing(QuarantineReason.UNREADABLE, "SECRET-old")
    )
    _let_in(places, old=_file(2), fine=_file(1), junk=b"no DICOM" * 99)
    monkeypatch.undo()

    before = by_reason(places.quarantine)
    replayed = held.run("quarantine", "replay", "--reason", "unreadable", "--json")
    facts = json.loads(replayed.stdout)

    assert before["unreadable"] == {"files": 1, "older_reader": 1}
    assert replayed.returncode == 0, replayed.stderr
    assert (facts["replayed"], facts["wait"]) == (1, 1)
    assert facts["balance"]["outcomes"]["loaded"] == 2
    assert held.processed("select count(*) from fct_images") == [(2,)]


@pytest.fixture
def cli(places, monkeypatch):
    """Return how to run a command here: a process of its own takes seconds."""
    monkeypatch.setattr(Places, "open", lambda _: nullcontext(places))

    def run(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, words)
        assert done.exit_code == code, done.output
        return done.output if code else done.stdout

    return run


@pytest.mark.parametrize("form", [["--json"], []], ids=["json", "text"])
def test_what_the_commands_print_names_nobody(cli, places, form):
    """Keys and UIDs are for those who ask the raw layer."""
    _let_in(places, first=_file(1), two=_file(1, InstanceNumber=7), junk=b"x" * 200)

    for words in (("quarantine", "list", "--files"), ("versions",), ("status",)):
        text = cli(*words, *form)
        assert text
        assert "SECRET" not in text
        assert UID not in text


def test_the_raw_layer_says_which_files(cli, places):
    """What waits under its key, and every version with the newest marked."""
    _let_in(places, first=_file(1), two=_file(1, InstanceNumber=7), junk=b"x" * 200)
    raw = ("--layer", "raw", "--json")

    waiting = json.loads(cli("quarantine", "list", *raw))
    versions = json.loads(cli("versions", *raw))

    assert waiting["files"][0]["source_key"].endswith("/SECRET-junk")
    assert [each["is_newest"] for each in versions["versions"]] == [False, True]
    assert versions["older"] == 1
    with raw_connection(places.store, places.raw.name) as connection:
        asked = "select is_newest, count(*) from raw.versions group by 1 order by 1"
        assert run_raw(connection, asked).rows == [(False, 1), (True, 1)]


def test_status_shows_a_loss_by_month(cli, places):
    """A whole listing finds the file that no check happened to look for."""
    _let_in(places, first=_file(1), other=_file(2))
    whole = json.loads(cli("status", "--verify", "--json"))
    lost = next(iter(places.raw.list("dicom/"))).key
    places.raw.delete(lost)

    said = cli("status", "--verify", "--json", code=UNBALANCED)

    assert whole["files"] == {"2024-03": [2, 2]}
    assert whole["freshness"]["oldest_pending"] is None
    assert lost not in said
