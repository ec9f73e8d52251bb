"""Codes that may stay: closed lists, and coded concepts of published dictionaries."""

import csv
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from pathlib import Path

from pydicom.sr._snomed_dict import mapping
from pydicom.sr.codedict import codes

CONCEPTS = "concepts"
"""Not a list of words: a coded entry of an item, PS3.3 8.8."""

_SNOMED_RT = frozenset({"SRT", "SNM3", "99SDM"})
_ANYTHING = ".+"


@dataclass(frozen=True)
class CodeList:
    """One list.

    Attributes:
        exact: Codes, upper case.
        patterns: What a whole code may match, with the code that it stands for; empty:
            itself. The first that matches decides.
    """

    exact: frozenset[str]
    patterns: tuple[tuple[re.Pattern[str], str], ...]

    def code(self, text: str) -> str | None:
        """Return the code that a text is, upper case; off the list, nothing."""
        plain = text.strip(" ").upper()
        if plain in self.exact:
            return plain
        for pattern, stands_for in self.patterns:
            if pattern.fullmatch(plain):
                return stands_for or plain
        return None


@dataclass(frozen=True)
class CodeLists:
    """All lists: those that the tables are held to, and those of nested headers."""

    lists: dict[str, CodeList]
    digest: str

    @cached_property
    def names(self) -> frozenset[str]:
        """Lists that a rule may name."""
        return frozenset(self.lists)


@cache
def code_lists() -> CodeLists:
    """Read the packaged lists."""
    texts = [_own(), _of_tables()]
    found: dict[str, CodeList] = {}
    for text in texts:
        found |= _read(text.splitlines())
    digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()
    return CodeLists(found, digest)


@lru_cache(maxsize=65_536)
def concept(scheme: str, value: str) -> tuple[str, str, str | None] | None:
    """Return scheme, code and meaning of a concept that the world knows.

    A local code may be anything, a name included: it is no concept. What the file says
    that the code means is not asked for.

    Returns:
        The meaning is null for a code of a published form that is in no dictionary
        here; nothing for any other.

    DICOM:
        PS3.3 8.8, PS3.16 8; SNOMED RT codes are looked up as the SCT ones they became.
    """
    known = _meanings()
    meaning = known.get((scheme, value))
    if meaning is None and scheme in _SNOMED_RT:
        meaning = known.get(("SCT", mapping["SRT"].get(value, "")))
    if meaning is not None:
        return scheme, value, meaning
    if code_lists().lists[CONCEPTS].code(f"{scheme}:{value}") == f"{scheme}:{value}":
        return scheme, value, None
    return None


@cache
def _meanings() -> dict[tuple[str, str], str]:
    """Shortest meaning of each concept of pydicom's dictionary, read from PS3.16."""
    found: dict[tuple[str, str], str] = {}
    for scheme in codes.schemes():
        for code in getattr(codes, scheme).concepts.values():
            known = found.setdefault((scheme, code.value), code.meaning)
            if len(code.meaning) < len(known):
                found[scheme, code.value] = code.meaning
    return found


def _read(lines: Iterable[str]) -> dict[str, CodeList]:
    exact: dict[str, set[str]] = defaultdict(set)
    patterns: dict[str, list[tuple[bool, str, str]]] = defaultdict(list)
    for row in csv.DictReader(lines):
        name, code, pattern = row["list_name"], row["code"], row["pattern"]
        if pattern:
            patterns[name].append((pattern == _ANYTHING, code, pattern))
        else:
            exact[name].add(code)
    return {
        name: CodeList(
            frozenset(exact[name]),
            tuple((re.compile(p), code) for _, code, p in sorted(patterns[name])),
        )
        for name in exact.keys() | patterns.keys()
    }


def _own() -> str:
    return files("dicom_pipeline.deid").joinpath("nested_codes.csv").read_text("utf-8")


def _of_tables() -> str:
    """The seed of the dbt project: inside the package in a wheel, else beside it."""
    package = Path(__file__).parents[1]
    packaged = package / "_dbt_project"
    project = packaged if packaged.is_dir() else package.parent / "dbt_project"
    return (project / "seeds" / "code_lists.csv").read_text("utf-8")
