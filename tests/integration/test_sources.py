"""The arrow from every source into the provider bucket, between real servers.

The buckets of the installation are SeaweedFS. Somebody else's store, and the public one
of the Imaging Data Commons, is moto's server; web pages come from ``http.server``.
"""

import json
import os
import shutil
import tarfile
import zipfile
from pathlib import Path

import boto3
import duckdb
import pydicom.data
import pytest

from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.sources import push as pushing
from dicom_pipeline.sources.source import Expected
from dicom_pipeline.sources.words import source_of
from tests.moto_server import serving_aws
from tests.unit.sources.web_server import Page, serving

pytestmark = pytest.mark.s3

FILES = Path(pydicom.data.__file__).parent / "test_files"
CT, MR = FILES / "CT_small.dcm", FILES / "MR_small.dcm"
SIGNED = "?X-Amz-Signature=topsecret&X-Amz-Expires=60"


@pytest.fixture(scope="module")
def there(install):
    """Return an installation whose server stays up."""
    made = install("sources")
    with made.hold():
        yield made


@pytest.fixture
def push(there, monkeypatch):
    """Return a push of what words mean, with variables that AWS's clients read."""

    def run(*words, **environment):
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it keeps credentials
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        sources = [source_of(str(word)) for word in words]
        with there.open() as places:
            return pushing.push(sources, places.provider)

    return run


@pytest.fixture
def sent(there):
    """Return the bodies below a prefix of the provider bucket."""

    def bodies(prefix):
        with there.open() as places:
            bucket = places.provider
            return {o.key: bucket.read(o.key) for o in bucket.list(prefix)}

    return bodies


@pytest.fixture(scope="module")
def other():
    """Return the address of another S3 service, with a bucket of two files."""
    with serving_aws() as address:
        client = boto3.client(
            "s3",
            endpoint_url=address,
            region_name="us-east-1",
            aws_access_key_id="other",
            aws_secret_access_key="other",
        )
        for bucket in ("hospital", "idc-open-data"):
            client.create_bucket(Bucket=bucket, ACL="public-read")
            for key, file in {"s1/1.dcm": CT, "s2/2.dcm": MR}.items():
                client.put_object(
                    Bucket=bucket, Key=key, Body=file.read_bytes(), ACL="public-read"
                )
        yield address


def test_folders_and_archives(push, sent, tmp_path):
    """Nested and damaged ones too; a repeat sends nothing."""
    folder = tmp_path / "disc"
    folder.mkdir()
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as made:
        made.write(CT, "../x/ct")
    with tarfile.open(folder / "b.tar.xz", "w:xz") as made:
        made.add(MR, "mr")
        made.add(folder / "a.zip", "inner")
    whole = (folder / "a.zip").read_bytes()
    (folder / "cut.zip").write_bytes(whole[:-50])
    first, again = push(folder), push(folder)

    assert sent("disc/") == {
        "disc/a.zip/x/ct": CT.read_bytes(),
        "disc/b.tar.xz/inner/x/ct": CT.read_bytes(),
        "disc/b.tar.xz/mr": MR.read_bytes(),
        "disc/cut.zip/x/ct": CT.read_bytes(),
    }
    assert (first.uploaded, first.archives) == (4, 4)
    assert first.failed == {"archive_damaged": 1}
    assert (again.uploaded, again.unchanged) == (0, 4)


def test_addresses(there, push, sent):
    """Presigned, cut, without ranges, an archive, an expired one."""
    with serving() as site:
        archive = shutil.make_archive("a", "gztar", FILES, "CT_small.dcm")
        packed = Path(archive).read_bytes()
        Path(archive).unlink()
        site.pages = {
            "/1.dcm": Page(CT.read_bytes(), cuts=1),
            "/2.dcm": Page(MR.read_bytes(), ranges=False, cuts=1),
            "/3": Page(packed),
            "/4": Page(status=403),
        }
        words = [f"{site.address}{path}{SIGNED}" for path in site.pages]
        done = there.run("push", "--json", *words)
        again = push(*words)
        host = site.address.removeprefix("http://").replace(":", "_")

    assert sent(host) == {
        f"{host}/1.dcm": CT.read_bytes(),
        f"{host}/2.dcm": MR.read_bytes(),
        f"{host}/3/CT_small.dcm": CT.read_bytes(),
    }
    facts = json.loads(done.stdout)
    assert (done.returncode, facts["failed"]) == (1, {"forbidden": 1})
    assert "topsecret" not in done.stdout + done.stderr
    assert (again.uploaded, again.unchanged) == (0, 3)


def test_another_store(push, sent, other):
    """Its account and endpoint are AWS's own settings."""
    reach = {
        "AWS_ENDPOINT_URL": other,
        "AWS_ACCESS_KEY_ID": "other",
        "AWS_SECRET_ACCESS_KEY": "other",
    }
    first, again = (push("s3://hospital/s1", **reach) for _ in "12")

    assert (first.uploaded, first.failed) == (1, {})
    assert sent("hospital/") == {"hospital/s1/1.dcm": CT.read_bytes()}
    assert (again.uploaded, again.unchanged) == (0, 1)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_same_store(there, push, sent, host):
    """By a copy, and by ranges where it goes by another name; large ones too."""
    large = os.urandom(1024) * (9 * 1024)
    with there.open() as places:
        given = Bucket(f"given-{host.replace('.', '-')}", places.store)
        given.create()
        given.write("1.dcm", CT.read_bytes())
        given.write("2.dcm", large)
        access = places.store
    reach = {
        "AWS_ENDPOINT_URL": access.endpoint.replace("127.0.0.1", host),
        "AWS_ACCESS_KEY_ID": access.access_key,
        "AWS_SECRET_ACCESS_KEY": access.secret_key,
    }
    first, again = (push(f"s3://{given.name}", **reach) for _ in "12")

    assert (first.uploaded, first.failed) == (2, {})
    assert sent(f"{given.name}/") == {
        f"{given.name}/1.dcm": CT.read_bytes(),
        f"{given.name}/2.dcm": large,
    }
    assert (again.uploaded, again.unchanged) == (0, 2)


def test_a_cohort_of_the_commons(push, sent, other, tmp_path, monkeypatch):
    """Unsigned, by an index package of two series."""
    package = tmp_path / "idc_index_data"
    package.mkdir()
    (package / "__init__.py").touch()
    duckdb.sql(
        "select * from (values ('s1', 'CT', 1, 0.04), ('s2', 'MR', 1, 0.01))"
        " as t(crdc_series_uuid, Modality, instanceCount, series_size_MB)"
    ).select(
        "*, 's3://idc-open-data/' || crdc_series_uuid || '/*' as series_aws_url"
    ).write_parquet(str(package / "idc_index.parquet"))
    monkeypatch.syspath_prepend(tmp_path)
    cohort = "idc:Modality = 'CT'"
    planned = pushing.survey(source_of(cohort))
    first, again = (push(cohort, AWS_ENDPOINT_URL=other) for _ in "12")

    assert planned == Expected(files=1, bytes=40_000, series=1)
    assert (first.uploaded, first.failed) == (1, {})
    assert sent("idc-open-data/") == {"idc-open-data/s1/1.dcm": CT.read_bytes()}
    assert (again.uploaded, again.unchanged) == (0, 1)


def test_an_unknown_source(there):
    """It has an exit code of its own, and the message lists what is known."""
    done = there.run("push", "gopher://host/patient")

    assert done.returncode == 3
    assert "s3://" in done.stderr
    assert "patient" not in done.stderr


def test_a_dry_run_sends_nothing(there, sent, tmp_path):
    """It counts."""
    (tmp_path / "1.dcm").write_bytes(CT.read_bytes())
    done = there.run("push", "--dry-run", "--json", tmp_path)
    size = CT.stat().st_size

    assert json.loads(done.stdout) == {
        "sources": [{"files": 1, "bytes": size, "series": None}]
    }
    assert sent(f"{tmp_path.name}/") == {}


def test_a_check_says_what_would_be_refused(there, tmp_path):
    """By its exit code and as JSON; members of archives are checked too."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        made.write(CT, "ct")
        made.writestr("note", b"not an image")
    report = tmp_path / "report.csv"
    done = there.run("validate", "--json", tmp_path / "a.zip", "--report", report)
    good = there.run("validate", "--json", CT, "--report", report)

    assert done.returncode == 4
    assert json.loads(done.stdout)["verdicts"] == {"ok": 1, "not_dicom": 1}
    assert good.returncode == 0
    assert json.loads(good.stdout) == {
        "report": str(report),
        "files": 1,
        "bytes": CT.stat().st_size,
        "refused": 0,
        "verdicts": {"ok": 1},
    }
