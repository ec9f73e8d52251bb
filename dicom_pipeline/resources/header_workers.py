"""Processes that read headers, so that every core does and no file stops a batch.

A worker is told which objects to read and answers one by one; it writes down which
one it is parsing. When it dies or stays with one for too long, that file is tried once
more alone, and then set aside.
"""

import asyncio
import multiprocessing
import resource
import signal
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from dicom_pipeline.dicom.header import Outcome, Refused
from dicom_pipeline.dicom.reasons import QuarantineReason
from dicom_pipeline.resources.bucket import Bucket, BucketError, StoredObject
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

_MEMORY = 3 * 1024**3  # beyond what a worker has when it starts
_CHUNK = 256
_TICK = 1.0
_NONE = -1

Chunk = dict[int, StoredObject]


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
        # A fork would hang: obstore's threads do not come along.
        context = multiprocessing.get_context("spawn")
        self._parsing = context.Value("q", _NONE, lock=False)
        self.answers, theirs = context.Pipe()
        self._process = context.Process(
            target=serve, args=(theirs, self._parsing, judge), daemon=True
        )
        self._process.start()
        theirs.close()
        self.chunk: Chunk = {}
        self.is_ready = False
        self._since = (_NONE, 0.0)

    @property
    def suspect(self) -> int:
        """Number of the object that is being parsed; -1 between two of them."""
        return int(self._parsing.value)

    def take(self, bucket: Bucket, chunk: Chunk) -> None:
        """Begin to read these objects."""
        self.chunk = dict(chunk)
        self._since = (_NONE, 0.0)
        self.answers.send((bucket, chunk))

    def is_stuck(self, seconds: float) -> bool:
        """Whether it has parsed the same object for so long."""
        now, suspect = time.monotonic(), self.suspect
        if suspect != self._since[0]:
            self._since = (suspect, now)
        return suspect != _NONE and now - self._since[1] > seconds

    def kill(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.join()
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
                self._answered(worker, worker.answers.recv())
            except (EOFError, OSError):
                self._died(worker, QuarantineReason.CRASH)
        for worker in self._busy():
            if worker.is_stuck(self._seconds):
                self._died(worker, QuarantineReason.TIMEOUT)

    def _answered(self, worker: _Worker, answer: Any) -> None:  # noqa: ANN401
        worker.is_ready = True
        if isinstance(answer, BucketError | HeaderWorkersError):
            raise answer
        if answer is not None:
            number, read = answer
            del worker.chunk[number]
            self._read.append(read)

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


def serve(answers: Connection, parsing: Any, judge: Judge) -> None:  # noqa: ANN401
    """Read what is asked for, until nobody asks any more; the body of a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl-C is the parent's to handle
    _limit_memory()
    answers.send(None)
    ranges, buckets = FirstRanges(), {}  # type: FirstRanges, dict[Bucket, Bucket]
    while True:
        try:
            bucket, chunk = answers.recv()
        except EOFError:
            return
        bucket = buckets.setdefault(bucket, bucket)  # its connections stay open
        try:
            asking = _Asking(answers, parsing, judge, chunk)
            asyncio.run(asking.answer(Reads(bucket, ranges, asking.judged)))
        except BucketError as error:
            answers.send(error)
        except Exception as error:  # noqa: BLE001  its text may quote a value
            if parsing.value != _NONE:
                return  # what it was is on record; the parent draws the conclusion
            answers.send(HeaderWorkersError(f"a worker met {type(error).__name__}"))


class _Asking:
    """One chunk, seen from inside a worker."""

    def __init__(
        self,
        answers: Connection,
        parsing: Any,  # noqa: ANN401  a number in shared memory
        judge: Judge,
        chunk: Chunk,
    ) -> None:
        self._answers, self._parsing, self._judge = answers, parsing, judge
        self._numbers = {stored: number for number, stored in chunk.items()}

    def judged(self, stored: StoredObject, prefix: bytes) -> Outcome:
        """Read a header, and have it written down meanwhile whose it is."""
        self._parsing.value = self._numbers[stored]
        found = self._judge(stored, prefix)
        self._parsing.value = _NONE
        return found

    async def answer(self, reads: Reads) -> None:
        """Send each header as it is read."""
        async for read in reads.all(self._numbers):
            self._answers.send((self._numbers[read.stored], read))


async def _read_here(reads: Reads, objects: Sequence[StoredObject]) -> list[HeaderRead]:
    return [read async for read in reads.all(objects)]


def _limit_memory() -> None:
    """Let one header's demand for memory fail here, not the machine."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = pages * resource.getpagesize() + _MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
