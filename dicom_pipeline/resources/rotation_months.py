"""What months were made from, as the new key says it: no month is due for that."""

from dicom_pipeline.deid.recipes import Cause, Recipe, recipe_digest
from dicom_pipeline.resources.months import RENDERED_WITH, STAGED_WITH, Months, Step


def carry_over(old: Months, new: Months) -> None:
    """Remember of outputs that were renamed that the new key has made them.

    What was behind for another reason stays behind. Doing it twice changes nothing.

    Args:
        old: As the old key sees them.
        new: As the new key does.
    """
    state, key = new.state, Cause.KEY
    was, now = old.recipes.jpegs[key], new.recipes.jpegs[key]

    def after(recipe: Recipe) -> Recipe:
        return {**recipe, key: now} if recipe.get(key) == was else recipe

    staged_with = state.get(STAGED_WITH)
    state.put(STAGED_WITH, {model: after(made) for model, made in staged_with.items()})
    known = state.get(RENDERED_WITH)
    recipes = (old.recipes.jpegs, *known.values())
    digests = {recipe_digest(made): recipe_digest(after(made)) for made in recipes}
    renewed = {recipe_digest(after(made)): after(made) for made in known.values()}
    state.put(RENDERED_WITH, {**known, **renewed})
    for step in (Step.RENDERED, Step.LISTED):
        made = state.get(step)
        state.put(step, {month: _said(from_, digests) for month, from_ in made.items()})


def _said(made_from: str, digests: dict[str, str]) -> str:
    batches, recipe, *said = made_from.split(".")
    return ".".join([batches, digests.get(recipe, recipe), *said])
