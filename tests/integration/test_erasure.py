"""One patient erased from a real installation: nothing of him is left, all else is."""

import json
import shutil

import pydicom
import pytest

from tests.integration import leak

pytestmark = [pytest.mark.s3, pytest.mark.long]

HIS = "HONG_GILDONG"  # a name in three alphabets, US and OT
OTHERS = ("QUISTGAARD-ODOWD_S", "YAMASHIRO_TAROU")


@pytest.fixture(scope="module")
def folders(hospital, tmp_path_factory):
    """What the provider sends: his files, and those of two others."""
    sent = tmp_path_factory.mktemp("sent")
    for name, people in (("all", (HIS, *OTHERS)), ("others", OTHERS)):
        for person in people:
            shutil.copytree(hospital / person, sent / name / person)
    return sent


@pytest.fixture(scope="module")
def his(folders):
    """Who he is, and all that his files call him alone."""
    files = [file for file in (folders / "all" / HIS).rglob("*") if file.is_file()]
    others = [file for file in (folders / "others").rglob("*") if file.is_file()]
    needles, theirs = leak.needles_of(files), leak.needles_of(others)
    for kind in ("texts", "digits", "uids"):
        for needle in getattr(theirs, kind):
            getattr(needles, kind).pop(needle, None)
    first = pydicom.dcmread(files[0], stop_before_pixels=True)
    return first.PatientID, first.IssuerOfPatientID, needles


@pytest.fixture(scope="module")
def installation(install, folders):
    made = install("erasure")  # not held: its store forgets when it has stopped
    made.ingest(folders / "all")
    return made


@pytest.fixture(scope="module")
def held_before(installation, his):
    """The control: the scan that finds nothing afterwards finds him now."""
    *_, needles = his
    return set(leak.scan(needles, everything(installation)))


@pytest.fixture(scope="module")
def receipt(installation, his, held_before):  # noqa: ARG001
    number, issuer, _ = his
    said = installation.run(
        *("erase", "--patient-id", number, "--issuer", issuer),
        *("--provider-bucket", "--yes", "--json"),
    )
    assert said.returncode == 0, said.stdout + said.stderr
    return json.loads(said.stdout)


def everything(installation):
    """Every byte and every decoded value below the home folder."""
    yield from leak.texts_below(installation.home)
    with installation.open() as places:
        for bucket in (places.provider, places.raw, places.stage):
            yield from leak.bucket_texts(bucket, ("",))
    for file in installation.home.rglob("*.duckdb"):
        copy = installation.home.parent / file.name
        shutil.copy(file, copy)
        yield from leak.duckdb_texts(copy)


def test_the_receipt_counts_and_finds_nothing(receipt):
    assert receipt["found_afterwards"] == {}
    assert receipt["left_with_the_provider"] == 0
    removed = receipt["removed"]
    assert removed["raw_headers_rows"] == removed["ledger_objects_rows"] == 5
    assert removed["provider_object_versions"] == 5


def test_no_byte_of_him_is_left(installation, receipt, his, held_before):  # noqa: ARG001
    """In no file of the store, the databases, Dagster, dbt; a control found him."""
    *_, needles = his
    assert len(held_before) > 8
    assert leak.scan(needles, everything(installation)) == {}


def test_the_others_stay(installation, receipt):  # noqa: ARG001
    assert installation.processed("select count(*) from dim_patients") == [(2,)]
    assert installation.processed("select count(*) from fct_images") == [(24,)]


def test_he_is_refused_when_he_comes_again(installation, receipt, folders, his):  # noqa: ARG001
    """The tombstone sends him away at the door; nothing of him is stored."""
    *_, needles = his
    before = installation.tables()
    done = installation.run("ingest", folders / "all")

    assert done.returncode == 0, done.stdout + done.stderr
    assert installation.tables() == before
    with installation.open() as places:
        balance = places.ledger.balance()
        kept = leak.bucket_texts(places.raw, ("",))
        assert leak.scan(needles, kept) == {}
    assert balance.reasons["ignored: erased"] == 5
    assert balance.received == sum(balance.outcomes.values())
