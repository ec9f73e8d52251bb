"""How an object store is reached; nothing of what is in it."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import boto3
from botocore import UNSIGNED
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

CONCURRENCY = 32


@dataclass(frozen=True)
class Store:
    """One S3 service.

    Attributes:
        endpoint: URL of the server; empty for AWS itself.
        region: AWS region; any word for other servers.
        access_key: Empty to let the AWS credential chain decide.
        secret_key: Never shown.
        attempts: How often a request is made before it has failed.
        anonymous: Whether requests go unsigned, as public buckets take them.
    """

    endpoint: str = ""
    region: str = "us-east-1"
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    attempts: int = 8
    anonymous: bool = False

    @cached_property
    def client(self) -> "S3Client":
        """A boto3 client; safe to share between threads."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint or None,
            region_name=self.region,
            aws_access_key_id=self.access_key or None,
            aws_secret_access_key=self.secret_key or None,
            config=Config(
                signature_version=UNSIGNED if self.anonymous else None,
                max_pool_connections=CONCURRENCY,
                retries={"mode": "standard", "max_attempts": self.attempts},
                s3={"addressing_style": "path"} if self.endpoint else {},
            ),
        )

    def environment(self) -> dict[str, str]:
        """The variables by which a child process reaches the same service."""
        resolved = self._resolved()
        found = {
            "AWS_REGION": self.region,
            "AWS_ACCESS_KEY_ID": resolved[0],
            "AWS_SECRET_ACCESS_KEY": resolved[1],
            "AWS_SESSION_TOKEN": resolved[2],
            "AWS_ENDPOINT_URL": self.endpoint,
        }
        return {name: value for name, value in found.items() if value}

    def _resolved(self) -> tuple[str, str, str]:
        if self.access_key:
            return self.access_key, self.secret_key, ""
        chain = boto3.Session().get_credentials()
        if chain is None:
            return "", "", ""
        frozen = chain.get_frozen_credentials()
        return frozen.access_key or "", frozen.secret_key or "", frozen.token or ""
