"""Processes that read headers, so that every core does and no file stops a batch.

A worker is told which objects to read and answers one by one; it writes down which
one it is parsing. When it dies or stays with one for too long, that file is tried once
more alone, and then set aside.
"""

import asyncio
import multiprocessing
import os
import subprocess
import sys
import time
import weakref
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import wait

from dicom_pipeline.dicom.header import Refused
from dicom_pipeline.dicom.reasons import QuarantineReason
from dicom_pipeline.resources import header_worker
from dicom_pipeline.resources.bucket import Bucket, BucketError, StoredObject
from dicom_pipeline.resources.header_worker import NOTHING, Chunk
from dicom_pipeline.resources.headers import (
    FirstRanges,
    HeaderRead,
    Judge,
    Reads,
    judged,
)

WORTHWHILE = 1_000
"""Objects from which on processes pay: each takes a second to start (2026-11)."""

TIME_LIMIT = 60.0
"""Seconds for one header; the longest that is accepted takes 15 (2026-11, noisy)."""

_CHUNK = 256
_TICK = 1.0


class HeaderWorkersError(RuntimeError):
    """The processes fail, not a file: they cannot start, or die between files."""


@dataclass(frozen=True)
class HeaderReader:
    """Reads headers, here or in processes of its own.

    Attributes:
        workers: Processes; 1 reads here, without protection from a file that crashes.
        time_limit: Seconds for one header, in a process.
        worthwhile: Objects from which on processes are used.
        judge: Reads a header from first bytes; a function of a module.
    """

    workers: int = 1
    time_limit: float = TIME_LIMIT
    worthwhile: int = WORTHWHILE
    judge: Judge = judged
    _ranges: FirstRanges = field(default_factory=FirstRanges, repr=False, compare=False)
    _started: "list[_Worker]" = field(default_factory=list, repr=False, compare=False)

    def read(self, bucket: Bucket, objects: Sequence[StoredObject]) -> list[HeaderRead]:
        """Read the header of each object; the order of the answers is open.

        Raises:
            BucketError: The store fails, not the file.
            HeaderWorkersError: The processes fail, not a file.
        """
        if self.workers < 2 or len(objects) < self.worthwhile:  # noqa: PLR2004
            return asyncio.run(
                _read_here(Reads(bucket, self._ranges, self.judge), objects)
            )
        while len(self._started) < self.workers:
            self._started.append(_Worker(self.judge))
        try:
            return _Batch(self._started, bucket, self.time_limit).read(objects)
        except BaseException:
            self.close()  # what they are still doing is nobody's any more
            raise

    def close(self) -> None:
        """Stop the processes; the next reading starts new ones."""
        while self._started:
            self._started.pop().kill()


class _Worker:
    """One process, seen from outside."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.answers, theirs = multiprocessing.Pipe()
        number = theirs.fileno()
        self._process = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-m", header_worker.__name__, str(number)],
            stdin=subprocess.DEVNULL,
            pass_fds=[number],
        )
        weakref.finalize(self, self._process.kill)
        theirs.close()
        self.answers.send(sys.path)  # where its reader is found
        self.answers.send(judge)
        self.chunk: Chunk = {}
        self.suspect = NOTHING
        self.is_ready = False
        self._since = 0.0

    def take(self, bucket: Bucket, chunk: Chunk) -> None:
        """Begin to read these objects."""
        self.chunk, self.suspect = dict(chunk), NOTHING
        self.answers.send((bucket, chunk))

    def hear(self) -> HeaderRead | None:
        """Take one answer; ``None`` where it only says what is parsed from now on.

        Raises:
            EOFError: The process has ended.
            BucketError: The store fails.
            HeaderWorkersError: The process fails.
        """
        answer = self.answers.recv()
        self.is_ready = True
        if isinstance(answer, BucketError):
            raise answer
        if isinstance(answer, str):
            raise HeaderWorkersError(f"a header worker met {answer}")
        number, read = answer
        if read is None:
            self.suspect, self._since = number, time.monotonic()
            return None
        if self.suspect == number:
            self.suspect = NOTHING
        del self.chunk[number]
        return read  # type: ignore[no-any-return]

    def is_stuck(self, seconds: float) -> bool:
        """Whether it has parsed the same object for so long."""
        return self.suspect != NOTHING and time.monotonic() - self._since > seconds

    def kill(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        self.answers.close()


class _Batch:
    """The reading of some objects by some workers."""

    def __init__(self, workers: list[_Worker], bucket: Bucket, seconds: float) -> None:
        self._workers = workers
        # Its fields alone travel: a client that is open cannot.
        self._bucket = replace(bucket, store=replace(bucket.store))
        self._seconds = seconds
        self._queue: deque[Chunk] = deque()
        self._again: set[int] = set()
        self._deaths = 0
        self._read: list[HeaderRead] = []

    def read(self, objects: Sequence[StoredObject]) -> list[HeaderRead]:
        # Neighbours by key are of one series: one worker learns how long they are.
        objects = list(dict.fromkeys(objects))
        order = sorted(range(len(objects)), key=lambda number: objects[number].key)
        size = max(1, min(_CHUNK, len(objects) // (4 * len(self._workers))))
        for start in range(0, len(order), size):
            numbers = order[start : start + size]
            self._queue.append({number: objects[number] for number in numbers})
        while self._queue or self._busy():
            self._hand_out()
            self._listen()
        return self._read

    def _busy(self) -> list[_Worker]:
        return [worker for worker in self._workers if worker.chunk]

    def _hand_out(self) -> None:
        for worker in self._workers:
            if self._queue and not worker.chunk:
                try:
                    worker.take(self._bucket, self._queue.popleft())
                except OSError:  # it ended while it had nothing to do
                    self._died(worker, QuarantineReason.CRASH)

    def _listen(self) -> None:
        """Take the answers that are there, and see who died or hangs."""
        by_answers = {worker.answers: worker for worker in self._busy()}
        for ready in wait(list(by_answers), timeout=_TICK):
            worker = by_answers[ready]  # type: ignore[index]
            try:
                read = worker.hear()
            except (EOFError, OSError):
                self._died(worker, QuarantineReason.CRASH)
            else:
                self._read += [] if read is None else [read]
        for worker in self._busy():
            if worker.is_stuck(self._seconds):
                self._died(worker, QuarantineReason.TIMEOUT)

    def _died(self, worker: _Worker, reason: QuarantineReason) -> None:
        """Blame the file that was being parsed, and have the others read again."""
        suspect, left = worker.suspect, worker.chunk
        worker.kill()
        if not worker.is_ready:
            raise HeaderWorkersError("a header worker ended before it could begin")
        self._workers[self._workers.index(worker)] = _Worker(worker.judge)
        stored = left.pop(suspect, None)
        if stored is None:
            self._deaths += 1
            if self._deaths > len(self._workers):
                raise HeaderWorkersError("header workers end between two files")
        elif suspect in self._again:
            self._read.append(HeaderRead(stored, Refused(reason), 1))
        else:
            self._again.add(suspect)
            self._queue.append({suspect: stored})
        if left:
            self._queue.append(left)


def cores() -> int:
    """Processors that this process may use; not every system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


async def _read_here(reads: Reads, objects: Sequence[StoredObject]) -> list[HeaderRead]:
    return [read async for read in reads.all(objects)]
