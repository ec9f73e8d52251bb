"""Objects of another bucket, of the same store or of any other."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from typing import BinaryIO, Final
from urllib.parse import urlsplit

import boto3

from dicom_pipeline.resources.bucket import (
    Bucket,
    BucketError,
    ObjectChangedError,
    ObjectGoneError,
    StoredObject,
)
from dicom_pipeline.resources.store import Store
from dicom_pipeline.sources.archive import HEAD_BYTES
from dicom_pipeline.sources.parts import PartReader
from dicom_pipeline.sources.patience import patiently
from dicom_pipeline.sources.source import (
    CHANGED,
    FORBIDDEN,
    GONE,
    UNAVAILABLE,
    Found,
    Item,
    ItemError,
    Skipped,
    SourceError,
    spelled,
)

FOLDER_MARKER: Final = "folder_marker"
_AWS: Final = "amazonaws.com"
_DENIED: Final = {"AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch"}


def store_of_environment(*, anonymous: bool = False) -> Store:
    """Return the store that AWS's own settings say: profile, endpoint, region."""
    session = boto3.Session()
    region = session.region_name or "us-east-1"
    endpoint = session.client("s3", region_name=region).meta.endpoint_url
    other = "" if _AWS in endpoint else endpoint
    return Store(endpoint=other, region=region, anonymous=anonymous)


@dataclass(frozen=True)
class S3:
    """A bucket, what is below a folder of it, or one object.

    Attributes:
        bucket: Name of the bucket; with each key it makes the key that is written.
        below: A key, or the folder that keys are below; all of them where empty.
        store: Where the bucket is.
        may_be_archives: Whether objects are looked at for archives.
    """

    bucket: str
    below: str = field(repr=False)
    store: Store = field(compare=False)
    may_be_archives: bool = True

    @classmethod
    def at(cls, address: str) -> "S3":
        """Read ``s3://bucket/prefix``, at the store that AWS's settings say."""
        parts = urlsplit(address, allow_fragments=False)
        below = parts.path.removeprefix("/") + (f"?{parts.query}" * bool(parts.query))
        return cls(parts.netloc, below, store_of_environment())

    @property
    def prefix(self) -> str:
        """Bucket and folder."""
        return spelled(f"{self.bucket}/{self.below}")

    def expected(self) -> None:
        """Say nothing: it would take a whole listing."""

    def items(self) -> Iterator[Found]:
        """Yield what the listing shows.

        Raises:
            SourceError: The bucket cannot be listed.
        """
        listing = self.origin.list(self.below)
        while True:
            try:
                stored = next(listing, None)
            except BucketError as error:
                raise SourceError(
                    f"the source bucket cannot be listed: {error.code or error};"
                    " AWS_PROFILE, AWS_REGION and AWS_ENDPOINT_URL say where it is"
                ) from None
            if stored is None:
                return
            if self._is_meant(stored.key):
                yield self._found(stored)

    @cached_property
    def origin(self) -> Bucket:
        """The bucket that is read."""
        return Bucket(self.bucket, self.store)

    def _is_meant(self, key: str) -> bool:
        """Leave out ``study10`` where ``study1`` is asked for."""
        is_folder = not self.below or self.below.endswith("/")
        return is_folder or key == self.below or key.startswith(f"{self.below}/")

    def _found(self, stored: StoredObject) -> Found:
        if stored.key.endswith("/") and not stored.bytes:
            return Skipped(FOLDER_MARKER)
        return Item(
            key=spelled(f"{self.bucket}/{stored.key}"),
            open=lambda: self._opened(stored),
            bytes=stored.bytes,
            etag=stored.fingerprint,
            version=f"{stored.fingerprint}|{stored.bytes}",
            copier=_Copier(self, stored),
            may_be_archive=self.may_be_archives,
        )

    def _opened(self, stored: StoredObject) -> AbstractContextManager[BinaryIO]:
        return PartReader(partial(self.part, stored), stored.bytes)

    def part(self, stored: StoredObject, start: int, end: int) -> bytes:
        """Read some bytes of the version that was listed.

        Raises:
            ItemError: It is gone, has changed, or cannot be had now.
        """
        if not stored.bytes:
            return b""
        try:
            return self.origin.read_range(stored.key, start, end, stored.fingerprint)
        except BucketError as error:
            raise _of_item(error) from None


@dataclass(frozen=True)
class _Copier:
    """Copies one object from a bucket to another one of the same store."""

    source: S3
    stored: StoredObject = field(repr=False)

    def can(self, bucket: Bucket) -> bool:
        return _is_same(self.source.store, bucket.store)

    def peek(self) -> bytes:
        return patiently(lambda: self.source.part(self.stored, 0, HEAD_BYTES))

    def copy(self, bucket: Bucket, key: str, metadata: Mapping[str, str]) -> bool:
        try:
            bucket.copy_from(self.source.origin, self.stored, key, metadata)
        except (ObjectGoneError, ObjectChangedError) as error:
            raise _of_item(error) from None
        except BucketError:
            return False
        return True


@lru_cache(maxsize=8)
def _is_same(one: Store, other: Store) -> bool:
    """Whether one server answers both, under one name."""
    if one.client.meta.endpoint_url != other.client.meta.endpoint_url:
        return False
    ours, theirs = one.environment(), other.environment()
    return ours.get("AWS_ACCESS_KEY_ID") == theirs.get("AWS_ACCESS_KEY_ID")


def _of_item(error: BucketError) -> ItemError:
    if isinstance(error, ObjectGoneError):
        return ItemError(GONE)
    if isinstance(error, ObjectChangedError):
        return ItemError(CHANGED)
    if error.code in _DENIED:
        return ItemError(FORBIDDEN)
    return ItemError(UNAVAILABLE, passing=True)
