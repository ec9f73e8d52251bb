"""Which months are due: what went in against what was built from it.

A record that something ran is not the thing itself, so nothing here asks Dagster. A
month is due when the batches that touch it, or the recipe, differ from those that its
stage tables were last built with. Each step before them asks the same of its own.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from dicom_pipeline.layout import UNKNOWN, Grain
from dicom_pipeline.resources.bucket import BucketError
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.tables import State

_STAGED_WITH, _WHOLE, _GRAIN = "staged_with", "whole", "grain"


class GrainChangedError(BucketError):
    """The raw zone is cut otherwise than the setting says."""


class Step(StrEnum):
    """What remembers, month by month, what it was last made from."""

    RENDERED = "rendered"
    STAGED = "staged"


class Whole(StrEnum):
    """What is made of all months at once."""

    PROCESSED = "processed"
    PUBLISHED = "published"


@dataclass(frozen=True)
class Months:
    """What each month's outputs were built from.

    Attributes:
        ledger: Knows what went in.
        recipe: Everything else that shapes the outputs: versions, rules, options.
        models: Digest of the dbt project; tables of two of them are not mixed.
    """

    ledger: Ledger
    recipe: str
    models: str = ""

    def digests(self, months: Iterable[str] | None = None) -> dict[str, str]:
        """Return what each month (or every one) would be built from now, digested."""
        batches = self.ledger.batches_that_touch()
        wanted = batches if months is None else months
        return {month: self._digest(batches.get(month, [])) for month in wanted}

    def due(self) -> dict[str, str]:
        """Months whose stage tables are missing or behind, with their digests."""
        return self.behind(Step.STAGED, self.digests())

    def behind(self, step: Step, digests: Mapping[str, str]) -> dict[str, str]:
        """Those of ``digests`` that a step was not last made from."""
        made = self._state.get(step)
        return {m: digest for m, digest in digests.items() if made.get(m) != digest}

    def made(self, step: Step, digests: Mapping[str, str]) -> None:
        """Remember what a step has made these months from."""
        if digests:
            self._state.put(step, {**self._state.get(step), **digests})

    def staged(self, digests: Mapping[str, str]) -> None:
        """Remember that these months' stage tables are built."""
        self.made(Step.STAGED, digests)
        self._state.put(_STAGED_WITH, {"models": self.models})

    @property
    def models_changed(self) -> bool:
        """Whether stage tables exist that another dbt project has built."""
        built = self._state.get(Step.STAGED)
        return bool(built) and self._state.get(_STAGED_WITH) != {"models": self.models}

    def staged_digest(self) -> str:
        """Return what the processed tables would be built from now, digested."""
        built = self._state.get(Step.STAGED)
        return self._digest(f"{m}={d}" for m, d in sorted(built.items()))

    def is_whole(self, what: Whole) -> bool:
        """Whether this was made from the stage tables as they are."""
        return self._state.get(what).get("digest") == self.staged_digest()

    def made_whole(self, what: Whole, digest: str) -> None:
        """Remember that this is made from what ``digest`` stands for."""
        self._state.put(what, {"digest": digest})

    def processed(self, digest: str) -> None:
        """Remember that the processed tables are built."""
        self.made_whole(Whole.PROCESSED, digest)

    def processed_is_behind(self) -> bool:
        """Whether a stage table is newer than the processed tables, or the copy.

        A check between the two may have kept them from being published.
        """
        built = self._state.get(Step.STAGED)
        return bool(built) and not all(map(self.is_whole, Whole))

    def _digest(self, parts: Iterable[str]) -> str:
        text = "\n".join([self.recipe, self.models, *parts])
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def _state(self) -> State:
        return State(self.ledger.bucket)


def hold_grain(ledger: Ledger, grain: Grain) -> None:
    """Let a raw zone be cut in one way from its first file on.

    Two grains side by side would put the files of a study into two partitions.

    Raises:
        GrainChangedError: It was begun with the other one.
    """
    state = State(ledger.bucket)
    begun = state.get(_GRAIN).get("grain") or _grain_of(ledger)
    if begun is None:
        state.put(_GRAIN, {"grain": grain.value})
    elif begun != grain.value:
        raise GrainChangedError(
            f"this raw zone was begun with DICOM_PIPELINE_GRAIN={begun}: set it back,"
            f" or use another home and raw bucket for {grain.value}"
        )


def _grain_of(ledger: Ledger) -> str | None:
    """How what is there is cut, in a raw zone that was begun before this was kept."""
    dated = [month for month in ledger.batches_by_month() if month != UNKNOWN]
    if not dated:
        return None
    daily = len(dated[0]) == len("YYYY-MM-DD")
    return (Grain.DAILY if daily else Grain.MONTHLY).value
