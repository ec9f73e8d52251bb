"""What people say about who is one person: issuers, links, unlinks, a cap."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from dicom_pipeline.dicom.identity import normalised

LARGEST_GROUP = 10
"""Patients of one person, at most; one who has more ids than that is a shared id."""

Pair = tuple[str, str]
"""Two patients, sorted: by key as people write them, by identity where they are kept.

A key is another one after a rotation; an identity, which stays in the raw zone, is not.
"""

KEYS = re.compile(r"(?:[0-9a-f]{32}){1,2}")  # 32 digits in the profile safe_harbor
IDENTITIES = re.compile(r".*\x1f.+", re.DOTALL)
_WORDS = frozenset({"issuers", "links", "unlinks", "largest_group"})


class PersonRulesError(ValueError):
    """The rules cannot be used; says what to write instead, and quotes nothing."""


def pair(one: str, other: str) -> Pair:
    """Two patients in one order."""
    return (one, other) if one < other else (other, one)


@dataclass(frozen=True)
class PersonRules:
    """What people have said.

    Attributes:
        issuers: Groups of names of one issuer, normalised: the same Patient ID under
            two of them is one patient.
        links: Patients who are one person, whatever their headers say.
        unlinks: Patients who are not.
        largest_group: Patients that evidence may join; more wait for a person's word.
    """

    issuers: tuple[frozenset[str], ...] = field(default=(), repr=False)
    links: frozenset[Pair] = frozenset()
    unlinks: frozenset[Pair] = frozenset()
    largest_group: int = LARGEST_GROUP

    def issuer(self, name: str) -> str:
        """Return the one name under which an issuer's ids are compared."""
        return self._first_names.get(name, name)

    @cached_property
    def _first_names(self) -> dict[str, str]:
        return {name: min(names) for names in self.issuers for name in names}

    def linked(self, one: str, other: str) -> "PersonRules":
        """Say that two are one person; an earlier unlink of the two is gone."""
        two = _two((one, other))
        return replace(self, links=self.links | {two}, unlinks=self.unlinks - {two})

    def unlinked(self, one: str, other: str) -> "PersonRules":
        """Say that two are not one person; an earlier link of the two is gone."""
        two = _two((one, other))
        return replace(self, links=self.links - {two}, unlinks=self.unlinks | {two})

    def without(self, one: str) -> "PersonRules":
        """Forget what was said of one patient."""
        return replace(
            self,
            links=frozenset(two for two in self.links if one not in two),
            unlinks=frozenset(two for two in self.unlinks if one not in two),
        )

    def renamed(self, names: Mapping[str, str]) -> "PersonRules":
        """Call the patients of links and unlinks by other names.

        Raises:
            PersonRulesError: One of them has none.
        """
        both = (self.links, self.unlinks)
        if any(one not in names for pairs in both for two in pairs for one in two):
            raise PersonRulesError(
                "a patient key that no patient has: see patient_key in dim_patients"
            )
        links, unlinks = (
            frozenset(pair(names[a], names[b]) for a, b in pairs) for pairs in both
        )
        return replace(self, links=links, unlinks=unlinks)

    @property
    def patients(self) -> frozenset[str]:
        """Everybody whom links and unlinks name."""
        return frozenset(one for two in self.links | self.unlinks for one in two)

    def facts(self) -> dict[str, Any]:
        """Return the rules as they are written; the same rules, the same text."""
        return {
            "issuers": sorted(sorted(names) for names in self.issuers),
            "links": [list(two) for two in sorted(self.links)],
            "unlinks": [list(two) for two in sorted(self.unlinks)],
            "largest_group": self.largest_group,
        }

    @classmethod
    def read(cls, said: Any, names: re.Pattern[str] = KEYS) -> "PersonRules":  # noqa: ANN401
        """Read what ``facts`` gives, or a person has written in its form.

        Args:
            said: What a file says, parsed.
            names: What patients are called by.

        Raises:
            PersonRulesError: It is something else.
        """
        said = {} if said is None else said
        if not isinstance(said, Mapping) or said.keys() - _WORDS:
            raise PersonRulesError(f"the rules have {', '.join(sorted(_WORDS))} alone")
        links = _pairs(said.get("links"), names)
        unlinks = _pairs(said.get("unlinks"), names)
        if links & unlinks:
            raise PersonRulesError("the same two patients are linked and unlinked")
        largest = said.get("largest_group", LARGEST_GROUP)
        if not isinstance(largest, int) or isinstance(largest, bool) or largest < 2:  # noqa: PLR2004
            raise PersonRulesError("largest_group is a number of 2 or more")
        return cls(_issuers(said.get("issuers")), links, unlinks, largest)


def _issuers(said: Any) -> tuple[frozenset[str], ...]:  # noqa: ANN401
    """Groups of names; groups that share a name are one."""
    groups: list[frozenset[str]] = []
    for names in _lists(said, "issuers is a list of lists of names"):
        new = frozenset(normalised(str(name)) for name in names) - {""}
        while met := [group for group in groups if group & new]:
            new = new.union(*met)
            groups = [group for group in groups if group not in met]
        groups.append(new)
    return tuple(sorted(groups, key=min)) if all(groups) else ()


def _pairs(said: Any, names: re.Pattern[str]) -> frozenset[Pair]:  # noqa: ANN401
    words = "links and unlinks are lists of two patient keys"
    pairs = frozenset(_two(two) for two in _lists(said, words))
    if not all(names.fullmatch(one) for two in pairs for one in two):
        raise PersonRulesError("a patient key is 64 or 32 hexadecimal digits")
    return pairs


def _lists(said: Any, words: str) -> list[list[Any]]:  # noqa: ANN401
    lists = said or []
    if not isinstance(lists, list) or not all(isinstance(one, list) for one in lists):
        raise PersonRulesError(words)
    return lists


def _two(said: Iterable[Any]) -> Pair:
    named = [str(one) for one in said]
    if len(named) != 2 or named[0] == named[1]:  # noqa: PLR2004
        raise PersonRulesError("two patient keys that differ are a pair")
    return pair(named[0], named[1])
