"""Headers by ranged reads: the first bytes of many objects, many in flight."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import obstore
from obstore.exceptions import BaseError, NotFoundError, PreconditionError

from dicom_pipeline.dicom.header import (
    FIRST_RANGE,
    Header,
    Ignored,
    NeedMore,
    Outcome,
    Refused,
    extract,
)
from dicom_pipeline.dicom.packed import PackedHeader, packed
from dicom_pipeline.dicom.reasons import IgnoredReason, QuarantineReason
from dicom_pipeline.resources.bucket import Bucket, BucketError, StoredObject

IN_FLIGHT = 64
"""Reads at a time of one process: with 30 ms to the first byte twice what it parses."""

_LARGE = 1024 * 1024  # longer ranges are few, and few at a time: memory
_LARGE_AT_ONCE = 2
_LEARNT_AT_MOST = 4 * _LARGE
_FOLDERS = 4096


@dataclass(frozen=True)
class HeaderRead:
    """What one object's header turned out to be, and what reading it took."""

    stored: StoredObject
    found: PackedHeader | Refused | Ignored
    requests: int
    fetched: int = 0


class FirstRanges:
    """How much to fetch first, learnt from headers of the same folder.

    A folder is often a series, whose headers are of one size; where they are longer
    than the usual first range, a quarter more than the longest spares the second.
    """

    def __init__(self) -> None:
        """Know no folder yet."""
        self._longest: OrderedDict[str, int] = OrderedDict()

    def of(self, stored: StoredObject) -> int:
        """Bytes to fetch first of this object."""
        longest = self._longest.get(_folder(stored), 0)
        learnt = min(longest + longest // 4, _LEARNT_AT_MOST)
        return min(max(FIRST_RANGE, learnt), stored.bytes)

    def learn(self, stored: StoredObject, header_bytes: int) -> None:
        """Remember a header that the usual first range does not hold."""
        if header_bytes < FIRST_RANGE:
            return
        folder = _folder(stored)
        self._longest[folder] = max(header_bytes, self._longest.get(folder, 0))
        self._longest.move_to_end(folder)
        if len(self._longest) > _FOLDERS:
            self._longest.popitem(last=False)


Judge = Callable[[StoredObject, bytes], Outcome]


def judged(stored: StoredObject, prefix: bytes) -> Outcome:
    """Read a header from the first bytes of its object."""
    return extract(prefix, stored.bytes)


class Reads:
    """Reads of one bucket that share their bounds and what was learnt.

    Memory: ``IN_FLIGHT`` ranges of at most 1 MiB, two longer ones, one header parsed.
    """

    def __init__(
        self, bucket: Bucket, ranges: FirstRanges, judge: Judge = judged
    ) -> None:
        """Begin within a running event loop."""
        self._bucket = bucket
        self._ranges = ranges
        self._judge = judge
        self._gate = asyncio.Semaphore(IN_FLIGHT)
        self._large = asyncio.Semaphore(_LARGE_AT_ONCE)

    async def all(self, objects: Iterable[StoredObject]) -> AsyncIterator[HeaderRead]:
        """Yield the header of each object, as they come.

        A version other than the listed one is never read.

        Raises:
            BucketError: The store fails, not the file.
        """
        for done in asyncio.as_completed([self._one(stored) for stored in objects]):
            yield await done

    async def _one(self, stored: StoredObject) -> HeaderRead:
        prefix, wanted, requests = b"", self._ranges.of(stored), 0
        async with self._gate, AsyncExitStack() as held:
            while True:
                if wanted > _LARGE >= len(prefix):
                    await held.enter_async_context(self._large)
                if wanted > len(prefix):
                    got = await _range(self._bucket, stored, len(prefix), wanted)
                    requests += 1
                    if isinstance(got, Ignored):
                        return HeaderRead(stored, got, requests, len(prefix))
                    prefix += got
                found = self._judge(stored, prefix)
                if not isinstance(found, NeedMore):
                    return self._done(stored, found, requests, len(prefix))
                wanted = min(found.wanted, stored.bytes)

    def _done(
        self,
        stored: StoredObject,
        found: Header | Refused | Ignored,
        requests: int,
        fetched: int,
    ) -> HeaderRead:
        if not isinstance(found, Header):
            return HeaderRead(stored, found, requests, fetched)
        self._ranges.learn(stored, found.header_bytes)
        try:
            return HeaderRead(stored, packed(found), requests, fetched)
        except Exception:  # noqa: BLE001  its text may quote a value
            refused = Refused(QuarantineReason.UNREADABLE)
            return HeaderRead(stored, refused, requests, fetched)


def _folder(stored: StoredObject) -> str:
    return stored.key.rpartition("/")[0]


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
