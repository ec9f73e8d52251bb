"""The leak scan: what the raw zone knows, sought in all that lies outside of it."""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path

import numpy as np

from dicom_pipeline.deid.leaks import counted, found_in
from dicom_pipeline.deid.needles import Hashes, Index, Needles
from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.haystack_bytes import Text
from dicom_pipeline.resources.haystack_objects import bucket_texts
from dicom_pipeline.resources.known_identities import Known, KnownIdentities

_CONTROL_ROWS = 1_000


@dataclass
class Searched:
    """One haystack and what was found in it.

    Attributes:
        name: Of the haystack.
        pieces: Columns' pieces, files' blocks, objects.
        letters: Characters that were looked at.
        seconds: Time it took.
        hits: Needles found, by place and class.
    """

    name: str
    pieces: int = 0
    letters: int = 0
    seconds: float = 0.0
    hits: dict[str, dict[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Control:
    """The same search over raw headers: it must find everyone.

    Attributes:
        sought: Needles as raw spells them, by class.
        missed: Those that were not found; any means that the scan is blind.
    """

    sought: dict[str, int]
    missed: dict[str, int]

    @property
    def sees(self) -> bool:
        """Whether everything was found."""
        return not self.missed


@dataclass(frozen=True)
class Report:
    """What a scan says: numbers, classes and places, never a value.

    Attributes:
        values: Distinct identities, by class.
        spellings: Their spellings, by class.
        left_out: Values that are not sought, by ``class: reason``.
        left_out_of_noise: Spellings sought in tables and keys, not in logs.
        haystacks: What was searched.
        control: Whether the scan can see.
        seconds: Time it took in all.
    """

    values: dict[str, int]
    spellings: dict[str, int]
    left_out: dict[str, int]
    left_out_of_noise: int
    haystacks: list[Searched]
    control: Control
    seconds: float

    @property
    def hits(self) -> int:
        """Needles found, each place for itself."""
        return sum(
            count
            for haystack in self.haystacks
            for found in haystack.hits.values()
            for count in found.values()
        )


@dataclass(frozen=True)
class Haystack:
    """Texts under one name, and classes that may stand there."""

    name: str
    texts: Iterable[Text]
    allowed: frozenset[str] = frozenset()


class Search:
    """One set of needles, ready to be sought.

    Args of the constructor: the needles, the words that programs write by themselves,
    and the first day on which they wrote.
    """

    def __init__(self, needles: Needles, own_words: Hashes, since: date) -> None:
        """Sort the needles once."""
        self.needles = needles
        self.index = needles.index()
        self.noise = self.index.for_noise(own_words, since, datetime.now(UTC).date())

    def of(self, haystack: Haystack) -> Searched:
        """Seek everything in one haystack."""
        began, result = time.monotonic(), Searched(haystack.name)
        found: dict[tuple[str, bool], set[int]] = defaultdict(set)
        for text in haystack.texts:
            result.pieces += 1
            result.letters += len(text.body)
            hits = found_in(text.body, self._index(is_noise=text.is_noise))
            if hits:
                found[text.place, text.is_noise] |= hits
        for (place, is_noise), hits in sorted(found.items()):
            counts = counted(hits, self._index(is_noise=is_noise))
            leaks = {k: n for k, n in counts.items() if k not in haystack.allowed}
            if leaks:
                result.hits[place] = leaks
        result.seconds = time.monotonic() - began
        return result

    def _index(self, *, is_noise: bool) -> Index:
        return self.noise if is_noise else self.index


@dataclass(frozen=True)
class LeakScan:
    """Takes needles from the raw zone and seeks them in haystacks.

    Attributes:
        raw: The raw bucket.
        common: Words that are no needles.
        own_words: Gives hashes of the words that programs write by themselves.
        home: Folder whose oldest file says when the programs began to write.
    """

    raw: Bucket
    common: frozenset[str]
    own_words: Callable[[], Hashes]
    home: Path

    @cached_property
    def identities(self) -> KnownIdentities:
        """Reads the raw zone."""
        return KnownIdentities(self.raw, self.common)

    def known(self, months: Collection[str] | None = None) -> Known:
        """Everyone of these months, or of all."""
        return self.identities.read(months)

    def run(self, known: Known, haystacks: Iterable[Haystack]) -> Report:
        """Seek everything that is known in every haystack."""
        began = time.monotonic()
        search = Search(known.needles, self.own_words(), _oldest(self.home))
        searched = [search.of(each) for each in haystacks]
        needles = known.needles
        return Report(
            values=dict(needles.values),
            spellings=search.index.counts(),
            left_out={f"{k}: {why}": n for (k, why), n in needles.left_out.items()},
            left_out_of_noise=len(search.index) - len(search.noise),
            haystacks=searched,
            control=self.control(),
            seconds=time.monotonic() - began,
        )

    def control(self) -> Control:
        """Seek the identities of some raw headers in the files that hold them."""
        sample, known = [], Known(Needles(self.common))
        for stored in self.identities.header_files(None):
            self.identities.read_file(stored, known)
            sample.append(stored)
            if known.headers >= _CONTROL_ROWS:
                break
        index = known.needles.index()
        found: set[int] = set()
        for text in bucket_texts(self.raw, "raw", sample):
            found |= found_in(text.body, index)
        seen = np.zeros(len(index), np.bool_)
        seen[sorted(found)] = True
        return Control(
            sought=index.only(index.plain).counts(),
            missed=index.only(index.plain & ~seen).counts(),
        )


def _oldest(folder: Path) -> date:
    times = [path.stat().st_mtime for path in _files(folder)]
    return datetime.fromtimestamp(min(times, default=time.time()), UTC).date()


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
