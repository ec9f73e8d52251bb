"""What each output is made by: one digest for each class of rule that shapes it.

Two recipes are compared class by class, so that a change is known by what it touches:
a row of the mapping touches one table, a code list those whose rules name it, the pixel
policy the JPEGs. What is not in a recipe cannot make anything stale.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from importlib.resources import files

from dicom_pipeline.deid.rules import Rule

Recipe = Mapping[str, str]
"""Digest by class of rule."""

_SHAPING = (
    "table_name",
    "column_name",
    "target_function",
    "target_type",
    "target_column",
    "domain",
    "argument",
)
_DIGITS = 16
_NAMES_A_LIST = "keep_code"
_READS_TEXT = "text_terms"


class Cause(StrEnum):
    """Classes of what can make an output stale; others may be added by name."""

    FILES = "files"  # batches that came or went
    STAGE = "stage"  # a stage table it is made of
    READER = "reader"  # how headers are read
    COLUMNS = "columns"  # which columns the raw table has, and how they are read
    RULES = "rules"  # rows of the mapping
    LEXICA = "lexica"  # code lists and the text lexicon
    MODELS = "models"  # SQL of the table, and the functions that its rules use
    PIXELS = "pixels"  # pixel policy
    REVIEWS = "reviews"  # what people say of pixels
    RENDERER = "renderer"  # compressor and its options
    PROFILE = "profile"  # privacy profile
    KEY = "key"  # version of the key


@dataclass(frozen=True)
class Recipes:
    """Recipes of every output of an installation.

    Attributes:
        jpegs: Of the JPEGs, which are made month by month.
        stage: By stage model; each is made by one recipe as a whole.
        processed: By processed model: its own, without that of its parents.
        parents: Models that each model reads.
    """

    jpegs: Recipe = field(default_factory=dict)
    stage: Mapping[str, Recipe] = field(default_factory=dict)
    processed: Mapping[str, Recipe] = field(default_factory=dict)
    parents: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def also(
        self, cause: str, said: str, stage: Iterable[str] = (), *, jpegs: bool = False
    ) -> "Recipes":
        """Return the same with one more class of rule.

        Args:
            cause: A word for ``status``, the same for all that it touches.
            said: Text that differs when the rule does: a version, a hash, a setting.
            stage: Stage models that it shapes; those that read them are shaped too.
            jpegs: Whether it shapes JPEGs.
        """
        more = {cause: digest_of(said)}
        reached = self._with_readers(stage)
        touched = {model: {**self.stage[model], **more} for model in reached}
        return replace(
            self,
            jpegs={**self.jpegs, **more} if jpegs else self.jpegs,
            stage={**self.stage, **touched},
        )

    def _with_readers(self, stage: Iterable[str]) -> set[str]:
        """Stage models, and the stage models that read them."""
        reached, before = set(stage), set[str]()
        while reached != before:
            before = set(reached)
            reached |= {m for m in self.stage if before & {*self.parents.get(m, ())}}
        return reached


def digest_of(*parts: str) -> str:
    """Digest of texts, 16 hexadecimal digits."""
    text = "\x1f".join(parts)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def recipe_digest(recipe: Recipe) -> str:
    """Digest of a whole recipe."""
    return digest_of(*(f"{cause}={said}" for cause, said in sorted(recipe.items())))


def causes(before: Recipe, now: Recipe) -> list[str]:
    """Classes of rule in which two recipes differ."""
    both = {*before, *now}
    return sorted(str(cause) for cause in both if before.get(cause) != now.get(cause))


def rules_of(table: str, rules: Iterable[Rule]) -> list[Rule]:
    """The rules of one raw table."""
    return [rule for rule in rules if rule.table_name == table]


def rules_digest(rules: Iterable[Rule]) -> str:
    """Digest of what rules do; why they do it is for readers."""
    lines = (
        "\x1f".join(str(getattr(rule, name)) for name in _SHAPING) for rule in rules
    )
    return digest_of(*sorted(lines))


def lexica_digest(rules: Sequence[Rule], codes: Iterable[Mapping[str, str]]) -> str:
    """Digest of the code lists and the lexicon that rules use."""
    named = {r.argument for r in rules if r.target_function == _NAMES_A_LIST}
    lists = sorted(
        "\x1f".join(row.values()) for row in codes if row["list_name"] in named
    )
    reads_text = any(rule.target_function == _READS_TEXT for rule in rules)
    return digest_of(*lists, *(_text_rules() if reads_text else ()))


def table_sha256(rules: Sequence[Rule], codes: Iterable[Mapping[str, str]]) -> str:
    """SHA-256 that every row of a stage table bears: of its rules and their lexica."""
    words = f"{rules_digest(rules)}\x1f{lexica_digest(rules, codes)}"
    return hashlib.sha256(words.encode()).hexdigest()


def _text_rules() -> tuple[str, ...]:
    """The lexicon, and the code that reads it: neither has a version of its own."""
    package = files("dicom_pipeline.deid")
    names = ("lexicon.csv", "terms.py")
    return tuple(package.joinpath(name).read_text("utf-8") for name in names)
