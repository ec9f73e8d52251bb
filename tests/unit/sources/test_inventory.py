"""A first load from an inventory report: complete, resumed, and never half believed."""

import traceback
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.store import Store
from dicom_pipeline.sources.intake import PROVIDER
from dicom_pipeline.sources.inventory import Inventory
from dicom_pipeline.sources.inventory_files import InventoryError
from tests.unit.sources.memory_store import (
    Fuse,
    KilledError,
    RawBucket,
    intake,
    recorded,
)
from tests.unit.sources.reports import (
    CURRENT,
    FOLDER,
    MANIFEST,
    PARQUET,
    VERSIONED,
    Version,
    announce,
    csv_file,
    parquet_file,
    publish,
)

ODD = ["a b", "a+b", "a%20b", "é/1", 'quo"te', "com,ma", "new\nline", "日本", "p/x.dcm"]
VERSIONS = [
    *(Version(key, f"{number:032x}") for number, key in enumerate(ODD)),
    Version("old", is_latest=False),
    Version("gone", "", None, is_delete_marker=True),
    Version("big", "0123456789abcdef0123456789abcdef-12", 6 << 30),
]
CURRENT_ONES = {v.key: v.e_tag for v in VERSIONS if v.size and v.is_latest}


@pytest.fixture(scope="module")
def reports():
    """Yield the bucket that reports are put into."""
    with mock_aws():
        bucket = Bucket("reports", Store(access_key="test", secret_key="test"))
        bucket.create()
        yield bucket


def load(reports, raw, prefix="", bucket_name="provider"):
    """Load the report as a new process would."""
    report = Inventory(reports, intake(raw), PROVIDER, bucket_name, prefix)
    return report.load(MANIFEST, lambda _: None)


@pytest.mark.parametrize(
    ("file_format", "schema", "body"),
    [
        ("CSV", VERSIONED, csv_file(VERSIONED, VERSIONS)),
        ("Parquet", PARQUET, parquet_file(VERSIONS)),
        ("Parquet", PARQUET.replace("(UTF8)", "(STRING)"), parquet_file(VERSIONS)),
    ],
)
def test_current_objects_are_recorded_under_their_own_keys(
    reports, file_format, schema, body
):
    """Keys are decoded, delete markers and older versions left out."""
    raw = RawBucket()
    publish(reports, file_format, schema, [body])

    done = load(reports, raw)

    assert set(recorded(raw)) == set(CURRENT_ONES.items())
    assert (done.rows, done.found) == (len(VERSIONS), len(CURRENT_ONES))


def test_columns_may_stand_in_any_order(reports):
    """The manifest says which column is which."""
    raw, schema = RawBucket(), "ETag, Size, Key, Bucket, LastModifiedDate"
    publish(reports, "CSV", schema, [csv_file(schema, [Version("k", "e")])])

    load(reports, raw)

    assert set(recorded(raw)) == {("k", "e")}


def test_keys_outside_of_the_prefix_are_left_out(reports):
    """A bucket that is shared with others is loaded in part."""
    raw = RawBucket()
    publish(reports, "Parquet", PARQUET, [parquet_file(VERSIONS)])

    assert load(reports, raw, prefix="p/").found == 1


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 9), max_size=4),
    kills=st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=3),
)
def test_killed_and_run_again_it_records_each_object_once(reports, sizes, kills):
    """Whatever was written when it ended, the next run completes it."""
    raw = RawBucket()
    parts = [
        [Version(f"{part}/{n}") for n in range(size)] for part, size in enumerate(sizes)
    ]
    publish(reports, "CSV", CURRENT, [csv_file(CURRENT, part) for part in parts])
    for place, after in kills:
        raw.fuse = Fuse(place, after)
        with suppress(KilledError):
            load(reports, raw)
    raw.fuse = Fuse()

    done = load(reports, raw)

    found = recorded(raw)
    assert sorted(key for key, _ in found) == sorted(v.key for p in parts for v in p)
    assert set(found.values()) <= {1}
    assert (done.files, done.rows) == (len(sizes), sum(sizes))
    assert load(reports, raw).found == 0


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"fileFormat": "ORC"}, "choose CSV or Parquet"),
        ({"fileSchema": "Bucket, Key, Size"}, "lacks e_tag, last_modified_date"),
        ({"fileSchema": CURRENT + ", VersionId"}, "lacks is_delete_marker, is_latest"),
        ({"sourceBucket": "another"}, "another bucket"),
        ({"fileSchema": VERSIONED}, "not what its manifest says"),
        ({"files": [{"key": "x"}]}, "not that of an inventory"),
        ({"files": [{"key": "x", "size": 1, "MD5checksum": ""}]}, "is gone"),
    ],
)
def test_a_report_that_cannot_be_loaded_is_refused(reports, changed, reason):
    """The message says what to do, and nothing was recorded."""
    raw = RawBucket()
    told = publish(reports, "CSV", CURRENT, [csv_file(CURRENT, [Version("DOE^JANE")])])
    announce(reports, {**told, **changed})

    with pytest.raises(InventoryError, match=reason) as refused:
        load(reports, raw)

    said = "".join(traceback.format_exception(refused.value))
    assert "JANE" not in said
    assert not recorded(raw)


@pytest.mark.parametrize("damage", [b"", b"\x1f\x8b", b"not the same bytes"])
def test_a_damaged_file_is_refused_before_a_row_is_believed(reports, damage):
    """Its MD5 is that of the manifest, or it is not read."""
    raw = RawBucket()
    told = publish(reports, "CSV", CURRENT, [csv_file(CURRENT, [Version("k")])])
    reports.write(told["files"][0]["key"], damage)

    with pytest.raises(InventoryError, match="damaged"):
        load(reports, raw)

    assert not recorded(raw)


def test_a_damaged_manifest_is_refused(reports):
    """Its checksum stands beside it."""
    publish(reports, "CSV", CURRENT, [])
    reports.write(f"{FOLDER}manifest.checksum", b"0" * 32)

    with pytest.raises(InventoryError, match="checksum"):
        load(reports, RawBucket())


def test_a_row_without_its_etag_is_refused(reports):
    """An object that cannot be told from its next version is not loaded blindly."""
    publish(reports, "CSV", CURRENT, [csv_file(CURRENT, [Version("k", "")])])

    with pytest.raises(InventoryError, match="lacks its size"):
        load(reports, RawBucket())
