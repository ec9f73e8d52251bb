"""Which months are due: what went in against what was built from it.

A record that something ran is not the thing itself, so nothing here asks Dagster. Each
output remembers which batches and which recipe (``deid.recipes``) it was last made of;
what differs from today is due, and nothing else is. A stage table is made by one recipe
as a whole, because two in one table do not join; JPEGs are made month by month.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dicom_pipeline.deid.recipes import Recipe, Recipes, digest_of, recipe_digest
from dicom_pipeline.layout import UNKNOWN, Grain
from dicom_pipeline.resources.bucket import BucketError
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.tables import State

STAGED_WITH, RENDERED_WITH, PROCESSED = "staged_with", "rendered_with", "processed"
_PUBLISHED, _GRAIN = "published", "grain"

JPEG_TABLE = "stg_compressed_images"
"""The stage model of what the compressor says; it follows the JPEGs."""


class GrainChangedError(BucketError):
    """The raw zone is cut otherwise than the setting says."""


class Step(StrEnum):
    """What remembers, month by month, what it was last made from."""

    RENDERED = "rendered"  # the JPEGs and their table: batches and recipe
    STAGED = "staged"  # stage tables of the entities: batches
    LISTED = "listed"  # stage table of the JPEGs: as rendered


@dataclass(frozen=True)
class Months:
    """What each month's outputs were built from.

    Attributes:
        ledger: Knows what went in.
        recipes: Everything else that shapes the outputs: versions, rules, options.
        looked: What people have said of the pixels of each month, digested.
    """

    ledger: Ledger
    recipes: Recipes = field(default_factory=Recipes)
    looked: Callable[[], Mapping[str, str]] = dict

    def digests(self, months: Iterable[str] | None = None) -> dict[str, str]:
        """Return which batches each month (or every one) has now, digested."""
        batches = self.ledger.batches_that_touch()
        wanted = batches if months is None else months
        return {month: digest_of(*batches.get(month, [])) for month in wanted}

    def pictures(self, batches: Mapping[str, str]) -> dict[str, str]:
        """Return what JPEGs would be made from: batches, recipe, what people say."""
        recipe, said = recipe_digest(self.recipes.jpegs), self.looked()
        return {
            month: ".".join([digest, recipe, *filter(None, [said.get(month)])])
            for month, digest in batches.items()
        }

    def due(self) -> dict[str, str]:
        """Months of which any output is missing or behind, with their digests.

        A stage table that other rules have made is made of all months again.
        """
        batches = self.digests()
        pictures = self.pictures(batches)
        owed = {
            *self.behind(Step.STAGED, batches),
            *self.behind(Step.RENDERED, pictures),
            *self.behind(Step.LISTED, pictures),
        }
        if self.outdated():
            owed = set(batches)
        today = self.recipe()
        return {m: digest_of(pictures[m], today) for m in batches if m in owed}

    def behind(self, step: Step, digests: Mapping[str, str]) -> dict[str, str]:
        """Those of ``digests`` that a step was not last made from."""
        made = self.state.get(step)
        return {m: digest for m, digest in digests.items() if made.get(m) != digest}

    def made(self, step: Step, digests: Mapping[str, str]) -> None:
        """Remember what a step has made these months from."""
        if digests:
            self.state.put(step, {**self.state.get(step), **digests})

    def rendered(self, pictures: Mapping[str, str]) -> None:
        """Remember that these months' JPEGs are made, and by which recipe."""
        self.made(Step.RENDERED, pictures)
        recipe, known = recipe_digest(self.recipes.jpegs), self.state.get(RENDERED_WITH)
        if pictures and recipe not in known:
            self.state.put(RENDERED_WITH, {**known, recipe: dict(self.recipes.jpegs)})

    def drawn(self, months: Iterable[str]) -> dict[str, str]:
        """What the JPEGs of these months were last made from, where there are any."""
        made = self.state.get(Step.RENDERED)
        return {month: made[month] for month in months if month in made}

    def staged(
        self,
        batches: Mapping[str, str],
        drawn: Mapping[str, str],
        anew: Iterable[str] = (),
    ) -> None:
        """Remember that these months are in the stage tables.

        Args:
            batches: Digest of the batches of each month.
            drawn: What their JPEGs were made from when the tables were built.
            anew: Models that were made by today's recipe, of all months.
        """
        made = {model: dict(self.recipes.stage[model]) for model in anew}
        if made:
            self.state.put(STAGED_WITH, {**self.state.get(STAGED_WITH), **made})
        self.made(Step.STAGED, batches)
        self.made(Step.LISTED, drawn)

    def outdated(self) -> dict[str, Recipe]:
        """Stage tables that another recipe has made, with that recipe; {}: none yet."""
        made = self.state.get(STAGED_WITH)
        return {
            model: made.get(model, {})
            for model, recipe in self.recipes.stage.items()
            if made.get(model) != recipe
        }

    def built(self) -> dict[str, str]:
        """Months whose stage tables are as they should be, with what made them."""
        batches = self.digests()
        behind = self.behind(Step.STAGED, batches)
        made = digest_of(repr(sorted(self.state.get(STAGED_WITH).items())))
        listed = self.state.get(Step.LISTED)
        return {
            month: digest_of(batches[month], listed.get(month, ""), made)
            for month in batches
            if month not in behind
        }

    def processed_digests(self) -> dict[str, str]:
        """Return what each processed table would be built from now, digested."""
        staged_with = self.state.get(STAGED_WITH)
        entities, jpegs = map(self._whole, (Step.STAGED, Step.LISTED))
        inputs = {
            model: digest_of(
                recipe_digest(staged_with.get(model, {})),
                jpegs if model == JPEG_TABLE else entities,
            )
            for model in self.recipes.stage
        }
        return {
            model: digest_of(
                recipe_digest(recipe),
                *(inputs[p] for p in self.recipes.parents[model] if p in inputs),
            )
            for model, recipe in self.recipes.processed.items()
        }

    def processed_behind(self) -> dict[str, str]:
        """Processed tables that are missing or behind, with their digests."""
        made = self.state.get(PROCESSED)
        return {
            model: digest
            for model, digest in self.processed_digests().items()
            if made.get(model, {}).get("from") != digest
        }

    def processed(self, digests: Mapping[str, str]) -> None:
        """Remember that these processed tables are built."""
        anew = {
            model: {"from": digest, "recipe": dict(self.recipes.processed[model])}
            for model, digest in digests.items()
        }
        if anew:
            self.state.put(PROCESSED, {**self.state.get(PROCESSED), **anew})

    def forget_processed(self) -> None:
        """Let every processed table be built again: what was built is gone."""
        self.state.put(PROCESSED, {})

    def forget_table(self, model: str) -> None:
        """Let one stage table be built again, and what is made of it published."""
        parents = self.recipes.parents
        for fact, gone in (
            (STAGED_WITH, {model}),
            (PROCESSED, {child for child in parents if model in parents[child]}),
        ):
            known = self.state.get(fact)
            self.state.put(fact, {k: v for k, v in known.items() if k not in gone})
        self.state.put(_PUBLISHED, {})

    def staged_digest(self) -> str:
        """Return what the processed layer would be built from now, digested."""
        made = self.processed_digests()
        whole = map(self._whole, (Step.STAGED, Step.LISTED))
        return digest_of(*whole, *(made[model] for model in sorted(made)))

    def is_published(self) -> bool:
        """Whether the snapshot was made from the stage tables as they are."""
        return self.state.get(_PUBLISHED).get("digest") == self.staged_digest()

    def published(self, digest: str) -> None:
        """Remember that the snapshot is made from what ``digest`` stands for."""
        self.state.put(_PUBLISHED, {"digest": digest})

    def processed_is_behind(self) -> bool:
        """Whether a stage table is newer than the processed tables, or the copy.

        A check between the two may have kept them from being published.
        """
        if not self.state.get(Step.STAGED):
            return False
        return bool(self.processed_behind()) or not self.is_published()

    def recipe(self) -> str:
        """Digest of all recipes of the stage layer."""
        stage = sorted(self.recipes.stage.items())
        made = [f"{model}={recipe_digest(recipe)}" for model, recipe in stage]
        return digest_of(recipe_digest(self.recipes.jpegs), *made)

    def _whole(self, step: Step) -> str:
        made = self.state.get(step)
        return digest_of(*(f"{m}={digest}" for m, digest in sorted(made.items())))

    @property
    def state(self) -> State:
        """Where it is remembered: in the raw zone."""
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
