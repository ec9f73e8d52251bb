"""Methods measured side by side: interleaved rounds, medians, ratios, targets."""

import resource
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

Method = Callable[[Sequence[Any]], object]


@dataclass(frozen=True)
class Options:
    """How much is measured.

    Attributes:
        quick: A tenth of the files, to see that everything runs.
        rounds: Parts that the files are cut into; each part goes to every method.
        images: Images from S3 to S3, instead of the row's own number.
    """

    quick: bool = False
    rounds: int = 5
    images: int | None = None

    def files(self, count: int) -> int:
        """Of ``count`` files, how many are measured."""
        return max(self.rounds, count // 10) if self.quick else count


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        name: What is compared.
        ours: Median per file, in ``unit``.
        peer: The same of the other method; ``None`` where a bound is meant.
        unit: ``us CPU``, ``us wall``, ``bytes`` or ``MiB``.
        ratio: ``peer / ours``, or ``ours / bound``.
        target: What was promised; empty where the row is only for comparison.
        met: Whether it is kept; ``None`` without a target.
        spread: Smallest and largest ratio of the rounds.
    """

    name: str
    ours: float
    peer: float | None
    unit: str
    ratio: float
    target: str = ""
    met: bool | None = None
    spread: tuple[float, float] | None = None

    def json(self) -> dict[str, Any]:
        """The row for machines."""
        return asdict(self)


@dataclass(frozen=True)
class Spent:
    """Time of one method over one part, per file.

    Attributes:
        cpu: Microseconds of processor, own and of children that have ended.
        wall: Microseconds of the clock.
    """

    cpu: float
    wall: float


def interleaved(
    methods: dict[str, Method], files: Sequence[Any], rounds: int
) -> dict[str, list[Spent]]:
    """Run every method over every part of the files, A B C A B C.

    Other work on the machine then slows all of them, and the ratio stays. The order
    is turned round in every other part, so that none is always the first.
    """
    spent: dict[str, list[Spent]] = {name: [] for name in methods}
    for number, part in enumerate(_parts(files, rounds)):
        order = list(methods.items())
        for name, method in order[:: -1 if number % 2 else 1]:
            spent[name].append(_measured(method, part))
    return spent


def compared(
    name: str,
    spent: dict[str, list[Spent]],
    *,
    peer: str,
    ours: str = "ours",
    at_least: float | None = None,
    clock: str = "cpu",
) -> Row:
    """Row of how many times more the peer takes; target where one was promised."""
    mine, other = ([getattr(s, clock) for s in spent[key]] for key in (ours, peer))
    ratios = [theirs / our for our, theirs in zip(mine, other, strict=True)]
    ratio = statistics.median(ratios)
    return Row(
        name=name,
        ours=statistics.median(mine),
        peer=statistics.median(other),
        unit=f"us {clock}",
        ratio=ratio,
        target="" if at_least is None else f">= {at_least:g}x",
        met=None if at_least is None else ratio >= at_least,
        spread=(min(ratios), max(ratios)),
    )


def bounded(name: str, value: float, bound: float, unit: str) -> Row:
    """Row of a value that must not exceed its bound."""
    target = f"<= {bound:,.0f}"
    return Row(name, value, None, unit, value / bound, target, value <= bound)


def cpu_seconds() -> float:
    """Processor time of this process and of its children that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def _measured(method: Method, part: Sequence[Any]) -> Spent:
    cpu, wall = cpu_seconds(), time.perf_counter()
    method(part)
    wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    return Spent(cpu / len(part) * 1e6, wall / len(part) * 1e6)


def _parts(files: Iterable[Any], rounds: int) -> Iterator[list[Any]]:
    """Cut into ``rounds`` parts of files that lie apart: sizes come in clusters."""
    files = list(files)
    for number in range(rounds):
        yield list(islice(files, number, None, rounds))
