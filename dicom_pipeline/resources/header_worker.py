"""One process that reads headers, seen from inside; ``header_workers`` starts it.

It is a program of its own and not a copy of its parent: a fork would hang, because
obstore's threads do not come along, and Dagster need not be imported to read headers.
"""

import asyncio
import resource
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path

from dicom_pipeline.dicom.header import NeedMore, Outcome
from dicom_pipeline.resources.bucket import Bucket, BucketError, StoredObject
from dicom_pipeline.resources.headers import FirstRanges, HeaderRead, Judge, Reads

NOTHING = -1
"""Stands for the number of an object where none is being parsed."""

Chunk = dict[int, StoredObject]
Asked = tuple[Bucket, Chunk]
Answer = tuple[int, HeaderRead | None] | BucketError | str
"""A header; or the number of the object that is parsed from now on; or what failed."""

_MEMORY = 3 * 1024**3  # beyond what the process has when it starts


def serve(answers: "Connection[Answer, Asked]", judge: Judge) -> None:
    """Read what is asked for, until nobody asks any more."""
    answers.send((NOTHING, None))
    ranges, buckets = FirstRanges(), {}  # type: FirstRanges, dict[Bucket, Bucket]
    while True:
        bucket, chunk = answers.recv()
        bucket = buckets.setdefault(bucket, bucket)  # its connections stay open
        asking = _Asking(answers, judge, chunk)
        try:
            asyncio.run(asking.answer(Reads(bucket, ranges, asking.judged)))
        except BucketError as error:
            answers.send(error)
        except OSError:
            return  # nobody listens
        except Exception as error:  # noqa: BLE001  its text may quote a value
            if asking.is_parsing:
                return  # the parent knows what, and draws the conclusion
            answers.send(type(error).__name__)


class _Asking:
    """One chunk."""

    def __init__(
        self, answers: "Connection[Answer, Asked]", judge: Judge, chunk: Chunk
    ) -> None:
        self._answers, self._judge = answers, judge
        self._numbers = {stored: number for number, stored in chunk.items()}
        self.is_parsing = False

    def judged(self, stored: StoredObject, prefix: bytes) -> Outcome:
        """Read a header, and tell before whose it is."""
        self._answers.send((self._numbers[stored], None))
        self.is_parsing = True
        found = self._judge(stored, prefix)
        self.is_parsing = False
        if isinstance(found, NeedMore):  # else the answer follows at once
            self._answers.send((NOTHING, None))
        return found

    async def answer(self, reads: Reads) -> None:
        """Send each header as it is read."""
        async for read in reads.all(self._numbers):
            self._answers.send((self._numbers[read.stored], read))


def main() -> None:
    """Be a worker of the process that holds the other end of the connection."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl-C is the parent's to handle
    answers: Connection[Answer, Asked] = Connection(int(sys.argv[1]))
    try:
        sys.path += answers.recv()  # type: ignore[arg-type]
        judge: Judge = answers.recv()  # type: ignore[assignment]
        _limit_memory()
        serve(answers, judge)
    except EOFError:
        return  # the parent has ended


def _limit_memory() -> None:
    """Let one header's demand for memory fail here, not the machine."""
    sizes = Path("/proc/self/statm")
    if not sizes.exists():
        return  # not Linux
    pages = int(sizes.read_text().split()[0])
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = pages * resource.getpagesize() + _MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


if __name__ == "__main__":
    main()
