"""No identity of the input stands in any place that people or tools may read."""

import base64
import hashlib
import json
import shutil

import pytest

from tests.integration import leak

pytestmark = pytest.mark.s3


@pytest.fixture(scope="module")
def files(hospital, pydicom_files):
    folders = (hospital, pydicom_files)
    return [file for each in folders for file in each.rglob("*") if file.is_file()]


@pytest.fixture(scope="module")
def needles(files):
    return leak.needles_of(files)


def in_the_open(loaded, folder):
    """Everything outside the raw and the provider bucket, decoded."""
    yield from leak.texts_below(loaded.home / "dagster")
    yield from leak.texts_below(loaded.home / "dbt")
    for number, text in enumerate(loaded.said):
        yield f"output {number}", text
    for name in ("warehouse.duckdb", "published/analytics.duckdb"):
        copy = folder / name.rsplit("/", 1)[-1]
        shutil.copy(loaded.home / name, copy)
        yield from leak.duckdb_texts(copy)
    with loaded.open() as places:
        yield from leak.bucket_texts(places.stage, ("tables/", "images/"))


def test_no_identity_leaves_the_raw_zone(loaded, first, needles, tmp_path):  # noqa: ARG001
    """Dagster, dbt, output, stage and processed: names, ids, birth dates, UIDs."""
    assert len(needles) > 500
    assert {*needles.texts.values(), *needles.digits.values()} == {
        *("name", "id", "born", "birth")
    }
    assert leak.scan(needles, in_the_open(loaded, tmp_path)) == {}


def test_the_same_scan_finds_everyone_in_the_raw_zone(loaded, files, rows_of):
    """The scan can see: what was loaded stands in the raw tables and keys."""
    with loaded.open() as places:
        rows = rows_of(places.raw, "tables/objects/")
        stored = {
            row["fingerprint"]
            for row in rows
            if row["outcome"] in {"loaded", "new_version", "identical"}
        }
        read = [f for f in files if hashlib.md5(f.read_bytes()).hexdigest() in stored]
        needles = leak.needles_of(read)
        hits = leak.scan(needles, leak.bucket_texts(places.raw, ("tables/",)))

    wanted = {
        f"{kind}:{needle}"
        for each in (needles.texts, needles.digits, needles.uids)
        for needle, kind in each.items()
    }
    assert len(wanted) > 500
    assert wanted - hits.keys() == set()


def test_the_shipped_scan_finds_no_one_and_can_see(loaded, first):  # noqa: ARG001
    """Its own control finds everyone in raw; the check before publishing has passed."""
    done = loaded.command("deid", "check", "--json")

    report = json.loads(done.stdout)
    assert done.returncode == 0, report["haystacks"]
    assert (report["hits"], report["sees"]) == (0, True)
    assert sum(report["control"]["sought"].values()) > 500
    searched = {each["name"]: each["letters"] for each in report["haystacks"]}
    assert len(searched) == 7
    del searched["logs"]  # nothing was logged beside the raw zone
    assert all(searched.values())


def test_a_planted_fault_is_found_and_not_repeated(loaded, first):  # noqa: ARG001
    """A name in a log ends with 5, and with the class and the place alone."""
    log = loaded.home / "planted.log"
    log.write_text("could not read Quistgaard, K.\n")
    done = loaded.command("deid", "check")
    log.unlink()
    loaded.said[-2:] = []

    assert done.returncode == 5
    said = done.stdout + done.stderr
    assert "logs: .log files" in said
    assert "quistgaard" not in said.casefold()


def test_the_key_is_in_nothing_that_a_load_leaves(loaded, first):  # noqa: ARG001
    """As bytes, hexadecimal digits, Base64; raw zone and provider bucket included."""
    digits = (loaded.home / "deid.key").read_text().strip()
    key = bytes.fromhex(digits)
    forms = [key, digits.encode(), digits.upper().encode(), base64.b64encode(key)[:40]]

    held = [
        path
        for path in loaded.home.rglob("*")
        if path.is_file() and path.name != "deid.key"
        if any(form in path.read_bytes() for form in forms)
    ]

    assert held == []
    assert not any(digits in text for text in loaded.said)


def test_another_key_stops_before_anything_is_written(loaded, first, monkeypatch):  # noqa: ARG001
    """The message says what to do, and nothing of either key."""
    monkeypatch.setitem(loaded.more, "A_KEY", "00" * 32)
    monkeypatch.setitem(loaded.more, "DICOM_PIPELINE_KEY_URI", "env:A_KEY")

    done = loaded.command("ingest", "nowhere")

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "DICOM_PIPELINE_KEY_VERSION" in done.stderr.replace("\n", " ")
