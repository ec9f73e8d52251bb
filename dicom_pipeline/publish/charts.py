"""Charts as plain geometry, which the template draws as SVG."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Final

_LEFT, _RIGHT, _TOP, _BOTTOM = 44.0, 6.0, 10.0, 24.0
_LABEL: Final = 62.0  # width of a word below the axis
_WIDEST: Final = 56.0
COLOURS: Final = 8


@dataclass(frozen=True)
class Frame:
    """Size of a chart, in the pixels that its words are drawn for."""

    width: float
    height: float

    @property
    def left(self) -> float:
        """Where the columns begin."""
        return _LEFT

    @property
    def right(self) -> float:
        """Where they end."""
        return self.width - _RIGHT

    @property
    def bottom(self) -> float:
        """Where they stand."""
        return self.height - _BOTTOM

    def rise(self, number: float, top: int) -> float:
        """How far down the page a number of a scale up to ``top`` lies."""
        return self.bottom - (self.bottom - _TOP) * number / top


WIDE: Final = Frame(1070, 230)
HALF: Final = Frame(500, 190)


@dataclass(frozen=True)
class Box:
    """One bar, or a part of one; ``colour`` counts from 1."""

    x: float
    y: float
    width: float
    height: float
    colour: int
    words: str


@dataclass(frozen=True)
class Mark:
    """A word beside an axis."""

    at: float
    words: str


@dataclass(frozen=True)
class Columns:
    """A column chart: boxes, a scale on the left, words below, a key above."""

    frame: Frame
    boxes: list[Box]
    scale: list[Mark]
    words: list[Mark]
    key: list[tuple[int, str]]


@dataclass(frozen=True)
class Part:
    """A share of a bar in percent, with its colour, name and number."""

    name: str
    count: int
    percent: float
    colour: int


def columns(
    counts: Sequence[tuple[str, str, int]],
    unit: str,
    order: Sequence[str] = ("",),
    frame: Frame = HALF,
) -> Columns:
    """Lay out a column for each place, its groups stacked.

    Args:
        counts: ``(place, group, number)``; places keep their order.
        unit: What is counted, for the words of a bar.
        order: Groups from the bottom up; those beyond the eighth share a colour.
        frame: Size of the chart.
    """
    numbers: dict[str, dict[str, int]] = {place: {} for place, _, _ in counts}
    for place, group, number in counts:
        numbers[place][group] = number
    most = max((sum(groups.values()) for groups in numbers.values()), default=0)
    ticks = _ticks(most)
    step = (frame.right - frame.left) / max(len(numbers), 1)
    middles = [frame.left + step * (number + 0.5) for number in range(len(numbers))]
    width = min(step * 0.72, _WIDEST)
    boxes = [
        Box(
            middle - width / 2,
            high,
            width,
            low - high,
            colour,
            f"{place}{words} {unit}",
        )
        for middle, (place, groups) in zip(middles, numbers.items(), strict=True)
        for high, low, colour, words in _stack(frame, groups, ticks[-1], order)
    ]
    spelled = _spelled(len(numbers), ceil(_LABEL / step))
    words = [
        Mark(middle, place)
        for number, (middle, place) in enumerate(zip(middles, numbers, strict=True))
        if number in spelled
    ]
    scale = [Mark(frame.rise(tick, ticks[-1]), f"{tick:,}") for tick in ticks]
    named = [group for group in order if group]
    key = [(min(n, COLOURS), group) for n, group in enumerate(named, start=1)]
    return Columns(frame, boxes, scale, words, key)


def _spelled(count: int, every: int) -> set[int]:
    """Places whose words fit side by side; the last one always has its word."""
    last = count - 1
    return {last} | {n for n in range(0, count, every) if n <= last - every}


def _stack(
    frame: Frame, groups: Mapping[str, int], top: int, order: Sequence[str]
) -> Iterator[tuple[float, float, int, str]]:
    """Yield upper edge, lower edge, colour and words of each group that is there."""
    below = 0
    for colour, group in enumerate(order, start=1):
        count = groups.get(group, 0)
        if count:
            words = f" · {group}: {count:,}" if group else f": {count:,}"
            high, low = frame.rise(below + count, top), frame.rise(below, top)
            yield high, low, min(colour, COLOURS), words
        below += count


def _ticks(most: int) -> list[int]:
    """Round numbers from zero to at least ``most``, four to six of them."""
    if most <= 0:
        return [0, 1]
    rough = most / 4
    power = 10 ** floor(log10(rough)) if rough >= 1 else 1
    step = next(s * power for s in (1, 2, 5, 10) if s * power * 5 >= most)
    return [int(step * n) for n in range(ceil(most / step) + 1)]


def parts(counts: Sequence[tuple[str, int, int]], whole: int) -> list[Part]:
    """Shares of a whole: ``(name, number, colour)`` in, percent out."""
    return [
        Part(name, count, 100 * count / whole if whole else 0.0, colour)
        for name, count, colour in counts
    ]
