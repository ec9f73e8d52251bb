"""Whose are the words on an image? Judged from what text recognition has read.

A line that has anything of the file's own identifiers is masked as a whole, so taking
it for one of theirs by mistake hides more, never less.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import permutations

from dicom_pipeline.dicom.outcome import Json
from dicom_pipeline.dicom.pixel_decision import Decision, PixelDecision, PixelReason
from dicom_pipeline.dicom.ultrasound import Box, number, values

TEXT_RULES = "1"
"""Changes whenever the same lines may be judged otherwise."""

MOST_FRAMES = 16
MOST_PIXELS = 64 << 20  # of all frames


class ReadingScope(StrEnum):
    """Which images are read."""

    OFF = "off"
    PROJECTIONS = "projections"  # CR, DX, MG, XA, RF, NM without evidence
    CAPTURES = "captures"  # secondary captures as well


class TextOutcome(StrEnum):
    """What reading an image came to."""

    NONE = "none"  # no text, or harmless
    OWN = "own"  # besides, identifiers of the file
    OTHER = "other"  # text of which nothing is known
    UNREAD = "unread"  # no answer


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line that was read.

    Attributes:
        text: As recognised. Personal.
        box: Where it stands, pixels of the frame.
    """

    text: str = field(repr=False)
    box: Box


@dataclass(frozen=True, slots=True)
class TextFinding:
    """What is written on an image, without saying it.

    Attributes:
        outcome: What the lines amount to.
        boxes: Where lines stand that are not harmless, with a margin.
    """

    outcome: TextOutcome
    boxes: tuple[Box, ...] = ()


UNREAD = TextFinding(TextOutcome.UNREAD)

_ALONE = frozenset({PixelReason.PROJECTION_UNFLAGGED, PixelReason.FLAG_BELIEVED})
_CAPTURED = frozenset({PixelReason.SECONDARY_CAPTURE, PixelReason.CAPTURED})
_READ: dict[ReadingScope, frozenset[PixelReason]] = {
    ReadingScope.OFF: frozenset(),
    ReadingScope.PROJECTIONS: _ALONE,
    ReadingScope.CAPTURES: _ALONE | _CAPTURED,
}
_MARKERS = frozenset(
    "l r left right lt rt ap pa lat cc mlo rcc lcc rmlo lmlo".split()  # noqa: SIM905
)
_UNIT = "%|mm|cm|m|s|ms|min|hz|khz|mhz|fps|kv|kvp|ma|mas|db|deg|x"
_MEASURE = re.compile(rf"[<>=~+-]?\d{{1,3}}([.,]\d{{1,3}})?({_UNIT})?|{_UNIT}")
_WORD = re.compile(r"[^\W_]+")
_FUZZY = 4  # letters from which on one in four may be wrong
_SHORTEST = 2
_DIGITS = 9  # of a number of frames
_PARTS = 4  # of a name that may stand in any order


def reasons_to_read(scope: ReadingScope) -> frozenset[PixelReason]:
    """Decisions that lack evidence, or believe a flag, where images are read."""
    return _READ[scope]


def is_flagged(dataset: Json) -> bool:
    """Whether a header says that names are burned in: no reading clears that.

    DICOM:
        (0028,0301) Burned In Annotation, PS3.3 C.7.6.1.
    """
    return "YES" in {str(flag).strip().upper() for flag in values(dataset, "00280301")}


def is_readable(dataset: Json) -> bool:
    """Whether an image is within what is read: frames, and pixels of all of them."""
    rows, columns = number(dataset, "00280010"), number(dataset, "00280011")
    [frames] = values(dataset, "00280008")[:1] or [1]
    text = str(frames).strip()
    count = int(text) if text.isdecimal() and len(text) <= _DIGITS else 0
    return 0 < count <= MOST_FRAMES and 0 < count * rows * columns <= MOST_PIXELS


def after_reading(decision: PixelDecision, finding: TextFinding) -> PixelDecision:
    """Let what was read decide in place of a header that has not said enough."""
    aside = replace(decision, decision=Decision.QUARANTINE)
    match finding.outcome:
        case TextOutcome.NONE:
            return PixelDecision(Decision.PASS, PixelReason.NO_TEXT_SEEN)
        case TextOutcome.OWN:
            return PixelDecision(
                Decision.MASK, PixelReason.OWN_TEXT_MASKED, masks=finding.boxes
            )
        case TextOutcome.OTHER:
            return replace(aside, reason=PixelReason.TEXT_SEEN)
        case TextOutcome.UNREAD:
            return replace(aside, reason=PixelReason.TEXT_UNREAD)


def weigh(
    lines: Iterable[TextLine], own: Collection[str], size: tuple[int, int]
) -> TextFinding:
    """Say what the lines of all frames of an image amount to.

    Args:
        lines: What was read.
        own: Identifiers of the file, as ``spellings`` spells them.
        size: Columns and rows of a frame; boxes end there.
    """
    boxes: dict[Box, None] = {}
    outcome = TextOutcome.NONE
    for line in lines:
        is_own = _is_own(line.text, own)
        if is_own or not _is_harmless(line.text):
            boxes[_with_margin(line.box, size)] = None
            is_known = is_own and outcome is not TextOutcome.OTHER
            outcome = TextOutcome.OWN if is_known else TextOutcome.OTHER
    return TextFinding(outcome, tuple(boxes))


def spellings(texts: Iterable[str], dates: Iterable[str]) -> frozenset[str]:
    """Spell identifiers as they may stand on an image: letters and digits alone.

    Args:
        texts: Names, numbers, places, as a header has them.
        dates: ``YYYYMMDD``, perhaps with a time behind.
    """
    found = {form for text in texts for form in _forms(text)}
    found |= {form for date in dates for form in _days(date)}
    return frozenset(form for form in found if len(form) >= _SHORTEST)


def _forms(text: str) -> Iterator[str]:
    words = _words(text)
    yield from words
    yield "".join(words)
    if 1 < len(words) <= _PARTS:
        yield from map("".join, permutations(words))


def _days(date: str) -> Iterator[str]:
    day = re.match(r"(\d{4})(\d\d)(\d\d)", date)
    if day:
        year, month, number_ = day.groups()
        for century in (year, year[2:]):
            yield century + month + number_
            yield number_ + month + century
            yield month + number_ + century


def _words(text: str) -> list[str]:
    apart = unicodedata.normalize("NFKD", text.casefold())
    return _WORD.findall("".join(c for c in apart if not unicodedata.combining(c)))


def _is_own(text: str, own: Collection[str]) -> bool:
    words = _words(text)
    whole, alone = "".join(words), set(words)
    return any(
        _is_near(form, whole) if len(form) >= _FUZZY else form in alone for form in own
    )


def _is_near(form: str, text: str) -> bool:
    """Whether a part of ``text`` differs from ``form`` in one letter of four."""
    if form in text:
        return True
    before = [0] * (len(text) + 1)
    for wanted in form:
        row = [before[0] + 1]
        for at, letter in enumerate(text):
            change = before[at] + (wanted != letter)
            row.append(min(change, before[at + 1] + 1, row[at] + 1))
        before = row
    return min(before) <= len(form) // _FUZZY


def _is_harmless(text: str) -> bool:
    """Whether a line is of markers, short numbers and units, parted by spaces.

    A line in which no letter was recognised is one that could not be read.
    """
    words = text.casefold().split()
    known = (word in _MARKERS or _MEASURE.fullmatch(word) for word in words)
    return bool(words) and all(known)


def _with_margin(box: Box, size: tuple[int, int]) -> Box:
    margin = max(2, box.height // 4)
    left, top = max(0, box.x - margin), max(0, box.y - margin)
    right = min(size[0], box.x + box.width + margin)
    bottom = min(size[1], box.y + box.height + margin)
    return Box(left, top, right - left, bottom - top)
