"""One bucket of an object store: list, read, write, copy, delete.

Every byte that Python reads from or writes to object storage passes through here. An
object key may name a person, so no error of this module quotes one.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError
from obstore.store import S3Store

from dicom_pipeline.resources.store import Store

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import ObjectTypeDef

_GONE = {"404", "NoSuchKey", "NotFound", "NoSuchVersion"}
_CHANGED = {"412", "PreconditionFailed"}
_MULTIPART_BYTES = 5 * 1024**3  # CopyObject takes 5 GiB at most


class BucketError(RuntimeError):
    """The place fails, not the file: missing bucket, no permission, no server.

    Attributes:
        code: The store's own word for it, where it gave one.
    """

    def __init__(self, message: str, code: str = "") -> None:
        """Keep the code beside the message."""
        super().__init__(message)
        self.code = code


class ObjectGoneError(BucketError):
    """There is no object at the key (any more)."""


class ObjectChangedError(BucketError):
    """The object is not the version that was asked for."""


@dataclass(frozen=True)
class StoredObject:
    """One object as a listing shows it.

    Attributes:
        key: Its key; may name a person in the provider bucket.
        fingerprint: ETag without quotes.
        bytes: Size.
        modified_at: When the store received it, UTC.
    """

    key: str
    fingerprint: str
    bytes: int
    modified_at: datetime


@dataclass(frozen=True)
class Page:
    """One page of a listing and how to ask for the next; no token after the last."""

    objects: list[StoredObject]
    token: str


@dataclass(frozen=True)
class Bucket:
    """A named bucket of a store."""

    name: str
    store: Store

    @cached_property
    def ranges(self) -> S3Store:
        """The same bucket for many ranged reads in flight (obstore)."""
        reached = {
            name.lower(): value for name, value in self.store.environment().items()
        }
        return S3Store(
            self.name,
            config=reached,  # type: ignore[arg-type]
            virtual_hosted_style_request=not self.store.endpoint,
            client_options={"allow_http": self.store.endpoint.startswith("http://")},
        )

    def create(self) -> None:
        """Make the bucket where it does not exist yet."""
        names = {b["Name"] for b in self.store.client.list_buckets()["Buckets"]}
        if self.name not in names:
            self.store.client.create_bucket(Bucket=self.name)

    def list_page(self, prefix: str = "", token: str = "") -> Page:
        """Return up to 1,000 objects; the store decides the order."""
        more = {"ContinuationToken": token} if token else {}
        try:
            answer = self.store.client.list_objects_v2(
                Bucket=self.name,
                Prefix=prefix,
                **more,  # type: ignore[arg-type]
            )
        except (ClientError, BotoCoreError) as error:
            _fail("list", error)
        found = [_stored(item) for item in answer.get("Contents", [])]
        return Page(found, answer.get("NextContinuationToken", ""))

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Yield every object under ``prefix``, page by page."""
        page = self.list_page(prefix)
        yield from page.objects
        while page.token:
            page = self.list_page(prefix, page.token)
            yield from page.objects

    def read(self, key: str) -> bytes:
        """Return the whole object.

        Raises:
            ObjectGoneError: There is no object at ``key``.
        """
        try:
            answer = self.store.client.get_object(Bucket=self.name, Key=key)
            return answer["Body"].read()
        except (ClientError, BotoCoreError) as error:
            _fail("read", error)

    def read_range(
        self, key: str, start: int, end: int, fingerprint: str = ""
    ) -> bytes:
        """Return the bytes from ``start`` up to ``end`` of an object.

        Raises:
            ObjectGoneError: There is no object at ``key``.
            ObjectChangedError: It is another version than ``fingerprint`` says.
        """
        wanted = f"bytes={start}-{end - 1}"
        only = {"IfMatch": f'"{fingerprint}"'} if fingerprint else {}
        try:
            answer = self.store.client.get_object(
                Bucket=self.name,
                Key=key,
                Range=wanted,
                **only,  # type: ignore[arg-type]
            )
            return answer["Body"].read()
        except (ClientError, BotoCoreError) as error:
            _fail("read", error)

    def download(self, key: str, body: BinaryIO) -> None:
        """Read the whole object into a file.

        Raises:
            ObjectGoneError: There is no object at ``key``.
        """
        try:
            self.store.client.download_fileobj(self.name, key, body)
        except (ClientError, BotoCoreError) as error:
            _fail("read", error)

    def write(
        self, key: str, body: bytes, metadata: Mapping[str, str] | None = None
    ) -> None:
        """Put ``body`` at ``key``, replacing what was there."""
        try:
            self.store.client.put_object(
                Bucket=self.name, Key=key, Body=body, Metadata=metadata or {}
            )
        except (ClientError, BotoCoreError) as error:
            _fail("write", error)

    def upload(
        self, key: str, body: BinaryIO, part_bytes: int, metadata: Mapping[str, str]
    ) -> None:
        """Put a stream of unknown length at ``key``, in parts of ``part_bytes``.

        What ``body`` raises while it is read comes through; no part is left then.
        """
        cut = TransferConfig(
            multipart_threshold=part_bytes,
            multipart_chunksize=part_bytes,
            use_threads=False,  # whoever sends many has threads of its own
        )
        try:
            self.store.client.upload_fileobj(
                body,
                self.name,
                key,
                ExtraArgs={"Metadata": dict(metadata)},
                Config=cut,
            )
        except (ClientError, BotoCoreError) as error:
            _fail("upload", error)

    def metadata(self, key: str) -> Mapping[str, str]:
        """User metadata of an object; none where there is no object."""
        try:
            answer = self.store.client.head_object(Bucket=self.name, Key=key)
        except (ClientError, BotoCoreError) as error:
            with contextlib.suppress(ObjectGoneError):
                _fail("read", error)
            return {}
        return answer["Metadata"]

    def copy_from(
        self,
        source: "Bucket",
        stored: StoredObject,
        key: str,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        """Copy an object to ``key`` without its bytes passing through here.

        Its user metadata comes with it, unless ``metadata`` is given in its place.

        Raises:
            ObjectGoneError: The source was deleted.
            ObjectChangedError: The source is another version than ``stored``.
        """
        origin = {"Bucket": source.name, "Key": stored.key}
        kept: dict[str, object] = (
            {}
            if metadata is None
            else {"Metadata": dict(metadata), "MetadataDirective": "REPLACE"}
        )
        try:
            if stored.bytes >= _MULTIPART_BYTES:
                self.store.client.copy(
                    origin,  # type: ignore[arg-type]
                    self.name,
                    key,
                    ExtraArgs=kept,
                )
                return
            self.store.client.copy_object(
                Bucket=self.name,
                Key=key,
                CopySource=origin,  # type: ignore[arg-type]
                CopySourceIfMatch=f'"{stored.fingerprint}"',
                **kept,  # type: ignore[arg-type]
            )
        except (ClientError, BotoCoreError) as error:
            _fail("copy", error)

    def delete(self, key: str) -> None:
        """Remove the object; nothing happens where there is none."""
        try:
            self.store.client.delete_object(Bucket=self.name, Key=key)
        except (ClientError, BotoCoreError) as error:
            _fail("delete", error)


def _stored(item: "ObjectTypeDef") -> StoredObject:
    return StoredObject(
        key=item["Key"],
        fingerprint=item["ETag"].strip('"'),
        bytes=item["Size"],
        modified_at=item["LastModified"],
    )


def _fail(verb: str, error: ClientError | BotoCoreError) -> NoReturn:
    """Raise ours in place of the client's, which may quote the key."""
    code = (
        str(error.response.get("Error", {}).get("Code", "unknown"))
        if isinstance(error, ClientError)
        else type(error).__name__
    )
    if code in _GONE:
        raise ObjectGoneError(f"{verb}: the object is gone") from None
    if code in _CHANGED:
        raise ObjectChangedError(f"{verb}: the object has changed") from None
    raise BucketError(f"{verb} failed: {code}", code) from None
