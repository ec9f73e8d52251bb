"""No identity of the input stands in any place that people or tools may read."""

import hashlib
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
