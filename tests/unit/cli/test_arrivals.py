"""What the commands about arrivals say, and by which exit code."""

import json

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from dicom_pipeline.cli.main import app
from dicom_pipeline.places import Places
from dicom_pipeline.settings import Settings
from tests.unit.sources.reports import (
    CURRENT,
    MANIFEST,
    Version,
    csv_file,
    publish,
)

RUN = CliRunner()
REPORT = f"s3://stage/{MANIFEST}"


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Yield an installation on moto's AWS; a report about two objects is there."""
    told = {
        "DICOM_PIPELINE_HOME": str(tmp_path / "home"),
        "DICOM_PIPELINE_STORE": "s3",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    with mock_aws():
        made = Places(Settings())
        for bucket in (made.provider, made.raw, made.stage):
            bucket.create()
        versions = [Version("DOE^JANE/1"), Version("DOE^JANE/2")]
        publish(made.stage, "CSV", CURRENT, [csv_file(CURRENT, versions)])
        yield made


def run(*words):
    return RUN.invoke(app, ["arrivals", *words])


def test_an_inventory_is_recorded_once(places):
    first = run("inventory", REPORT, "--json")
    second = run("inventory", REPORT, "--json")

    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    assert json.loads(first.stdout)["found"] == 2
    assert json.loads(second.stdout)["found"] == 0
    assert "JANE" not in first.output
    assert Places(places.settings).ledger.balance().received == 2


@pytest.mark.usefixtures("places")
@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["inventory", "s3://stage/none/manifest.json"], 1, "no such manifest"),
        (["inventory", "s3://nowhere/a/manifest.json"], 1, "NoSuchBucket"),
        (["inventory", "manifest.json"], 3, "give the report as s3://"),
        (["queue"], 3, "DICOM_PIPELINE_QUEUE_URL"),
    ],
)
def test_what_cannot_be_done_is_said(words, code, says):
    done = run(*words)

    assert done.exit_code == code
    assert says in " ".join(done.output.split())


@pytest.mark.usefixtures("places")
def test_dead_letters_fail_the_count(monkeypatch):
    """Exit code 1, so that a script notices."""
    sqs = boto3.client("sqs", "us-east-1")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
    target = arn["Attributes"]["QueueArn"]
    policy = {"deadLetterTargetArn": target, "maxReceiveCount": 5}
    attributes = {"RedrivePolicy": json.dumps(policy)}
    url = sqs.create_queue(QueueName="q", Attributes=attributes)["QueueUrl"]
    monkeypatch.setenv("DICOM_PIPELINE_QUEUE_URL", url)

    before = run("queue", "--json")
    sqs.send_message(QueueUrl=dead, MessageBody="{}")
    after = run("queue")

    assert json.loads(before.stdout) == {"waiting": 0, "in_flight": 0, "dead": 0}
    assert (before.exit_code, after.exit_code) == (0, 1)
    assert "1 dead" in after.output
