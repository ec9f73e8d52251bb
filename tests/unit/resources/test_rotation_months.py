"""What was made stays made when it is renamed; what was behind stays behind."""

from dataclasses import replace

import pytest

from dicom_pipeline.deid.recipes import Cause, Recipes
from dicom_pipeline.resources.due import stage_plan
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.months import JPEG_TABLE, Months, Step
from dicom_pipeline.resources.rotation_months import carry_over
from tests.unit.resources.ledgers import loaded, record
from tests.unit.sources.memory_store import RawBucket

STAGE = ("stg_series", JPEG_TABLE)
RECIPES = Recipes(
    jpegs={Cause.PIXELS: "1", Cause.KEY: "1"},
    stage={model: {Cause.RULES: "1", Cause.KEY: "1"} for model in STAGE},
    processed={"fct_series": {Cause.MODELS: "1"}},
    parents={"fct_series": ["stg_series"]},
)


def with_key(months, version):
    recipes = months.recipes.also(Cause.KEY, version, STAGE, jpegs=True)
    return replace(months, recipes=recipes)


@pytest.fixture
def old():
    """Two months; people have looked at the pixels of one; all is made."""
    ledger = Ledger(RawBucket())
    record(ledger, loaded("a", "1.1", "2024-01"), loaded("b", "1.2", "2024-02"))
    months = with_key(Months(ledger, RECIPES, lambda: {"2024-02": "seen"}), "1")
    seen = months.digests()
    months.rendered(months.pictures(seen))
    plan = stage_plan(months, seen, gone=False, again=False)
    months.staged(seen, months.drawn(seen), plan.anew)
    return months


def test_a_new_key_makes_everything_due_until_it_is_carried_over(old):
    new = with_key(old, "2")
    assert set(new.due()) == {"2024-01", "2024-02"}

    carry_over(old, new)

    assert new.due() == {}
    assert new.outdated() == {}
    carry_over(old, new)
    assert new.due() == {}


def test_what_was_behind_stays_behind(old):
    """Another pixel policy, not rendered yet, is rendered after the rotation."""
    behind = replace(old, recipes=old.recipes.also(Cause.PIXELS, "2", jpegs=True))
    new = with_key(behind, "2")

    carry_over(behind, new)

    pictures = new.pictures(new.digests())
    assert set(new.behind(Step.RENDERED, pictures)) == {"2024-01", "2024-02"}
    assert new.outdated() == {}


def test_a_month_that_came_meanwhile_is_due(old):
    new = with_key(old, "2")
    record(old.ledger, loaded("c", "1.3", "2024-03"))

    carry_over(old, new)

    assert set(new.due()) == {"2024-03"}
