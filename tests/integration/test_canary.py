"""Files that tell in every place: not a word of them is outside of the raw zone."""

import base64
import datetime as dt
import hashlib
import io
import json
import shutil
import threading

import boto3
import dagster as dg
import duckdb
import pyarrow.parquet as pq
import pytest

from dicom_pipeline.resources.alerts import Alerts
from dicom_pipeline.sensors.failures import run_failures
from tests.integration import leak
from tests.integration.canaries import Canaries, write_canaries
from tests.integration.test_alerts import Endpoint

pytestmark = pytest.mark.s3

RAW = ("tables/", "dicom/", "quarantine/")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("canaries")


@pytest.fixture(scope="module")
def canaries(folder) -> Canaries:
    """A good file, one whose values are none, and one that is cut."""
    return write_canaries(folder)


@pytest.fixture(scope="module")
def planted(folder, canaries) -> set[str]:
    """All that the files say, their names included."""
    texts = [(str(f), str(f)) for f in folder.rglob("*")]
    bodies = (f.read_bytes() for f in folder.rglob("*.dcm"))
    texts += [("", body.decode("utf-8", "replace")) for body in bodies]
    found = canaries.seen_in(texts).keys()
    assert len(found) > 1900
    return {*found}


@pytest.fixture(scope="module")
def home(install, folder, canaries):  # noqa: ARG001
    """The files loaded once, and a run that failed afterwards."""
    made = install("canary")
    assert made.run("ingest", folder).returncode == 0
    _fail(made, folder)
    return made


def _fail(home, folder):
    """Have a load fail in the middle: somebody has changed a rule in the warehouse."""
    with duckdb.connect(str(home.home / "warehouse.duckdb")) as connection:
        rows = connection.table("stage.code_lists").fetchall()
        connection.execute("delete from stage.code_lists where list_name = 'sex'")
    changed = next(folder.rglob("*.dcm"))
    with changed.open("ab") as file:
        file.write(b"\xfc\xff\xfc\xffOB\0\0\2\0\0\0zz")
    done = home.run("ingest", folder)
    assert done.returncode == 1, done.stdout
    assert "stage.code_lists in the warehouse was changed by hand" in " ".join(
        done.stderr.split()
    )
    with duckdb.connect(str(home.home / "warehouse.duckdb")) as connection:
        connection.execute("delete from stage.code_lists")
        connection.executemany("insert into stage.code_lists values (?, ?, ?)", rows)


def parquet_words(place, body):
    """What a Parquet file says beside its values: schema, statistics, pairs."""
    meta = pq.ParquetFile(io.BytesIO(body)).metadata
    yield place, str(meta.to_dict())
    yield place, str(meta.metadata)


def stage_bucket(places):
    """Keys, values, statistics, tags, metadata of every object; JPEGs byte by byte."""
    yield from leak.bucket_texts(places.stage, ("tables/", "images/"))
    client = boto3.client(
        "s3",
        endpoint_url=places.store.endpoint,
        region_name="us-east-1",
        aws_access_key_id=places.store.environment()["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=places.store.environment()["AWS_SECRET_ACCESS_KEY"],
    )
    for stored in places.stage.list():
        of = {"Bucket": places.stage.name, "Key": stored.key}
        yield "S3 metadata", str(client.head_object(**of))
        yield "S3 tags", str(client.get_object_tagging(**of)["TagSet"])
        body = places.stage.read(stored.key)
        yield stored.key, body.decode("latin-1")
        if stored.key.endswith(".parquet"):
            yield from parquet_words("Parquet metadata", body)


def alerts_of(home):
    """What Slack and Healthchecks are told of the run that failed."""
    server = Endpoint()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    alerts = Alerts(
        slack_token="xoxb-1",
        slack_channel="#dicom",
        slack_base_url=server.url,
        healthchecks_url=f"{server.url}ping/abc",
    )
    with dg.DagsterInstance.from_config(str(home.home / "dagster")) as instance:
        resources = {"alerts": alerts}
        context = dg.build_sensor_context(instance=instance, resources=resources)
        run_failures(context)
    server.shutdown()
    return server.got


@pytest.fixture(scope="module")
def outside(home, tmp_path_factory):
    """Every text outside of the raw zone, by place."""
    folder = tmp_path_factory.mktemp("copies")
    texts = [*leak.texts_below(home.home / "dagster")]
    texts += leak.texts_below(home.home / "dbt")
    texts += [("output", text) for text in home.said]
    texts += [(f"alert {path}", body) for path, body in alerts_of(home)]
    texts += [("log", file.read_text()) for file in home.home.glob("*.log")]
    for name in ("warehouse.duckdb", "published/analytics.duckdb"):
        copy = folder / name.rsplit("/", 1)[-1]
        shutil.copy(home.home / name, copy)
        texts += leak.duckdb_texts(copy)
        texts += [(name, copy.read_bytes().decode("latin-1"))]
    with home.open() as places:
        texts += stage_bucket(places)
    return texts


def test_not_a_word_is_outside_of_the_raw_zone(canaries, outside):
    """Tables, statistics, JPEGs, keys, tags, dbt, Dagster, output, alerts, logs."""
    places = {place.split(" ")[0] for place, _ in outside}

    assert {"output", "alert", "S3", "Parquet"} <= places
    assert canaries.seen_in(outside) == {}


def test_the_same_finder_sees_all_of_it_in_the_raw_zone(home, canaries, planted):
    """Positive control: every word, number, UID and day; and hashes where there are."""
    with home.open() as places:
        seen = canaries.seen_in(leak.bucket_texts(places.raw, RAW))
    word, day = min(canaries.texts), min(canaries.days)
    hashes = [hashlib.md5(word.upper().encode()), hashlib.sha256(f"{day}".encode())]
    said = [
        ("", f"x-{hashes[0].hexdigest()} {hashes[1].hexdigest()[:20]}"),
        ("", f"{day:%d.%m.%Y} {day:%B %d, %Y} {day:%d %b %Y} {day:%m/%d/%Y}"),
        ("", f"{word.upper()}, {word.replace('e', 'é')}"),
    ]

    assert planted - seen.keys() == set()
    assert [len(canaries.seen_in([each])) for each in said] == [2, 4, 1]


def test_each_file_has_its_outcome(home):
    """The load was no empty one: two were loaded, one of them again, one is cut."""
    status = json.loads(home.run("status", "--json").stdout)

    assert status["balance"]["outcomes"]["quarantined"] == 1
    assert status["tables"]["fct_images"] == 2
    assert status["tables"]["processed_images"] >= 1


def test_nothing_says_when_it_came_or_when_it_was_made(home):
    """No moment of the load is in a processed column: arrival is close to the study."""
    today = dt.datetime.now(dt.UTC).date()
    near = {f"{today + dt.timedelta(days)}" for days in (-1, 0, 1)}
    rows = [line for lines in home.tables().values() for line in lines]
    texts = " ".join(rows).replace("datetime.date(", "")

    assert rows
    assert not [day for day in near if day in texts]
    assert not [d for d in near if d.replace("-0", "-").replace("-", ", ") in texts]


def test_the_key_is_in_no_alert_and_no_artefact(home, outside):
    """Hexadecimal, Base64 and the bytes themselves, in what the load has left."""
    digits = (home.home / "deid.key").read_text().strip()
    key = bytes.fromhex(digits)
    forms = [digits, base64.b64encode(key).decode()[:40], key.decode("latin-1")]

    assert not [p for p, text in outside if any(form in text for form in forms)]
