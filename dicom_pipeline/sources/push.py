"""From any source into the provider bucket: many at once, in bounded memory.

Content decides later what a file is, so everything is sent, hidden and empty files
too; only an archive is opened instead. Whatever leaves this module is a count or a
code.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.sources.archive import members_of
from dicom_pipeline.sources.send import (
    ARCHIVE,
    UNCHANGED,
    UPLOADED,
    Present,
    Sent,
    send,
)
from dicom_pipeline.sources.source import (
    Expected,
    Failed,
    Found,
    Item,
    Skipped,
    Source,
    keyed,
)


class AmbiguousSourceError(ValueError):
    """Two of the sources would be stored under the same key."""


@dataclass(frozen=True)
class Progress:
    """How far a push is: counts and bytes, never names; no total while unknown."""

    files: int
    bytes: int
    files_total: int | None
    bytes_total: int | None


@dataclass(frozen=True)
class PushResult:
    """What became of the files of one push.

    Attributes:
        uploaded: Files that were sent.
        unchanged: Files that were there already, byte for byte.
        uploaded_bytes: Bytes that were sent.
        archives: Archives that were opened; their members count as files.
        failed: Number of files, folders or archives by the code of their failure.
        skipped: Number of things without bytes of their own, by code.
    """

    uploaded: int = 0
    unchanged: int = 0
    uploaded_bytes: int = 0
    archives: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether every file is in the bucket now."""
        return not self.failed


Report = Callable[[Progress], None]


def push(
    sources: Iterable[Source],
    bucket: Bucket,
    *,
    workers: int = 16,
    progress: Report | None = None,
) -> PushResult:
    """Send what the sources hold; what is there with the same bytes is not sent.

    So a push that was cut short goes on when it is started again.

    Args:
        sources: Where items come from.
        bucket: The provider bucket.
        workers: Items in flight; each holds 8 MiB at most, and twice as many wait.
        progress: Called after each file, in this thread.

    Raises:
        AmbiguousSourceError: Two sources would use the same keys.
        SourceError: A source fails; the files that were sent stay.
        BucketError: The bucket fails; the files that were sent stay.
    """
    asked = _distinct(sources)
    tally = _Tally(asked, progress)
    present: dict[str, Present] = {}
    queue = _Queue(_found(asked, bucket, present), tally)
    for item, sent in _sent(queue, bucket, present, workers):
        tally.add(item, sent)
        queue.done(item, sent)
    return tally.result()


def survey(source: Source) -> Expected:
    """Count what a source holds without reading it; its listing at most.

    Raises:
        SourceError: The source fails.
    """
    known = source.expected()
    if known is not None:
        return known
    sizes = [found.bytes or 0 for found in source.items() if isinstance(found, Item)]
    return Expected(len(sizes), sum(sizes))


def _found(
    sources: Sequence[Source], bucket: Bucket, present: dict[str, Present]
) -> Iterator[Found]:
    """Yield what the sources hold, after the listing of what is there of each."""
    for source in sources:
        for stored in bucket.list(source.prefix):
            present[stored.key] = Present(stored.bytes, stored.fingerprint)
        yield from source.items()


def _distinct(sources: Iterable[Source]) -> Sequence[Source]:
    by_prefix: dict[str, Source] = {}
    for source in sources:
        if by_prefix.setdefault(source.prefix, source) != source:
            raise AmbiguousSourceError(
                "two sources have the same name; give the folder above them instead"
            )
    return list(by_prefix.values())


class _Tally:
    """Counts what was found and what became of it."""

    def __init__(self, sources: Sequence[Source], report: Report | None) -> None:
        self._report = report
        self._outcomes: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._skipped: Counter[str] = Counter()
        self._bytes = 0
        known = [source.expected() for source in sources] if report else []
        sure = [each for each in known if each is not None]
        complete = len(sure) == len(known)
        self._now = Progress(
            0,
            0,
            sum(each.files for each in sure) if complete else None,
            sum(each.bytes for each in sure) if complete else None,
        )

    def item_of(self, found: Found) -> Item | None:
        """Return what can be sent and count the rest."""
        if isinstance(found, Item):
            found = keyed(found)
        if isinstance(found, Failed):
            self._failed[found.code] += 1
        elif isinstance(found, Skipped):
            self._skipped[found.code] += 1
        else:
            return found
        return None

    def add(self, item: Item, sent: Sent) -> None:
        """Count one item that is done with."""
        self._outcomes[sent.code] += 1
        self._bytes += sent.bytes
        now = self._now
        size = sent.bytes if item.bytes is None else item.bytes
        files, total = now.files + 1, now.bytes + size
        self._now = Progress(
            files,
            total,
            _at_least(now.files_total, files),
            _at_least(now.bytes_total, total),
        )
        if self._report is not None:
            self._report(self._now)

    def result(self) -> PushResult:
        """Return the counts."""
        outcomes = self._outcomes.copy()
        return PushResult(
            uploaded=outcomes.pop(UPLOADED, 0),
            unchanged=outcomes.pop(UNCHANGED, 0),
            uploaded_bytes=self._bytes,
            archives=outcomes.pop(ARCHIVE, 0),
            failed=dict(self._failed + outcomes),
            skipped=dict(self._skipped),
        )


def _at_least(total: int | None, done: int) -> int | None:
    """Grow a total that members of archives have passed."""
    return None if total is None else max(total, done)


class _Queue:
    """What is to be sent next: members of the archives that are open, then the rest."""

    def __init__(self, found: Iterator[Found], tally: _Tally) -> None:
        self._open, self._tally = [found], tally

    def next(self) -> Item | None:
        """Return an item; ``None`` where there is none, until an archive is met."""
        while self._open:
            found = next(self._open[-1], None)
            if found is None:
                self._open.pop()
            elif (item := self._tally.item_of(found)) is not None:
                return item
        return None

    def done(self, item: Item, sent: Sent) -> None:
        """Open what turned out to be an archive; release everything else."""
        if sent.code == ARCHIVE:
            self._open.append((item.expand or members_of)(item))
        else:
            item.release()


def _sent(
    queue: _Queue,
    bucket: Bucket,
    present: Mapping[str, Present],
    workers: int,
) -> Iterator[tuple[Item, Sent]]:
    """Yield each item with what became of it, as they end."""
    flying: dict[Future[Sent], Item] = {}
    with ThreadPoolExecutor(workers) as pool:
        try:
            while True:
                while len(flying) < 2 * workers:
                    item = queue.next()
                    if item is None:
                        break
                    stored = present.get(item.key)
                    flying[pool.submit(send, item, bucket, stored)] = item
                if not flying:
                    return
                for done in wait(flying, return_when=FIRST_COMPLETED).done:
                    yield flying.pop(done), done.result()
        finally:
            pool.shutdown(cancel_futures=True)
