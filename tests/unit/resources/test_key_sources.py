"""The key comes from where the address says, and only the right one is taken."""

import traceback

import boto3
import pytest
from moto import mock_aws

from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.resources import key_sources
from dicom_pipeline.resources.key_sources import load_key
from dicom_pipeline.resources.rotation_record import KeyRefusedError, hold_key
from tests.unit.sources.memory_store import RawBucket

KEY = bytes(range(32))
REGION = "eu-central-1"


@pytest.fixture
def secrets(monkeypatch):
    """AWS Secrets Manager, in memory; the endpoint of the buckets is set as well."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    key_sources.from_secrets_manager.cache_clear()
    with mock_aws():
        endpoint = f"https://secretsmanager.{REGION}.amazonaws.com"
        yield boto3.client("secretsmanager", REGION, endpoint_url=endpoint)
    key_sources.from_secrets_manager.cache_clear()


def test_a_secret_is_found_by_name_by_arn_and_by_version(secrets):
    """As digits; an older version too, for what was made with it."""
    made = secrets.create_secret(Name="deid/key", SecretString=KEY.hex() + "\n")
    secrets.put_secret_value(SecretId="deid/key", SecretString=bytes(32).hex())

    by_name = f"awssm://deid/key?region={REGION}"

    assert load_key(by_name) == bytes(32)
    assert load_key(f"awssm://{made['ARN']}") == bytes(32)
    assert load_key(f"{by_name}&version={made['VersionId']}") == KEY


def test_a_binary_secret_is_the_key_itself(secrets):
    """32 random bytes, as GenerateRandom of KMS gives them."""
    secrets.create_secret(Name="key", SecretBinary=KEY)

    assert load_key(f"awssm://key?region={REGION}") == KEY


@pytest.mark.parametrize("secret", ["", KEY.hex()[:-2], "hunter2"])
def test_a_secret_that_is_no_key_is_refused_and_not_repeated(secrets, secret):
    """A typing error must not print most of a key into a log."""
    secrets.create_secret(Name="key", SecretString=secret or "-")

    with pytest.raises(KeyRefusedError) as raised:
        load_key(f"awssm://key?region={REGION}")

    printed = "".join(traceback.format_exception(raised.value))
    assert not secret or secret not in printed


@pytest.mark.usefixtures("secrets")
def test_a_secret_that_is_not_there_says_what_the_role_needs():
    """Whoever reads the message can act on it, and learns no name."""
    with pytest.raises(
        KeyRefusedError, match=r"ResourceNotFound.*GetSecretValue"
    ) as no:
        load_key(f"awssm://of-the-clinic?region={REGION}")

    assert "clinic" not in str(no.value)


def test_a_wrong_key_stops_and_a_new_version_is_a_rotation():
    """What is remembered is no part of the key."""
    raw = RawBucket()
    hold_key(raw, Pseudonyms(KEY))
    hold_key(raw, Pseudonyms(KEY))
    with pytest.raises(KeyRefusedError, match="rotate-key"):
        hold_key(raw, Pseudonyms(bytes(32), key_version=2))

    with pytest.raises(KeyRefusedError, match="DICOM_PIPELINE_KEY_VERSION"):
        hold_key(raw, Pseudonyms(bytes(32)))

    assert KEY.hex()[:16] not in repr(raw.bodies)
