"""Which patients are one person: evidence in headers, rules of people, no names.

Everything here is a function of all the evidence there is: in which order files came
plays no part, and what a removed link had joined falls apart again. A name, or a name
with a birth date, never joins; a birth date can only keep apart, or confirm an id whose
issuer is not said.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from dicom_pipeline.deid.person_facts import (
    Doubt,
    Evidence,
    Grouping,
    Held,
    Patient,
    Person,
)
from dicom_pipeline.deid.person_rules import Pair, PersonRules
from dicom_pipeline.dicom.identity import DUMMY_IDS, SEPARATOR, is_named, normalised

Name = tuple[str, str]
"""Issuer and Patient ID, normalised."""


Edges = dict[Pair, set[Evidence]]


def grouped(patients: Iterable[Patient], rules: PersonRules) -> Grouping:
    """Join the patients that evidence and rules say are one person.

    Args:
        patients: All of them, each once.
        rules: What people have said, of identities.
    """
    known = {patient.identity: patient for patient in patients}
    linked, unlinked = (
        {two for two in said if known.keys() >= set(two)}
        for said in (rules.links, rules.unlinks)
    )
    claims = _claims(known.values(), rules)
    held = set(_hubs(claims, rules))
    edges: Edges = defaultdict(set)
    for two in linked:
        edges[two].add(Evidence.LINKED)
    for two, found in _found(known, claims, rules):
        if two in unlinked or (isinstance(found, Doubt) and two in linked):
            continue
        if isinstance(found, Doubt):
            held.add(Held(found, two))
        else:
            edges[two].add(found)
    persons: list[Person] = []
    for group in _groups(edges):
        doubt = _doubt(group, unlinked, known, rules)
        if doubt is None:
            persons.append(_person(group, known))
            continue
        held.add(Held(doubt, tuple(sorted(group.members))))
        parts = _groups(group.linked)
        persons += (_person(p, known) for p in parts if not p.has_any(unlinked))
    return Grouping(
        tuple(sorted(persons, key=lambda person: person.identity)),
        tuple(sorted(held, key=lambda each: (each.doubt, each.members))),
        rules.patients - known.keys(),
    )


@dataclass
class _Claims:
    """Who has an id, and how he came to it."""

    own: set[str] = field(default_factory=set)
    listed: set[str] = field(default_factory=set)
    unissued: set[str] = field(default_factory=set)

    def all(self) -> list[str]:
        return sorted(self.own | self.listed | self.unissued)

    def is_sure(self, one: str) -> bool:
        return one in self.own or one in self.listed

    def evidence(self, one: str, other: str) -> Evidence:
        if not (self.is_sure(one) and self.is_sure(other)):
            return Evidence.UNISSUED_OTHER_ID
        owners = len({one, other} & self.own)
        return (
            Evidence.SHARED_OTHER_ID,
            Evidence.OTHER_ID,
            Evidence.SAME_ISSUER,
        )[owners]


def _hubs(claims: Mapping[Name, _Claims], rules: PersonRules) -> Iterator[Held]:
    """Ids that more patients claim than one person can have."""
    for claim in claims.values():
        who = claim.all()
        if len(who) > rules.largest_group:
            yield Held(Doubt.SHARED_BY_MANY, tuple(who))


def _found(
    known: Mapping[str, Patient], claims: Mapping[Name, _Claims], rules: PersonRules
) -> Iterator[tuple[Pair, Evidence | Doubt]]:
    """Patients that ids join, two by two; or why they do not."""
    for claim in claims.values():
        who = claim.all()
        if len(who) > rules.largest_group:
            continue
        for one, other in combinations(who, 2):
            evidence = claim.evidence(one, other)
            doubt = _apart(known[one], known[other], evidence)
            yield (one, other), doubt or evidence


def _claims(patients: Iterable[Patient], rules: PersonRules) -> dict[Name, _Claims]:
    """Who claims which id; an id that many strangers write is nobody's."""
    found: dict[Name, _Claims] = defaultdict(_Claims)
    for patient in patients:
        if is_named(patient.identity):
            issuer, _, own = patient.identity.partition(SEPARATOR)
            found[rules.issuer(issuer), own].own.add(patient.identity)
        for other in patient.others:
            listed = normalised(other.patient_id)
            if listed.casefold() in DUMMY_IDS:
                continue
            issuer = normalised(other.issuer)
            if issuer:
                found[rules.issuer(issuer), listed].listed.add(patient.identity)
                continue
            for namespace in patient.namespaces:
                claims = found[rules.issuer(namespace), listed]
                claims.unissued.add(patient.identity)
    return found


def _apart(one: Patient, other: Patient, evidence: Evidence) -> Doubt | None:
    """Why an id that two patients claim does not make them one."""
    if one.birth_dates and other.birth_dates:
        agree = bool(one.birth_dates & other.birth_dates)
        return None if agree else Doubt.BIRTH_DATES_DIFFER
    guessed = evidence is Evidence.UNISSUED_OTHER_ID
    return Doubt.BIRTH_DATE_MISSING if guessed else None


@dataclass
class _Group:
    """Patients that edges connect."""

    members: set[str]
    edges: Edges = field(default_factory=dict)

    @property
    def linked(self) -> Edges:
        """What people have linked themselves."""
        said = {Evidence.LINKED}
        return {two: set(said) for two, why in self.edges.items() if said <= why}

    def has_any(self, pairs: Iterable[Pair]) -> bool:
        return any(self.members.issuperset(two) for two in pairs)


def _groups(edges: Edges) -> list[_Group]:
    """Groups that the edges connect: union by size, find with path halving."""
    above: dict[str, str] = {}
    groups: dict[str, _Group] = {}

    def top(one: str) -> str:
        if one not in above:
            above[one], groups[one] = one, _Group({one})
        while above[one] != one:
            above[one] = above[above[one]]
            one = above[one]
        return one

    for two in edges:
        small, large = sorted(map(top, two), key=lambda one: len(groups[one].members))
        if small != large:
            above[small] = large
            groups[large].members |= groups.pop(small).members
    for two, why in edges.items():
        groups[top(two[0])].edges[two] = why
    return list(groups.values())


def _doubt(
    group: _Group,
    unlinked: Iterable[Pair],
    known: Mapping[str, Patient],
    rules: PersonRules,
) -> Doubt | None:
    """Why a connected group is not one person after all."""
    if group.has_any(unlinked):
        return Doubt.UNLINKED_WITHIN
    parts = _groups(group.linked)
    if any(part.members == group.members for part in parts):
        return None
    if len(group.members) > rules.largest_group:
        return Doubt.GROUP_TOO_LARGE
    alone = group.members.difference(*(part.members for part in parts))
    units = [*({one} for one in alone), *(part.members for part in parts)]
    said = [frozenset().union(*(known[one].birth_dates for one in u)) for u in units]
    differ = any(a and b and not a & b for a, b in combinations(said, 2))
    return Doubt.BIRTH_DATES_DIFFER if differ else None


def _person(group: _Group, known: Mapping[str, Patient]) -> Person:
    oldest = min((known[one] for one in group.members), key=lambda one: one.age)
    why: dict[str, set[Evidence]] = {one: set() for one in sorted(group.members)}
    for two, evidence in group.edges.items():
        for one in two:
            why[one] |= evidence
    return Person(oldest.identity, {one: frozenset(why[one]) for one in why})
