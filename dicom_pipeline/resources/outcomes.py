"""What can become of a file, and the sum that must come out."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What became of an arrival; each has exactly one."""

    LOADED = "loaded"  # first version of its SOP instance
    IDENTICAL = "identical"  # the same bytes are in the raw bucket already
    NEW_VERSION = "new_version"  # other bytes under a known SOP Instance UID
    QUARANTINED = "quarantined"  # refused, with a reason; can be replayed
    IGNORED = "ignored"  # not meant to be loaded, with a reason


STORED = (Outcome.LOADED, Outcome.NEW_VERSION)
FILED = (*STORED, Outcome.IDENTICAL)
"""Its bytes are in the raw bucket."""
IS_STORED = f"outcome in ({', '.join(repr(str(outcome)) for outcome in STORED)})"
"""The same as a condition in SQL."""


@dataclass(frozen=True)
class Balance:
    """What came in and what became of it.

    Attributes:
        received: Files that a listing has shown; a replay is none of its own.
        outcomes: Count per outcome, each file by its latest attempt.
        reasons: Count per ``outcome: reason``.
    """

    received: int
    outcomes: dict[str, int]
    reasons: dict[str, int]

    @property
    def pending(self) -> int:
        """Files seen whose batch is not done yet."""
        return self.received - sum(self.outcomes.values())

    @property
    def holds(self) -> bool:
        """Whether everything received has its outcome."""
        return self.pending == 0
