"""The templates of the queue: valid, and what they make is what the pipeline reads."""

import json
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.queue import Queue
from dicom_pipeline.resources.store import Store
from dicom_pipeline.sources.events import arrivals_in

DEPLOY = Path(__file__).parents[2] / "deploy"
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


@pytest.mark.parametrize("name", ["arrivals.yaml", "compressor.yaml"])
def test_a_template_is_valid(name):
    linter = Path(sys.executable).with_name("cfn-lint")
    template = DEPLOY / name
    done = subprocess.run(
        [linter, "--region", "us-east-1", "--", template],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


@mock_aws
def test_a_bucket_tells_the_queue_of_the_template():
    """Its dead-letter queue is found by its redrive policy."""
    provider = Bucket("provider", Store(access_key="test", secret_key="test"))
    provider.create()
    made = boto3.client("cloudformation", "us-east-1", **KEYS)
    made.create_stack(
        StackName="arrivals",
        TemplateBody=(DEPLOY / "arrivals.yaml").read_text("utf-8"),
        Parameters=[{"ParameterKey": "ProviderBucket", "ParameterValue": "provider"}],
        Capabilities=["CAPABILITY_IAM"],
    )
    stack = made.describe_stacks(StackName="arrivals")["Stacks"][0]
    out = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    told = (DEPLOY / "bucket-notification.json").read_text("utf-8")
    provider.store.client.put_bucket_notification_configuration(
        Bucket="provider",
        NotificationConfiguration=json.loads(
            told.replace("QUEUE_ARN", out["QueueArn"])
        ),
    )
    provider.write("a b", b"1")

    queue = Queue(out["QueueUrl"], provider.store)
    depth = queue.depth()
    bodies = [message.body for message in queue.receive(0, 60)]

    assert (depth.waiting, depth.dead) == (2, 0)
    assert [s.key for b in bodies for s in arrivals_in(b, "provider", "")] == ["a b"]
