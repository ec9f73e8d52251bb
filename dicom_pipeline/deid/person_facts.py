"""What is known of patients, and what may be said of who is one person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class Evidence(StrEnum):
    """Why two patients are one person; the weakest last."""

    LINKED = "linked"  # a person said so
    SAME_ISSUER = "same_issuer"  # one id, under two names of one issuer
    OTHER_ID = "other_id"  # the id of one is listed by the other, with its issuer
    SHARED_OTHER_ID = "shared_other_id"  # both list one id, with its issuer
    UNISSUED_OTHER_ID = "unissued_other_id"  # listed without issuer, birth dates agree


class Doubt(StrEnum):
    """Why patients with evidence were not made one person."""

    BIRTH_DATES_DIFFER = "birth_dates_differ"
    BIRTH_DATE_MISSING = "birth_date_missing"  # and the issuer of the id is not said
    SHARED_BY_MANY = "shared_by_many"  # an id that more patients have than a group may
    GROUP_TOO_LARGE = "group_too_large"
    UNLINKED_WITHIN = "unlinked_within"  # a person parted two that others connect


@dataclass(frozen=True)
class OtherId:
    """An id that a header lists beside the patient's own.

    Attributes:
        issuer: As said; empty where it is not.
        patient_id: As said.
    """

    issuer: str = field(repr=False)
    patient_id: str = field(repr=False)


@dataclass(frozen=True)
class Patient:
    """One patient, as all of his headers describe him. Personal.

    Attributes:
        identity: Issuer or provider, U+001F, normalised Patient ID.
        first_seen: When the first of his files reached the provider's store.
        namespaces: Issuers, or providers without one, that his headers were sent under.
        others: Ids that are listed beside his own.
        birth_dates: All that were said.
    """

    identity: str = field(repr=False)
    first_seen: datetime
    namespaces: frozenset[str] = field(default=frozenset(), repr=False)
    others: frozenset[OtherId] = field(default=frozenset(), repr=False)
    birth_dates: frozenset[date] = field(default=frozenset(), repr=False)

    @property
    def age(self) -> tuple[datetime, str]:
        """By which the oldest of a group is known."""
        return self.first_seen, self.identity


@dataclass(frozen=True)
class Person:
    """Patients who are one.

    Attributes:
        identity: Of the member whose files came first; it gives the person's key.
        members: Identities of all, with the evidence that joins each.
    """

    identity: str = field(repr=False)
    members: Mapping[str, frozenset[Evidence]] = field(repr=False)


@dataclass(frozen=True)
class Held:
    """Patients who may be one and wait for a person's word.

    Attributes:
        doubt: Why.
        members: Their identities, sorted.
    """

    doubt: Doubt
    members: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class Grouping:
    """What became of all patients.

    Attributes:
        persons: Groups of two patients and more, by identity.
        held: What was not joined, each doubt once for the same patients.
        strangers: Patients of links and unlinks who are not there.
    """

    persons: tuple[Person, ...]
    held: tuple[Held, ...] = ()
    strangers: frozenset[str] = field(default=frozenset(), repr=False)
