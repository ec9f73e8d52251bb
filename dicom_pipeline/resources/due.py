"""What of the stage layer a run has to build, and with which words dbt is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dicom_pipeline.resources.months import JPEG_TABLE, Months, Step

STAGE = "tag:stage"
_ALWAYS = f"{STAGE},resource_type:seed {STAGE},test_type:singular"
"""The seeds, which every rule is read from, and the tests of the functions."""


@dataclass(frozen=True)
class StagePlan:
    """Which stage models are built from which months.

    Attributes:
        anew: Models that other rules have made: dropped, and built from all months.
        behind: Other models of which months are behind.
        months: Those months.
        every: Number of all stage models.
    """

    anew: Sequence[str]
    behind: Sequence[str]
    months: Sequence[str]
    every: int

    def select(self, models: Sequence[str]) -> str:
        """Return dbt's words for some of the models, with what they are made by."""
        return STAGE if len(models) == self.every else " ".join([_ALWAYS, *models])


def stage_plan(
    months: Months, seen: Mapping[str, str], *, gone: bool, again: bool
) -> StagePlan:
    """Plan a run over some months.

    Args:
        months: Knows what was built from what.
        seen: The months of the run, with their batches digested.
        gone: Whether the warehouse is: everything is built.
        again: Whether to build all of these months although nothing has changed.
    """
    stage = months.recipes.stage
    anew = [*stage] if gone else [*months.outdated()]
    entities = months.behind(Step.STAGED, seen)
    jpegs = months.behind(Step.LISTED, months.pictures(seen))
    due = dict(seen) if again else {**entities, **jpegs}
    behind = [
        model
        for model in stage
        if model not in anew and (again or (jpegs if model == JPEG_TABLE else entities))
    ]
    return StagePlan(anew, behind, sorted(due), len(stage))
