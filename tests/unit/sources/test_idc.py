"""A cohort of public series arrives from a bucket that stands for theirs."""

import duckdb
import pytest

from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.store import Store
from dicom_pipeline.sources.idc import Idc
from dicom_pipeline.sources.push import push
from dicom_pipeline.sources.source import Expected, SourceError

ROWS = [
    # Columns and spelling as in idc-index-data 25.0.5.
    ("4d_lung", "p1", "1.2.1", "1.2.1.1", "CT", 2, 0.000006, "idc-open-data", "u1"),
    ("4d_lung", "p1", "1.2.1", "1.2.1.2", "SEG", 1, 0.000005, "idc-open-data", "u2"),
    ("nlst", "p2", "1.2.2", "1.2.2.1", "CT", 1, 0.000004, "idc-open-data-two", "u3"),
]
OBJECTS = {
    "idc-open-data": {"u1/a.dcm": b"one", "u1/b.dcm": b"two", "u2/c.dcm": b"three"},
    "idc-open-data-two": {"u3/d.dcm": b"four"},
}


@pytest.fixture
def index(tmp_path):
    """Return a folder with an index of three series."""
    with duckdb.connect() as connection:
        connection.execute(
            "create table idc_index (collection_id text, PatientID text,"
            " StudyInstanceUID text, SeriesInstanceUID text, Modality text,"
            " instanceCount bigint, series_size_MB double, aws_bucket text,"
            " crdc_series_uuid text)"
        )
        connection.executemany(
            "insert into idc_index values (?, ?, ?, ?, ?, ?, ?, ?, ?)", ROWS
        )
        connection.execute(
            "copy (select *, 's3://' || aws_bucket || '/' || crdc_series_uuid || '/*'"
            f" as series_aws_url from idc_index) to '{tmp_path}/idc_index.parquet'"
        )
    return tmp_path


@pytest.fixture
def public(bucket):
    """Return the store with the public buckets, as anybody sees it."""
    for name, objects in OBJECTS.items():
        made = Bucket(name, bucket.store)
        made.create()
        for key, body in objects.items():
            bucket.store.client.put_object(
                Bucket=name, Key=key, Body=body, ACL="public-read"
            )
        bucket.store.client.put_bucket_acl(Bucket=name, ACL="public-read")
    return Store(anonymous=True)


def test_a_condition_chooses_series(bucket, public, index):
    """Their objects arrive below bucket and series."""
    cohort = Idc("collection_id = '4d_lung' and Modality = 'CT'", public, index)
    result = push([cohort], bucket)

    assert cohort.expected() == Expected(2, 6, series=1)
    assert {stored.key: bucket.read(stored.key) for stored in bucket.list()} == {
        "idc-open-data/u1/a.dcm": b"one",
        "idc-open-data/u1/b.dcm": b"two",
    }
    assert (result.uploaded, result.failed) == (2, {})
    assert push([cohort], bucket).unchanged == 2


@pytest.mark.parametrize(
    ("query", "files"),
    [
        ("select * from idc_index where PatientID = 'p1'", 3),
        ("select StudyInstanceUID from idc_index where Modality = 'SEG'", 3),
        ("SELECT SeriesInstanceUID FROM idc_index WHERE Modality = 'SEG';", 1),
        ("with c as (from idc_index limit 0) select collection_id from c", 0),
        ("select distinct collection_id from idc_index", 4),
        ("from idc_index", 4),
    ],
)
def test_a_query_chooses_by_what_it_returns(public, index, query, files):
    """A study means its series, a patient his, a collection all of its own."""
    cohort = Idc(query, public, index)
    if files:
        assert cohort.expected().files == files
    else:
        with pytest.raises(SourceError, match="no series"):
            cohort.expected()


def test_several_buckets_are_one_push(bucket, public, index):
    """A repeat knows all of them."""
    cohort = Idc("true", public, index)
    push([cohort], bucket)

    assert push([cohort], bucket).unchanged == 4


def test_an_object_that_is_no_more_there_is_counted(bucket, public, index):
    """The index is older than the buckets."""
    Bucket("idc-open-data", bucket.store).delete("u1/a.dcm")
    result = push([Idc("Modality = 'CT'", public, index)], bucket)

    assert (result.uploaded, result.failed) == (2, {"gone": 1})


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("select 1 as one from idc_index", "none of the columns"),
        ("Modalty = 'CT'", "the cohort query fails"),
        ("select * from read_csv('/etc/passwd')", "the cohort query fails"),
        ("select * from 'https://127.0.0.1/x.parquet'", "the cohort query fails"),
    ],
)
def test_a_wrong_question_is_answered(public, index, query, words):
    """The index is all that a query sees of this machine."""
    with pytest.raises(SourceError, match=words):
        assert Idc(query, public, index).series


def test_a_missing_index_says_how_to_get_it(public, monkeypatch):
    """It is large, and most never need it."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SourceError, match=r"pip install 'dicom-pipeline\[idc\]'"):
        assert Idc("true", public).series


def test_the_real_index_has_these_columns(public):
    """Where the extra is installed: the package as it is published."""
    pytest.importorskip("idc_index_data")
    cohort = Idc("from idc_index order by SeriesInstanceUID limit 3", public)

    assert len(cohort.series) == 3
    assert all(each.bucket.startswith("idc-open-data") for each in cohort.series)
    assert all(each.folder.endswith("/") and each.files for each in cohort.series)
