"""One patient goes, everywhere; the others stay as they are."""

import io
import json
import shutil
import sqlite3
from contextlib import contextmanager

import duckdb
import pyarrow.parquet as pq
import pytest

from dicom_pipeline.deid.tombstones import patient_token
from dicom_pipeline.publish.erasure_receipt import receipt_digest
from dicom_pipeline.resources.audit import Audit
from dicom_pipeline.resources.compaction import Compaction
from dicom_pipeline.resources.tables import RawTables
from dicom_pipeline.sources.quarantine import EVERY, Quarantine
from tests.unit.publish.archives import (
    FOUND_BY,
    HER,
    HIM,
    IDENTITY,
    KEY,
    NAMES,
    THEM,
    Archive,
)
from tests.unit.resources.test_compaction import NOW

pytestmark = pytest.mark.usefixtures("aws")

DYING = (1, 9, 18)  # of 23 writes
WRITES = {"PutObject", "DeleteObject", "DeleteObjects", "CopyObject", "UploadPart"}


class PowerCutError(RuntimeError):
    """The machine went off."""


@pytest.fixture
def archive(tmp_path):
    """Three patients in two months; two of them came in one batch."""
    return filled(Archive(tmp_path / "home"))


def filled(made: Archive) -> Archive:
    made.send(HIM, 1, 2, 3)
    made.send(HER, 1, 2)
    made.load()
    made.send(THEM, 1, 2)
    made.send(HIM, 4)
    made.send(HIM, 1, name="copy")  # identical bytes under another key
    made.load()
    made.build()
    return made


def bodies(archive, *buckets) -> dict[str, bytes]:
    """Every version of every object by bucket, key and version."""
    client, found = archive.store.client, {}
    for bucket in buckets:
        for page in client.get_paginator("list_object_versions").paginate(
            Bucket=bucket.name
        ):
            for item in page.get("Versions", []):
                answer = client.get_object(
                    Bucket=bucket.name, Key=item["Key"], VersionId=item["VersionId"]
                )
                key = f"{bucket.name}/{item['Key']}"
                found[f"{key} {item['VersionId']}"] = answer["Body"].read()
            for item in page.get("DeleteMarkers", []):
                found[f"{bucket.name}/{item['Key']} gone"] = b""
    return found


def decoded(body: bytes) -> str:
    if body[:4] == b"PAR1":
        rows = pq.read_table(io.BytesIO(body)).to_pylist()
        return json.dumps(rows, default=str, ensure_ascii=False)
    return body.decode("utf-8", "replace")


def named_in(archive) -> set[str]:
    """Places that show one of his words; an oracle of its own."""
    pseudonyms = [KEY.patient_key(IDENTITY), KEY.uid("1.2.826.0.1.31.3.1")]
    sought = [*FOUND_BY, *pseudonyms]
    texts = {
        k: decoded(v) for k, v in bodies(archive, archive.raw, archive.stage).items()
    }
    for file in archive.home.rglob("*"):
        if file.is_file():
            texts[file.name] = file.read_bytes().decode("utf-8", "replace")
    return {
        place
        for place, text in texts.items()
        if any(word in place or word in text for word in sought)
    }


def tables(archive) -> list[tuple]:
    """What the databases say, views and comments too."""
    said = []
    for file in ("warehouse.duckdb", "published/analytics.duckdb"):
        with duckdb.connect(str(archive.home / file), read_only=True) as connection:
            said += connection.execute("from main.people order by all").fetchall()
            said += connection.execute(
                "select table_name, comment from duckdb_tables()"
            ).fetchall()
    with sqlite3.connect(archive.home / "published" / "catalogue.sqlite") as connection:
        said += connection.execute("select * from people order by 1, 3").fetchall()
    return said


def state(archive) -> tuple:
    """All that is left, apart from receipts, which tell of times."""
    objects = bodies(archive, archive.raw, archive.stage)
    kept = {k: v for k, v in objects.items() if "state/erasures" not in k}
    return kept, tables(archive), archive.ledger.balance()


def test_nothing_of_him_is_left(archive):
    """Objects, rows, texts, JPEGs, databases and their bytes; a control finds him."""
    assert len(named_in(archive)) > 20
    receipt = archive.erasure().erase(IDENTITY)

    assert named_in(archive) == set()
    assert receipt["found_afterwards"] == {}
    assert receipt["removed"]["raw_object_versions"] == 4
    assert receipt["removed"]["raw_headers_rows"] == 4
    assert receipt["removed"]["header_export_rows"] == 4
    assert receipt["removed"]["warehouse.duckdb rows"] == 500
    assert receipt["removed"]["published/catalogue.sqlite rows"] == 500
    assert receipt["left_with_the_provider"] == 5


def test_the_others_are_as_they_would_be_without_him(archive):
    """Their rows, JPEGs and tables are those of an archive that never had him."""
    without = {row["sop_instance_uid"]: row for row in archive.headers()}
    archive.erasure().erase(IDENTITY)

    left = {row["sop_instance_uid"]: row for row in archive.headers()}
    assert left == {k: v for k, v in without.items() if ".31." not in k}
    assert len(left) == 4
    assert {key for key, *_ in tables(archive) if len(key) == 64} == {
        KEY.patient_key(f"KRANKENHAUS-A\x1f{each}") for each in (HER, THEM)
    }
    with duckdb.connect(str(archive.home / "warehouse.duckdb")) as connection:
        said = "select comment from duckdb_tables()"
        assert connection.execute(said).fetchall() == [("Who.",)]


def test_the_balance_holds_and_counts_him(archive):
    """Received stays; his files are ignored, with the reason erased."""
    before = archive.ledger.balance()
    archive.erasure().erase(IDENTITY)
    after, ledger = archive.ledger.balance(), archive.ledger

    assert before.received == after.received == 9
    assert after.holds
    assert ledger.unaccounted() == 0
    assert after.reasons == {"ignored: erased": 5}
    assert Audit(ledger, RawTables(archive.raw)).batches().holds
    months = ledger.batches_by_month()
    assert all(
        f.holds for f in Audit(ledger, RawTables(archive.raw)).months(months).values()
    )


def test_he_is_refused_at_the_door(archive):
    """The same file, a new one, and one without an id; a corrected one is let in."""
    archive.erasure().erase(IDENTITY)
    archive.load()
    assert archive.ledger.balance().received == 9  # what the provider kept is known

    archive.send(HIM, 9)
    archive.send(HIM, 1, name="nobody", PatientID="", PatientName="")
    archive.send(HIM, 2, name="corrected", PatientID=HER, PatientName=NAMES[HER])
    archive.load()

    balance = archive.ledger.balance()
    assert balance.received == 12
    assert balance.holds
    assert balance.reasons == {"ignored: erased": 7}
    assert not [key for key in named_in(archive) if "31.3.9" in key or HIM in key]
    assert FOUND_BY[0] not in decoded(b"".join(bodies(archive, archive.raw).values()))


def test_again_changes_nothing(archive):
    """A second erasure finds nobody and leaves all as it is."""
    archive.erasure().erase(IDENTITY)
    once = state(archive)
    receipt = archive.erasure().erase(IDENTITY)

    assert state(archive) == once
    assert not any(receipt["removed"].values())


def test_killed_and_run_again_ends_in_the_same_state(archive, tmp_path):
    """Whichever write was the last one before the power went."""
    begun, kept = bodies(archive, archive.raw, archive.stage), tmp_path / "kept"
    shutil.copytree(archive.home, kept)
    archive.erasure().erase(IDENTITY)
    calm = state(archive)

    for write in DYING:
        restored(archive, begun, kept)
        with dying(archive, write), pytest.raises(PowerCutError):
            archive.erasure().erase(IDENTITY)
        receipt = archive.erasure().erase(IDENTITY)

        assert receipt["found_afterwards"] == {}
        assert state(archive) == calm


@contextmanager
def dying(archive, write: int):
    """Let all writes fail from the n-th on."""
    left = [write]

    def cut(model, **_):
        left[0] -= model.name in WRITES
        if left[0] <= 0:
            raise PowerCutError

    events = archive.store.client.meta.events
    events.register("before-call.s3", cut, unique_id="cut")
    yield
    events.unregister("before-call.s3", unique_id="cut")


def restored(archive, begun: dict[str, bytes], kept) -> None:
    """Put everything back as it was."""
    shutil.rmtree(archive.home)
    shutil.copytree(kept, archive.home)
    for bucket in (archive.raw, archive.stage):
        for item in list(bucket.list()):
            bucket.delete(item.key)
    for place, body in begun.items():
        name, _, key = place.removesuffix(" null").partition("/")
        (archive.raw if name == "raw" else archive.stage).write(key, body)


def test_old_versions_and_delete_markers_go_too(tmp_path):
    """In buckets that keep versions nothing of him is behind what is seen."""
    archive = filled(Archive(tmp_path / "home", versioned=True))
    archive.raw.delete(
        next(o.key for o in archive.raw.list("dicom/") if ".31." in o.key)
    )
    assert len(named_in(archive)) > 20

    archive.erasure().erase(IDENTITY)

    assert named_in(archive) == set()


def test_compacted_files_are_written_without_him(archive):
    """A file of many batches keeps the rows of the others."""
    Compaction(archive.raw, NOW.replace(year=2099)).compact()
    others = [r for r in archive.headers() if ".31." not in r["sop_instance_uid"]]
    archive.erasure().erase(IDENTITY)

    assert named_in(archive) == set()
    assert sorted(map(str, archive.headers())) == sorted(map(str, others))


def test_what_waits_in_the_quarantine_goes_too(archive):
    """A file of his that contradicts another, and its replay."""
    archive.send(HIM, 3, name="torn", SeriesInstanceUID="1.2.826.0.1.31.2.9")
    archive.load()
    quarantine = Quarantine(archive.ledger, 10, "1")
    assert len(quarantine.waiting()) == 1
    quarantine.replay(EVERY)

    archive.erasure().erase(IDENTITY)
    archive.load()  # the replay was pending

    assert named_in(archive) == set()
    assert archive.ledger.balance().holds
    assert not archive.ledger.pending()


def test_the_providers_bucket_is_touched_when_asked(archive):
    """Otherwise it is left, and the receipt says how many files are."""
    archive.erasure().erase(IDENTITY)
    assert HIM in "".join(o.key for o in archive.provider.list())


def test_the_providers_files_go_when_asked(archive):
    archive.erasure().erase(IDENTITY, provider_bucket=True)
    keys = "".join(o.key for o in archive.provider.list())
    assert HIM not in keys
    assert HER in keys


def test_a_receipt_names_nobody_and_can_be_checked(archive):
    """The token alone; the same in the home folder and in the raw zone."""
    receipt = archive.erasure().erase(IDENTITY)
    [file] = (archive.home / "erasures").iterdir()
    [kept] = archive.raw.list("state/erasures/")

    assert json.loads(file.read_bytes()) == receipt
    assert archive.raw.read(kept.key) == file.read_bytes()
    assert receipt["sha256"] == receipt_digest(receipt)
    assert receipt["token"] == patient_token(KEY, IDENTITY)
    assert not any(word in file.read_text() for word in [*FOUND_BY, HIM])


def test_a_look_changes_nothing(archive):
    before = state(archive)
    facts = archive.erasure().look(IDENTITY)

    assert state(archive) == before
    assert facts["instances"] == 4
    assert facts["files_received"] == 5
