"""The ten checks: is what the key asks of an attribute true of the output?"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from .answers import RETENTIONS, Action, Answer, read_mapping, write_mapping
from .outputs import Output
from .pictures import Box

_STOP = frozenset(
    {
        *("a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as"),
        *("at", "be", "been", "before", "being", "but", "by", "can", "did", "do"),
        *("does", "doing", "for", "from", "had", "has", "have", "having", "he", "her"),
        *("here", "him", "his", "how", "i", "if", "in", "into", "is", "it", "its"),
        *("me", "more", "my", "no", "nor", "not", "of", "off", "on", "once", "only"),
        *("or", "other", "our", "out", "over", "own", "she", "so", "some", "such"),
        *("than", "that", "the", "their", "them", "then", "there", "these", "they"),
        *("this", "those", "to", "too", "under", "until", "up", "very", "was", "we"),
        *("were", "what", "when", "where", "which", "while", "who", "why", "will"),
        *("with", "you", "your"),
    }
)
_WORD = re.compile(r"[^\W_]+(?:\.[^\W_]+)*")
_KEYED = re.compile(r"[0-9a-f]{16,64}|2\.25\.[0-9]+")


@dataclass(frozen=True)
class Mappings:
    """What each identifier has become, by the holder of the key.

    Attributes:
        uids: New UID by old.
        patients: New ids by old id: two hospitals may have issued the same one.
    """

    uids: Mapping[str, str] = field(default_factory=dict)
    patients: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, uids: Path, patients: Path) -> Self:
        """Read ``uid_mapping.csv`` and ``patid_mapping.csv``."""
        found: dict[str, set[str]] = {}
        for old, new in read_mapping(patients):
            found.setdefault(old, set()).add(new)
        known = {old: frozenset(new) for old, new in found.items()}
        return cls(dict(read_mapping(uids)), known)

    def write(self, uids: Path, patients: Path) -> None:
        """Write both."""
        write_mapping(uids, self.uids.items())
        pairs = [(old, new) for old, some in self.patients.items() for new in some]
        write_mapping(patients, pairs)


def passes(answer: Answer, output: Output | None, mappings: Mappings) -> bool:
    """Whether one answer is met; an instance that is gone keeps no secret and no use.

    Raises:
        KeyError: The key asks for something that is none of the ten actions.
    """
    if output is None:
        return answer.action not in RETENTIONS
    return _CHECKS[answer.action](answer, output, mappings)


def words(text: str) -> list[str]:
    """Words that mean something, in lower case."""
    return [word for word in _WORD.findall(text.lower()) if word not in _STOP]


def box_of(value: str) -> Box | None:
    """Return a box out of ``x,y,width,height``; None for the whole picture."""
    numbers = re.fullmatch(r"(\d+),(\d+),(\d+),(\d+)", value)
    if not numbers:
        return None
    left, top, width, height = map(int, numbers.groups())
    return left, top, width, height


def says(text: str, sought: str) -> list[bool]:
    """For each word of ``sought``, whether ``text`` says it.

    Numbers are compared as numbers; a text that holds the whole of the other says all
    of it. A keyed pseudonym is one word: digits in it mean nothing.
    """
    mine, theirs = _numbers(text), _numbers(sought)
    if mine and theirs:
        return [mine == theirs]
    text, sought = text.lower(), sought.lower()
    if sought and sought in text and not _KEYED.fullmatch(text):
        return [True]
    values = [value for value in text.split("\\") if not _KEYED.fullmatch(value)]
    return [any(word in value for value in values) for word in words(sought)]


def _numbers(text: str) -> list[float]:
    parts = re.split(r"[\\,\s]+", text.strip("[]() ").replace("'", ""))
    try:
        return [round(float(part), 6) for part in parts]
    except ValueError:
        return []


def _there(answer: Answer, output: Output, _: Mappings) -> bool:
    return answer.tag in output.texts


def _not_empty(answer: Answer, output: Output, _: Mappings) -> bool:
    return bool(output.texts.get(answer.tag))


def _retained(answer: Answer, output: Output, _: Mappings) -> bool:
    found = output.texts.get(answer.tag, "")
    return bool(found) and all(says(found, answer.text))


def _said(answer: Answer, output: Output) -> list[str]:
    """All that stands at the path, in one surface or two."""
    surfaces = (output.texts, output.under)
    return [text for each in surfaces if (text := each.get(answer.tag))]


def _removed(answer: Answer, output: Output, _: Mappings) -> bool:
    found = _said(answer, output)
    return not any(any(says(text, answer.text)) for text in found)


def _other(answer: Answer, output: Output, _: Mappings) -> bool:
    old = answer.value.replace("\\", "")
    return all(old not in text.replace("\\", "") for text in _said(answer, output))


def _mapped_uid(answer: Answer, output: Output, mappings: Mappings) -> bool:
    new = mappings.uids.get(answer.value)
    return all(text == new for text in _said(answer, output))


def _mapped_patient(answer: Answer, output: Output, mappings: Mappings) -> bool:
    new = mappings.patients.get(answer.value, frozenset())
    return all(text in new for text in _said(answer, output))


def _hidden(answer: Answer, output: Output, _: Mappings) -> bool:
    box = box_of(answer.value)
    return box is not None and output.flat(answer.tag, box)


def _kept_pixels(answer: Answer, output: Output, _: Mappings) -> bool:
    return output.same(box_of(answer.value), answer.text)


_CHECKS: dict[Action, Callable[[Answer, Output, Mappings], bool]] = {
    Action.TAG_RETAINED: _there,
    Action.TEXT_NOTNULL: _not_empty,
    Action.TEXT_RETAINED: _retained,
    Action.TEXT_REMOVED: _removed,
    Action.DATE_SHIFTED: _other,
    Action.UID_CHANGED: _other,
    Action.UID_CONSISTENT: _mapped_uid,
    Action.PATID_CONSISTENT: _mapped_patient,
    Action.PIXELS_HIDDEN: _hidden,
    Action.PIXELS_RETAINED: _kept_pixels,
}
