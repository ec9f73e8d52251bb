"""From one archive to its items, archives in it included."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from dicom_pipeline.sources.archive.inflate import inflated
from dicom_pipeline.sources.archive.kinds import HEAD_BYTES, Kind, kind_of
from dicom_pipeline.sources.archive.limits import (
    DAMAGED,
    LIMITS,
    TOO_DEEP,
    Budget,
    LimitError,
    Limits,
)
from dicom_pipeline.sources.archive.names import Names
from dicom_pipeline.sources.archive.salvage import salvaged_members
from dicom_pipeline.sources.archive.tars import DAMAGE, tar_members
from dicom_pipeline.sources.archive.zips import NoDirectoryError, zip_members
from dicom_pipeline.sources.patience import patiently
from dicom_pipeline.sources.source import UNREADABLE, Failed, Found, Item, ItemError
from dicom_pipeline.sources.spool import Spool


def members_of(item: Item, limits: Limits = LIMITS) -> Iterator[Found]:
    """Yield the members of an archive under its key; failures are codes.

    Members before a damage are yielded, then the damage. The item is released when
    the last member is.
    """
    size = limits.bytes if item.bytes is None else item.bytes  # unknown: no ratio
    yield from _opened(item, budget=Budget(limits, size), depth=1)


def _opened(item: Item, *, budget: Budget, depth: int) -> Iterator[Found]:
    held = _Held(item.release)
    nested = partial(_opened, budget=budget, depth=depth + 1)
    try:
        if depth > budget.limits.depth:
            yield Failed(TOO_DEEP)
            return
        for found in _members(item, budget, held):
            if isinstance(found, Item):
                release = held.by(found.release)
                yield replace(found, release=release, expand=nested)
            else:
                yield found
    except (LimitError, ItemError) as error:
        yield Failed(error.code)
    except DAMAGE:
        yield Failed(DAMAGED)
    finally:
        held.leave()


def _members(item: Item, budget: Budget, held: "_Held") -> Iterator[Found]:
    names = Names(item.key)
    try:
        opened = item.open()
        stream = Peeked(held.stack.enter_context(opened))
    except OSError:
        yield Failed(UNREADABLE)
        return
    kind = kind_of(stream.head)
    if kind is Kind.ZIP:
        yield from _zip(item, names, budget, held)
    elif kind is Kind.TAR:
        yield from tar_members(cast("BinaryIO", stream), names, budget)
    elif kind is not None:
        yield from _inflated(kind, stream, names, budget)


def _zip(item: Item, names: Names, budget: Budget, held: "_Held") -> Iterator[Found]:
    """A ZIP is read from its end, so it is copied unless it lies on this machine."""
    if item.path is not None:
        file = cast("BinaryIO", held.stack.enter_context(item.path.open("rb")))
    else:
        spool = patiently(lambda: _copied(item))
        held.stack.callback(spool.close)
        file = spool.file
    try:
        yield from zip_members(file, names, budget)
    except NoDirectoryError:
        yield from salvaged_members(file, names, budget)


def _copied(item: Item) -> Spool:
    spool = Spool()
    with item.open() as stream:
        spool.take(stream)
    return spool


def _inflated(
    kind: Kind, stream: "Peeked", names: Names, budget: Budget
) -> Iterator[Found]:
    """A compressed TAR gives its members, any other compressed file one."""
    inside = Peeked(inflated(kind, cast("BinaryIO", stream)))
    if kind_of(inside.head) is Kind.TAR:
        yield from tar_members(cast("BinaryIO", inside), names, budget)
        return
    spool = Spool()
    budget.spend(0)
    while taken := spool.take(cast("BinaryIO", inside), HEAD_BYTES**2):
        budget.spend_bytes(taken)
    name = PurePosixPath(names.archive)
    inner = name.stem if name.suffix.lower() == f".{kind}" else name.name
    yield Item(names.key(inner), spool.open, spool.bytes, release=spool.close)


class Peeked:
    """A stream whose first bytes were looked at and are still to be read."""

    def __init__(self, stream: BinaryIO) -> None:
        """Read the head."""
        self._stream = stream
        parts, left = [], HEAD_BYTES
        while left and (chunk := stream.read(left)):
            parts.append(chunk)
            left -= len(chunk)
        self.head = self._left = b"".join(parts)

    def read(self, size: int = -1) -> bytes:
        """Read on from the beginning; fewer bytes than asked are no end."""
        if not self._left:
            return self._stream.read(size)
        cut = len(self._left) if size < 0 else size
        chunk, self._left = self._left[:cut], self._left[cut:]
        return chunk + self._stream.read() if size < 0 else chunk


class _Held:
    """What the members of an archive are read from, until the last is done with."""

    def __init__(self, release: Callable[[], None]) -> None:
        self.stack = ExitStack()
        self.stack.callback(release)
        self._users = 1

    def by(self, release: Callable[[], None]) -> Callable[[], None]:
        """Count a user; return what ends it."""
        self._users += 1

        def done() -> None:
            release()
            self.leave()

        return done

    def leave(self) -> None:
        """One user less; only the thread of the push calls it."""
        self._users -= 1
        if not self._users:
            self.stack.close()
