"""Which of many texts hold what a patient was called; most often none does.

A pattern that looks at what stands around a value costs 1.5 ms per MB. RE2 skips to
where a value alone may begin, which costs 0.02 to 0.4 ms per MB. So each value is
sought alone, and the pattern is asked only where one of them stands.
"""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

_FEW = 5  # values; to seek more of them one by one costs more than the pattern


@dataclass(frozen=True)
class Sought:
    """Values that are sought in texts.

    Attributes:
        values: As they are, without JSON's escapes.
    """

    values: Collection[str] = field(repr=False)

    def within(self, texts: pa.Array) -> pa.Array:
        """Which texts hold a value: as it is or as JSON spells it, not within a word.

        Args:
            texts: Strings; one that is null holds none.

        Returns:
            Booleans, as many as there are texts; of a null, null or false.
        """
        if self._spelled and self._may(texts):
            return pc.match_substring_regex(texts, self._pattern)
        return pa.repeat(pa.scalar(value=False), len(texts))

    def _may(self, texts: pa.Array) -> bool:
        """Whether a value may stand in a text; if not, it stands in none of them."""
        if len(self._spelled) > _FEW:
            return True
        alone = (pc.match_substring_regex(texts, form) for form in self._spelled)
        return any(pc.any(told).as_py() for told in alone)

    @cached_property
    def _spelled(self) -> list[str]:
        """Each way to write each value, as an expression."""
        spelled = {form for value in self.values for form in _spellings(value)}
        return sorted(map(re.escape, spelled))

    @cached_property
    def _pattern(self) -> str:
        """Matches each value, but no number within a longer one."""
        either = "|".join(self._spelled)
        return rf"(?:^|[^0-9A-Za-z.])(?:{either})(?:$|[^0-9A-Za-z.])"


def _spellings(value: str) -> set[str]:
    """The value as text and as JSON spells it."""
    return {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
