"""Where a key may be: a file, the environment, AWS Secrets Manager."""

from dataclasses import dataclass
from functools import cache
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from dicom_pipeline.deid import keys
from dicom_pipeline.deid.keys import KEY_BYTES, KeyUnavailableError
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.resources.rotation_record import KeyRefusedError

SCHEME = "awssm"


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


@dataclass(frozen=True)
class KeyAddresses:
    """Where the keys of one installation are; none of them is in here.

    Attributes:
        key: Address of the newest.
        version: Of the newest.
        previous: Of those whose names it renames, oldest first.
        retired: Of those before the last re-derivation, oldest first.
    """

    key: str
    version: int = 1
    previous: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Every address, oldest first."""
        return (*self.retired, *self.previous, self.key)

    def pseudonyms(self) -> Pseudonyms:
        """Return the pseudonyms of these keys.

        Raises:
            KeyRefusedError: One cannot be had.
        """
        return Pseudonyms(
            load_key(self.key),
            self.version,
            previous=[*map(load_key, self.previous)],
            retired=[*map(load_key, self.retired)],
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
