"""Which outputs were made by other rules than today's, and which classes differ."""

from collections.abc import Iterator
from dataclasses import dataclass

from dicom_pipeline.deid.recipes import Cause, causes, recipe_digest
from dicom_pipeline.resources.months import (
    JPEG_TABLE,
    PROCESSED,
    RENDERED_WITH,
    Months,
    Step,
)

JPEGS = "jpegs"


@dataclass(frozen=True)
class Stale:
    """Why an output is not what today's files and rules would make.

    Attributes:
        months: Raw months of which it is behind.
        causes: Classes of rule, or ``files``, or ``stage``, in alphabetical order.
    """

    months: int
    causes: list[str]


def stale_outputs(months: Months) -> dict[str, Stale]:
    """Return every output that is behind, by name; {}: all is as it should be.

    What was never built is behind by its files, not by a rule.
    """
    return {output: stale for output, stale in _looked_at(months) if stale.causes}


def _looked_at(months: Months) -> Iterator[tuple[str, Stale]]:
    batches = months.digests()
    yield JPEGS, _jpegs(months, batches)
    outdated, staged = months.outdated(), months.state.get(Step.STAGED)
    waiting = months.behind(Step.STAGED, batches)
    listed = months.behind(Step.LISTED, months.drawn(batches))
    for model, recipe in months.recipes.stage.items():
        behind = {*waiting, *listed} if model == JPEG_TABLE else {*waiting}
        why = [str(Cause.FILES)] if behind else []
        if staged and model in outdated:
            why += causes(outdated[model], recipe)
            behind = {*batches}
        yield model, Stale(len(behind), sorted(why))
    if staged:
        yield from _processed(months, len(batches))


def _jpegs(months: Months, batches: dict[str, str]) -> Stale:
    pictures = months.pictures(batches)
    behind = months.behind(Step.RENDERED, pictures)
    made, known = months.state.get(Step.RENDERED), months.state.get(RENDERED_WITH)
    why: set[str] = set()
    for month in behind:
        digest, recipe, said = _parts(made.get(month, ""))
        if said != _parts(pictures[month])[2]:
            why.add(Cause.REVIEWS)
        if digest != batches[month]:
            why.add(Cause.FILES)
        if recipe and recipe != recipe_digest(months.recipes.jpegs):
            why |= {*causes(known.get(recipe, {}), months.recipes.jpegs)}
    return Stale(len(behind), sorted(map(str, why)))


def _parts(picture: str) -> list[str]:
    """Batches, recipe and what people say, of what a month's JPEGs are made from."""
    return [*picture.split("."), "", ""][:3]


def _processed(months: Months, every: int) -> Iterator[tuple[str, Stale]]:
    """A table whose own SQL is as before is behind by what it reads."""
    made = months.state.get(PROCESSED)
    behind = months.processed_behind()
    for model, recipe in months.recipes.processed.items():
        own = causes(made[model]["recipe"], recipe) if model in made else []
        parents = {*months.recipes.parents[model]} & {*months.outdated()}
        why = own or ([str(Cause.STAGE)] if model in behind or parents else [])
        yield model, Stale(every if why else 0, why)
