"""What must not be found: known identities, as the words that would give them away.

A needle is kept as a 64-bit hash alone: 15 bytes each and no value in memory. By chance
1e8 words meet 1e7 needles once in 18,000 scans.
"""

import calendar
import hashlib
import re
import unicodedata
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SHORTEST = 5  # letters and digits; what is shorter stands everywhere by chance
SHORTEST_NAME = 4  # of a whole name, its words side by side
LONGEST = 12  # words of a phrase
HASH_DIGITS = 16  # of an unkeyed hash: half an MD5 tells as much as all of it
RARE = 1e-3  # a number is sought in noise only where chance hits are rarer
_ALL_DAYS = 36_525  # a century
_DATED = 10  # digits of a date with an hour; PS3.5 6.2 DT
_DATED_WORD = re.compile(r"[0-9]{10}(?:[0-9]{2}){0,2}(?:\.[0-9]+)?")
_WORD = re.compile(r"[0-9]+(?:\.[0-9]+)+|[^\W_]+")
_ASCII_WORD = re.compile(r"[a-z][a-z0-9]*|[0-9]+(?:\.[0-9]+)+|[a-z0-9]+")
_HASHES: tuple[Callable[..., "hashlib._Hash"], ...] = (
    hashlib.md5,
    hashlib.sha1,
    hashlib.sha256,
)
_MONTHS = [month.casefold() for month in calendar.month_abbr[1:]]


class Kind(StrEnum):
    """Classes of needles, in the order of a report."""

    NAME = "name"
    ID = "id"
    BIRTH = "birth date"
    DATE = "date"
    PLACE = "place or contact"
    UID = "uid"
    KEY = "object key"
    HASH = "unkeyed hash"


KINDS = tuple(Kind)


def words(text: str) -> list[str]:
    """Words of a text, without case and diacritics; a number keeps its inner dots."""
    folded = text.casefold()
    if folded.isascii():
        return _ASCII_WORD.findall(folded)
    apart = unicodedata.normalize("NFKD", folded)
    return _WORD.findall("".join(c for c in apart if not unicodedata.combining(c)))


def hashes(tokens: Collection[str]) -> Hashes:
    """One number for each token; the same within this process alone."""
    return np.fromiter(map(hash, tokens), np.int64, len(tokens))


@dataclass(frozen=True)
class Index:
    """Needles, sorted by hash, and what is known of each.

    Attributes:
        hashes: Of a word, or of the words of a phrase with spaces between.
        kinds: Position in ``KINDS``.
        digits: Length of a needle of digits alone; 0 for others.
        days: Proleptic ordinal of a date; 0 for others.
        plain: Spelled as the source spells it, so that the source must show it.
        firsts: First words of the phrases.
        lengths: Words that a phrase may have, more than one.
    """

    hashes: Hashes
    kinds: npt.NDArray[np.uint8]
    digits: npt.NDArray[np.uint8]
    days: npt.NDArray[np.int32]
    plain: Flags
    firsts: Hashes
    lengths: tuple[int, ...]

    def __len__(self) -> int:
        """Count all spellings."""
        return len(self.hashes)

    def counts(self) -> dict[str, int]:
        """Spellings by class."""
        found = np.bincount(self.kinds, minlength=len(KINDS))
        return {kind.value: int(n) for kind, n in zip(KINDS, found, strict=True) if n}

    def at(self, sought: Hashes) -> npt.NDArray[np.intp]:
        """Positions of those needles that are among ``sought``."""
        if not len(self.hashes) or not len(sought):
            return np.empty(0, np.intp)
        sought = np.sort(sought)  # in order, the look-ups take a third of the time
        place = np.searchsorted(self.hashes, sought).clip(max=len(self.hashes) - 1)
        return np.unique(place[self.hashes[place] == sought])

    def begins(self, sought: Hashes) -> Flags:
        """Whether a phrase may begin with each of ``sought``."""
        return np.isin(sought, self.firsts)

    def only(self, kept: Flags) -> "Index":
        """Return the same without some."""
        return Index(
            self.hashes[kept],
            self.kinds[kept],
            self.digits[kept],
            self.days[kept],
            self.plain[kept],
            self.firsts,
            self.lengths,
        )

    def for_noise(self, own_words: Hashes, since: date, until: date) -> "Index":
        """Return what can be told from the words that programs write by themselves.

        Left out: words of ``own_words``, dates on which the programs ran, and
        numbers and dates of which so many are sought that a chance hit is no news.
        """
        kept = ~np.isin(self.hashes, own_words)
        kept &= ~((self.days >= since.toordinal()) & (self.days <= until.toordinal()))
        for length in np.unique(self.digits[self.digits > 0]):
            mine = (self.digits == length) & (self.days == 0)
            if mine.sum() > RARE * 10.0 ** int(length):
                kept &= ~mine
        for kind in (Kind.BIRTH, Kind.DATE):
            mine = self.kinds == KINDS.index(kind)
            if len(np.unique(self.days[mine])) > _ALL_DAYS * RARE * 10:
                kept &= ~mine
        return self.only(kept)


@dataclass
class Needles:
    """Takes identities and spells each in the ways in which it may leak.

    Attributes:
        common: Words that mean something by themselves, in no order: they are no
            needles, and each that is left out is counted.
        left_out: Values that are not sought, by class and reason.
        values: Distinct values, by class.
    """

    common: frozenset[str] = frozenset()
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    _seen: set[int] = field(default_factory=set, repr=False)
    _rows: tuple["array[int]", ...] = field(
        default_factory=lambda: tuple(array(code) for code in "qBBiB"), repr=False
    )
    _firsts: set[int] = field(default_factory=set, repr=False)
    _lengths: set[int] = field(default_factory=set, repr=False)

    def add(self, kind: Kind, value: str) -> None:
        """Seek ``value`` from now on; the same again changes nothing."""
        value = value.strip("\0 ")
        mark = hash((kind, value))
        if not value or mark in self._seen:
            return
        self._seen.add(mark)
        self.values[kind.value] += 1
        if kind in {Kind.NAME, Kind.ID, Kind.UID, Kind.BIRTH, Kind.KEY}:
            self._add_hashes(value)
        if kind in {Kind.BIRTH, Kind.DATE}:
            self._add_date(kind, value)
        elif kind is Kind.NAME:
            self._add_name(value)
        else:
            self._add_text(kind, value)

    def index(self) -> Index:
        """Return everything that is sought, ready to be looked up."""
        found, kinds, digits, days, plain = map(np.array, self._rows)
        # Plain spellings first: of equal texts the first one stays.
        order = np.lexsort((1 - plain, found))
        sought, first = np.unique(found[order], return_index=True)
        kept = order[first]
        return Index(
            hashes=sought.astype(np.int64),
            kinds=kinds[kept].astype(np.uint8),
            digits=digits[kept].astype(np.uint8),
            days=days[kept].astype(np.int32),
            plain=plain[kept].astype(np.bool_),
            firsts=np.array(sorted(self._firsts), np.int64),
            lengths=tuple(sorted(self._lengths)),
        )

    def _add_name(self, value: str) -> None:
        """Each word; and the whole in any order where a word alone is no needle."""
        parts = words(value)
        sought = [p for p in parts if len(p) >= SHORTEST and p not in self.common]
        for part in sought:
            self._put(Kind.NAME, [part], plain=True)
        long_enough = sum(map(len, parts)) >= SHORTEST_NAME or not value.isascii()
        means = all(part in self.common for part in parts)
        if means or not long_enough:
            self._leave(Kind.NAME, "words of imaging" if means else "too short")
            return
        if len(parts) == 1 and value.isascii():
            return
        for order in (parts[:2], parts[1::-1], parts[:LONGEST]):
            self._put(Kind.NAME, order, plain=order == parts)
            if sum(map(len, order)) > SHORTEST or not value.isascii():
                self._put(Kind.NAME, ["".join(order)])

    def _add_text(self, kind: Kind, value: str) -> None:
        """The value as it is, and without its punctuation."""
        parts = words(value)[:LONGEST]
        joined = "".join(parts).replace(".", "")
        if len(joined) < SHORTEST:
            self._leave(kind, "too short")
        elif all(part in self.common for part in parts):
            self._leave(kind, "words of imaging")
        else:
            self._put(kind, parts, plain=True)
            self._put(kind, [joined])

    def _add_date(self, kind: Kind, value: str) -> None:
        """In six forms, of which words and dots leave five."""
        try:
            day = date(int(value[:4]), int(value[4:6]), int(value[6:8]))
        except ValueError:
            self._leave(kind, "not a date")
            return
        year, month, number = f"{day:%Y}", f"{day:%m}", f"{day:%d}"
        name = _MONTHS[day.month - 1]
        self._put(kind, [year + month + number], day=day, plain=True)
        for form in (
            [year, month, number],  # 1950-03-12, 1950/03/12
            [number, month, year],  # 12/03/1950
            [month, number, year],  # 03/12/1950
            [f"{number}.{month}.{year}"],
            [number, name, year],
        ):
            self._put(kind, form, day=day)

    def _add_hashes(self, value: str) -> None:
        for spelled in {value, value.upper(), value.lower()}:
            for make in _HASHES:
                digest = make(spelled.encode(), usedforsecurity=False).hexdigest()
                self._put(Kind.HASH, [digest[:HASH_DIGITS]])

    def _put(
        self,
        kind: Kind,
        parts: list[str],
        *,
        plain: bool = False,
        day: date | None = None,
    ) -> None:
        text = " ".join(parts)
        one = len(parts) == 1
        digits = len(text) if one and text.isdecimal() else 0
        number = KINDS.index(kind)
        days = day.toordinal() if day else 0
        row = (hash(text), number, digits, days, int(plain))
        for column, value in zip(self._rows, row, strict=True):
            column.append(value)
        if not one and parts:
            self._firsts.add(hash(parts[0]))
            self._lengths.add(len(parts))

    def _leave(self, kind: Kind, reason: str) -> None:
        self.left_out[kind.value, reason] += 1


def spelled_otherwise(tokens: Iterable[str]) -> set[str]:
    """What a long token may hide: a cut hash, a date with a time after it."""
    long = [token for token in tokens if len(token) >= _DATED]
    cut = {token[:HASH_DIGITS] for token in long if len(token) > HASH_DIGITS}
    return cut | {token[:8] for token in long if _DATED_WORD.fullmatch(token)}
