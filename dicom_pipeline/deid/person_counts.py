"""What the grouping of patients came to, in counts and codes."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from dicom_pipeline.deid.person_facts import Grouping


@dataclass(frozen=True)
class PersonCounts:
    """What the grouping came to; counts and codes alone.

    Attributes:
        patients: Of the raw zone.
        persons: Of the same: groups, and patients who are alone.
        by_size: Persons by the number of their patients.
        by_evidence: Patients of groups by what joins them.
        held: Doubts by code: what was not joined and waits for a person's word.
        changed: Patients whose person is another now.
        strangers: Patients of links and unlinks who are not there.
    """

    patients: int
    persons: int
    by_size: Mapping[int, int]
    by_evidence: Mapping[str, int]
    held: Mapping[str, int]
    changed: int
    strangers: int


def counted(found: Grouping, patients: int, changed: int) -> PersonCounts:
    """Count what a grouping came to."""
    sizes = Counter(len(person.members) for person in found.persons)
    alone = patients - sum(size * count for size, count in sizes.items())
    evidence = Counter(
        why.value
        for person in found.persons
        for joined in person.members.values()
        for why in joined
    )
    return PersonCounts(
        patients=patients,
        persons=alone + len(found.persons),
        by_size=dict(sorted((sizes + Counter({1: alone})).items())),
        by_evidence=dict(sorted(evidence.items())),
        held=dict(sorted(Counter(held.doubt.value for held in found.held).items())),
        changed=changed,
        strangers=len(found.strangers),
    )
