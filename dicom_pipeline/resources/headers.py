"""Headers by ranged reads: the first bytes of many objects, many in flight."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import obstore
from obstore.exceptions import BaseError, NotFoundError, PreconditionError

from dicom_pipeline.dicom.header import (
    FIRST_RANGE,
    Header,
    Ignored,
    NeedMore,
    Refused,
    extract,
)
from dicom_pipeline.dicom.reasons import IgnoredReason
from dicom_pipeline.resources.bucket import Bucket, BucketError, StoredObject
from dicom_pipeline.resources.store import CONCURRENCY


@dataclass(frozen=True)
class HeaderRead:
    """What one object's header turned out to be, and what reading it took."""

    stored: StoredObject
    found: Header | Refused | Ignored
    requests: int


async def read_headers(
    bucket: Bucket, objects: Sequence[StoredObject]
) -> AsyncIterator[HeaderRead]:
    """Yield the header of each object, as they come.

    Reads are bounded to ``CONCURRENCY`` in flight; each begins with 64 KiB and grows
    as the reader asks. A version other than the listed one is never read.

    Raises:
        BucketError: The store fails, not the file.
    """
    gate = asyncio.Semaphore(CONCURRENCY)

    async def one(stored: StoredObject) -> HeaderRead:
        async with gate:
            return await _read(bucket, stored)

    for done in asyncio.as_completed([one(stored) for stored in objects]):
        yield await done


async def _read(bucket: Bucket, stored: StoredObject) -> HeaderRead:
    prefix, wanted, requests = b"", min(FIRST_RANGE, stored.bytes), 0
    while True:
        if wanted > len(prefix):
            got = await _range(bucket, stored, len(prefix), wanted)
            if isinstance(got, Ignored):
                return HeaderRead(stored, got, requests + 1)
            prefix, requests = prefix + got, requests + 1
        found = extract(prefix, stored.bytes)
        if not isinstance(found, NeedMore):
            return HeaderRead(stored, found, requests)
        wanted = min(found.wanted, stored.bytes)


async def _range(
    bucket: Bucket, stored: StoredObject, start: int, end: int
) -> bytes | Ignored:
    try:
        answer = await obstore.get_async(
            bucket.ranges,
            stored.key,
            options={"range": (start, end), "if_match": f'"{stored.fingerprint}"'},
        )
        return bytes(await answer.bytes_async())
    except (NotFoundError, FileNotFoundError):
        return Ignored(IgnoredReason.VANISHED)
    except PreconditionError:
        return Ignored(IgnoredReason.SUPERSEDED)
    except BaseError as error:
        # The store's message may quote the key.
        raise BucketError(f"ranged read failed: {type(error).__name__}") from None
