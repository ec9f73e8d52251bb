"""Counts of checks that pass, and what the ten checks do not see."""

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .answers import REMOVALS, RETENTIONS, Action, Answer, InstanceKey
from .checks import Mappings, box_of, passes
from .outputs import Output

_DAY = dt.timedelta(days=1)
_REFERENCE = "(0008,1155)"
_TIMES = {
    f"(0008,002{number})": f"(0008,003{number})" for number in range(4)
}  # Study, Series, Acquisition, Content Date and Time
ANYWHERE = 5  # letters: a shorter text stands everywhere by chance


@dataclass
class Tally:
    """How many of how many."""

    passed: int = 0
    total: int = 0

    def add(self, *, good: bool) -> None:
        """Count one more."""
        self.passed += good
        self.total += 1

    @property
    def share(self) -> float:
        """Percent; 100 where nothing was asked."""
        return 100 * self.passed / self.total if self.total else 100.0

    def __str__(self) -> str:
        """As people write it."""
        return f"{self.passed}/{self.total}"


@dataclass
class Score:
    """What was asked and what was met.

    Attributes:
        actions: By action.
        categories: Removals by where they were planted.
        places: Instances in which all removals of one place are met, by place.
        unjudged: Pixels that must be hidden somewhere, with no box to look into.
        failed: Checks that failed, by action, category and path: no values.
        intervals: Dates of a patient that have all moved by the same number of days.
        references: Planted references that are there and lead to an instance.
        apart: Patients with one id of their own in all of their instances.
        silent: Outputs in which no planted text is found anywhere.
    """

    actions: dict[Action, Tally] = field(default_factory=lambda: defaultdict(Tally))
    categories: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    places: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    unjudged: int = 0
    failed: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    intervals: Tally = field(default_factory=Tally)
    references: Tally = field(default_factory=Tally)
    apart: Tally = field(default_factory=Tally)
    silent: Tally = field(default_factory=Tally)

    @property
    def required(self) -> Tally:
        """All ten actions."""
        return _sum(self.actions.values())

    @property
    def removed(self) -> Tally:
        """Those that take something away."""
        return _sum(self.actions[action] for action in sorted(REMOVALS))

    @property
    def kept(self) -> Tally:
        """Those that ask for something to be left."""
        return _sum(self.actions[action] for action in sorted(RETENTIONS))


def score(
    keys: Iterable[InstanceKey], outputs: Mapping[str, Output], mappings: Mappings
) -> Score:
    """Hold outputs against the key.

    Args:
        keys: What is asked.
        outputs: By SOP Instance UID as planted; one that is missing is gone.
        mappings: What each identifier has become.
    """
    made, pairs = Score(), [(key, outputs.get(key.uid)) for key in keys]
    for key, output in pairs:
        met: dict[str, bool] = {}
        for answer in key.answers:
            if answer.action is Action.PIXELS_HIDDEN and not box_of(answer.value):
                made.unjudged += 1
                continue
            good = passes(answer, output, mappings)
            _count(made, answer, good=good)
            if answer.action in REMOVALS:
                met[answer.category] = met.get(answer.category, True) and good
        for category, good in met.items():
            made.places[category].add(good=good)
        if output is not None:
            made.silent.add(good=not _said(key.answers, output))
    _count_intervals(made.intervals, pairs)
    _count_references(made.references, pairs)
    _count_patients(made.apart, pairs)
    return made


def _count(made: Score, answer: Answer, *, good: bool) -> None:
    made.actions[answer.action].add(good=good)
    if answer.action in REMOVALS:
        made.categories[answer.category].add(good=good)
    if not good:
        made.failed[answer.action, answer.category, plain(answer.tag)] += 1


def plain(tag: str) -> str:
    """Return a path without the numbers of items."""
    return re.sub(r"\[\d+\]", "", tag)


def _said(answers: Sequence[Answer], output: Output) -> bool:
    text = output.all_texts().lower()
    return any(
        answer.text.lower() in text
        for answer in answers
        if answer.action is Action.TEXT_REMOVED and len(answer.text) > ANYWHERE
    )


Pairs = Sequence[tuple[InstanceKey, Output | None]]


def found_by(outputs: Iterable[Output], mappings: Mappings) -> dict[str, Output]:
    """Outputs by the SOP Instance UID that they had before."""
    by_uid = {output.uid: output for output in outputs}
    old = {new: old for old, new in mappings.uids.items()}
    return {old[uid]: output for uid, output in by_uid.items() if uid in old}


def _count_intervals(tally: Tally, pairs: Pairs) -> None:
    """All dates of a patient: have they moved by one and the same step?

    A date that has a time beside it is compared with it; of one without, a tool that
    moves hours as well may be a day off.
    """
    steps: dict[str, list[dt.timedelta | None]] = defaultdict(list)
    for key, output in pairs:
        planted = {answer.tag: answer.value for answer in key.answers}
        for answer in key.answers:
            if answer.action is Action.DATE_SHIFTED:
                old = _moment(answer.tag, planted)
                new = _moment(answer.tag, output.texts) if output else None
                steps[_person(key)].append(old - new if old and new else None)
    for of_patient in steps.values():
        known = Counter(step for step in of_patient if step is not None)
        common = known.most_common(1)[0][0] if known else None
        for step in of_patient:
            tally.add(good=_near(step, common))


def _near(step: dt.timedelta | None, other: dt.timedelta | None) -> bool:
    return step is not None and other is not None and abs(step - other) < _DAY


def _moment(tag: str, texts: Mapping[str, str]) -> dt.datetime | None:
    """Date at a path, with the time that belongs to it."""
    text = texts.get(tag, "")
    clock = texts.get(_TIMES.get(tag, ""), "") or text[8:14] or "000000"
    try:
        return dt.datetime.strptime(text[:8] + clock[:6], "%Y%m%d%H%M%S")  # noqa: DTZ007
    except ValueError:
        return None


def _count_references(tally: Tally, pairs: Pairs) -> None:
    """References that must be kept, and whose instance is in the corpus."""
    planted = {key.uid for key, _ in pairs}
    new = {key.uid: output.uid for key, output in pairs if output is not None}
    for key, output in pairs:
        for answer in key.answers:
            refers = answer.tag.endswith(_REFERENCE) and answer.value in planted
            if refers and answer.action is Action.TAG_RETAINED:
                found = output.texts.get(answer.tag, "") if output else ""
                tally.add(good=bool(found) and found == new.get(answer.value))


def _count_patients(tally: Tally, pairs: Pairs) -> None:
    new: dict[str, set[str]] = defaultdict(set)
    for key, output in pairs:
        if output is not None:
            new[_person(key)].add(output.patient)
    uses = Counter(patient for ids in new.values() for patient in ids)
    for ids in new.values():
        tally.add(good=len(ids) == 1 and all(uses[each] == 1 for each in ids))


def _person(key: InstanceKey) -> str:
    """Issuer and id: two hospitals may have issued the same id."""
    issuer = next((a.value for a in key.answers if a.tag == "(0010,0021)"), "")
    return f"{issuer}\x1f{key.identity['PatientID']}"


def _sum(tallies: Iterable[Tally]) -> Tally:
    parts = list(tallies)
    return Tally(sum(t.passed for t in parts), sum(t.total for t in parts))
