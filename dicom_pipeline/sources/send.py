"""One item into the provider bucket, unless its bytes are there already.

What is the same is told by the cheapest fact there is: the ETag that the source knows,
else the version that was kept with the object, else the bytes themselves, read and
hashed but not sent.
"""

import hashlib
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, closing
from typing import BinaryIO, Final, NamedTuple, cast

from dicom_pipeline.resources.bucket import Bucket, BucketError
from dicom_pipeline.sources.archive import HEAD_BYTES, kind_of
from dicom_pipeline.sources.etags import (
    PART_BYTES,
    etag_of,
    etag_of_bytes,
    part_bytes,
)
from dicom_pipeline.sources.patience import patiently
from dicom_pipeline.sources.source import INCOMPLETE, UNREADABLE, Item, ItemError

UPLOADED: Final = "uploaded"
UNCHANGED: Final = "unchanged"
ARCHIVE: Final = "archive"
"""It is not sent: its members are."""
REFUSED: Final = "refused_by_store"
"""The store takes neither this key nor this body, whoever asks."""

_VERSION: Final = "source-version"  # S3 user metadata
_REFUSALS: Final = {
    "EntityTooLarge",
    "ExistingObjectIsDirectory",  # SeaweedFS: a key and what is below it
    "ExistingObjectIsFile",
    "KeyTooLongError",
}


class Present(NamedTuple):
    """What a listing says of an object that is there."""

    bytes: int
    fingerprint: str


class Sent(NamedTuple):
    """What became of an item: a code, and the bytes that were sent."""

    code: str
    bytes: int


def send(item: Item, bucket: Bucket, present: Present | None = None) -> Sent:
    """Send one item; its failure is a code.

    An item whose failure may pass is tried again, from its beginning.

    Raises:
        BucketError: The bucket fails, not the item.
    """
    try:
        return patiently(lambda: _sent(item, bucket, present))
    except ItemError as error:
        return Sent(error.code, 0)
    except OSError:
        return Sent(UNREADABLE, 0)
    except BucketError as error:
        if error.code not in _REFUSALS:
            raise
        return Sent(REFUSED, 0)


def kept_with(item: Item) -> Mapping[str, str]:
    """User metadata that the object of an item gets."""
    version = {_VERSION: _hash(item.version)} if item.version else {}
    return {**item.metadata, **version}


def _sent(item: Item, bucket: Bucket, present: Present | None) -> Sent:
    if present is not None and _known(item, bucket, present):
        return Sent(UNCHANGED, 0)
    copied = _copied(item, bucket)
    if copied is not None:
        return copied
    with _opened(item) as body:
        head = body.read(PART_BYTES)
        if item.may_be_archive and kind_of(head[:HEAD_BYTES]):
            return Sent(ARCHIVE, 0)
        if len(head) < PART_BYTES:
            return _put(item, bucket, present, head)
        if present is not None and _same(item, present):
            return Sent(UNCHANGED, 0)
        body.unread(head)
        return _send_parts(item, bucket, body)


def _copied(item: Item, bucket: Bucket) -> Sent | None:
    """Have the store copy it, where it can; it is looked at first all the same."""
    copier = item.copier
    if copier is None or not copier.can(bucket):
        return None
    if item.may_be_archive and kind_of(copier.peek()):
        return Sent(ARCHIVE, 0)
    there = copier.copy(bucket, item.key, kept_with(item))
    return Sent(UPLOADED, item.bytes or 0) if there else None


def _known(item: Item, bucket: Bucket, present: Present) -> bool:
    """Whether it is there, told without reading it."""
    if item.bytes not in (None, present.bytes):
        return False
    if item.etag and item.etag == present.fingerprint:
        return True
    if not item.version:
        return False
    return bucket.metadata(item.key).get(_VERSION) == _hash(item.version)


def _same(item: Item, present: Present) -> bool:
    """Whether it is there, told by reading it; only where the size says so."""
    if item.bytes not in (None, present.bytes) or item.version:
        return False
    with _opened(item) as body:
        return etag_of(cast("BinaryIO", body), present.bytes) == present.fingerprint


def _put(item: Item, bucket: Bucket, present: Present | None, body: bytes) -> Sent:
    there = present is not None and present.fingerprint == etag_of_bytes(body)
    if there and not item.version:
        return Sent(UNCHANGED, 0)
    bucket.write(item.key, body, kept_with(item))
    return Sent(UPLOADED, len(body))


def _send_parts(item: Item, bucket: Bucket, body: "_Body") -> Sent:
    cut = part_bytes(item.bytes or 0)
    bucket.upload(item.key, cast("BinaryIO", body), cut, kept_with(item))
    return Sent(UPLOADED, body.count)


def _opened(item: Item) -> "AbstractContextManager[_Body]":
    return closing(_Body(item))


class _Body:
    """The bytes of an item; fewer than were promised are an error, not an end."""

    def __init__(self, item: Item) -> None:
        self._expected, self._passing = item.bytes, item.path is None
        self._context = item.open()
        self._source = self._context.__enter__()
        self.count, self._unread = 0, b""

    def read(self, size: int = -1) -> bytes:
        """Read ``size`` bytes, fewer only at the end: a part may not be short."""
        wanted = size if size >= 0 else sys.maxsize
        parts = [self._unread[:wanted]]
        self._unread = self._unread[wanted:]
        wanted -= len(parts[0])
        while wanted > 0 and (chunk := self._source.read(min(wanted, PART_BYTES))):
            parts.append(chunk)
            wanted -= len(chunk)
        body = b"".join(parts)
        self.count += len(body)
        if wanted and self.count < (self._expected or 0):
            raise ItemError(INCOMPLETE, passing=self._passing)
        return body

    def unread(self, head: bytes) -> None:
        """Have the first bytes, and nothing else was read, read once more."""
        self._unread, self.count = head, 0

    def close(self) -> None:
        self._context.__exit__(None, None, None)


def _hash(version: str) -> str:
    return hashlib.sha256(version.encode()).hexdigest()[:32]
