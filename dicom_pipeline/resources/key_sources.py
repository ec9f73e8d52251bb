"""Where the key may be: a file, the environment, AWS Secrets Manager; is it ours."""

from functools import cache
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from dicom_pipeline.deid import keys
from dicom_pipeline.deid.keys import KEY_BYTES, KeyUnavailableError
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.resources.bucket import Bucket, BucketError
from dicom_pipeline.resources.tables import State

SCHEME = "awssm"
_CHECKS = "deid_key_checks"


class KeyRefusedError(BucketError, KeyUnavailableError):
    """There is no key, or not the right one; says what to do, and nothing of it."""


def load_key(uri: str) -> bytes:
    """Return the key that ``uri`` points to.

    Args:
        uri: ``file:///path``, ``env:NAME`` or ``awssm://NAME-OR-ARN``, the latter with
            ``?version=`` and ``?region=`` if need be. Either holds 64 hexadecimal
            digits; a binary secret may hold the 32 bytes.

    Raises:
        KeyRefusedError: There is none, it is no key, or others may read it.
    """
    try:
        if urlsplit(uri).scheme == SCHEME:
            return from_secrets_manager(uri)
        return keys.load_key(uri)
    except KeyUnavailableError as error:
        raise KeyRefusedError(str(error)) from None


def hold_key(raw: Bucket, pseudonyms: Pseudonyms) -> None:
    """Let a raw zone be named with the key of its first file, version by version.

    Another key fails nothing by itself: it gives every patient a second life. What is
    remembered tells keys apart, and is no part of one.

    Raises:
        KeyRefusedError: This version was begun with another key.
    """
    state = State(raw)
    known, version = state.get(_CHECKS), str(pseudonyms.key_version)
    if version not in known:
        state.put(_CHECKS, {**known, version: pseudonyms.check_value})
    elif known[version] != pseudonyms.check_value:
        raise KeyRefusedError(
            f"this is not the key of version {version}: set DICOM_PIPELINE_KEY_URI back"
            " to it, or, if the key is meant to change, raise"
            " DICOM_PIPELINE_KEY_VERSION (docs/deidentification.md, key custody)"
        )


@cache  # dbt's environment has the store's credentials in place of these
def from_secrets_manager(uri: str) -> bytes:
    """Return the key of a secret, asked for once in a process.

    Raises:
        KeyUnavailableError: There is none, or this role may not read it.
    """
    address = urlsplit(uri)
    asked = {name: values[0] for name, values in parse_qs(address.query).items()}
    name = unquote(address.netloc + address.path)
    version = {"VersionId": asked["version"]} if "version" in asked else {}
    try:
        # An endpoint that is configured is the bucket's.
        client = boto3.client(
            "secretsmanager",
            region_name=asked.get("region") or _region(name),
            config=Config(ignore_configured_endpoint_urls=True),  # type: ignore[call-arg]
        )
        answer = client.get_secret_value(SecretId=name, **version)
    except (ClientError, BotoCoreError) as error:
        raise KeyUnavailableError(
            f"AWS Secrets Manager gives no key: {_code(error)};"
            " the role needs secretsmanager:GetSecretValue, the address a region"
        ) from None
    binary = answer.get("SecretBinary", b"")
    if len(binary) == KEY_BYTES:
        return bytes(binary)
    return keys.key_of(answer.get("SecretString", ""))


def _region(name: str) -> str | None:
    """Region of an ARN; ``None`` leaves it to the environment."""
    parts = name.split(":")
    return parts[3] if name.startswith("arn:") and len(parts) > len("arn") else None


def _code(error: ClientError | BotoCoreError) -> str:
    if isinstance(error, ClientError):
        return str(error.response["Error"].get("Code", "ClientError"))
    return type(error).__name__
