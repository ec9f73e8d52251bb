"""What is due, what is as it was, and how a raw zone is cut."""

from dataclasses import replace

import pytest

from dicom_pipeline.deid.recipes import Cause, Recipes
from dicom_pipeline.layout import Grain
from dicom_pipeline.resources.due import stage_plan
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.months import (
    JPEG_TABLE,
    GrainChangedError,
    Months,
    Step,
    hold_grain,
)
from dicom_pipeline.resources.stale import stale_outputs
from tests.unit.resources.ledgers import loaded, record
from tests.unit.sources.memory_store import RawBucket

STAGE = ("stg_devices", "stg_series", JPEG_TABLE)
RECIPES = Recipes(
    jpegs={Cause.PIXELS: "1"},
    stage={model: {Cause.RULES: "1"} for model in STAGE},
    processed={"dim_devices": {Cause.MODELS: "1"}, "fct_series": {Cause.MODELS: "1"}},
    parents={"dim_devices": ["stg_devices"], "fct_series": ["stg_series"]},
)
ALL = ["2024-01", "2024-02"]


@pytest.fixture
def ledger():
    """A ledger of two months."""
    found = Ledger(RawBucket())
    record(found, loaded("a", "1.1", "2024-01"), loaded("b", "1.2", "2024-02"))
    return found


def run(months, keys=None):
    """Do what one run does: JPEGs, stage, processed, published; return its plan."""
    seen = months.digests(keys)
    months.rendered(months.behind(Step.RENDERED, months.pictures(seen)))
    plan = stage_plan(months, seen, gone=False, again=False)
    months.staged(seen, months.drawn(seen), plan.anew)
    processed = months.processed_behind()
    months.processed(processed)
    months.published(months.staged_digest())
    return plan, sorted(processed)


def changed(months, *models, cause=Cause.RULES, jpegs=False):
    """The same installation after a change of one class of rule."""
    more = months.recipes.also(cause, "other", models, jpegs=jpegs)
    return replace(months, recipes=more)


def test_a_step_is_behind_where_something_came(ledger):
    """A late file of an old month makes that month due, and no other."""
    months = Months(ledger, RECIPES)
    assert set(months.due()) == set(ALL)
    run(months)
    assert months.due() == {}

    record(ledger, loaded("late", "1.3", "2024-01"))

    assert set(months.due()) == {"2024-01"}
    plan, processed = run(months)
    assert (plan.anew, plan.behind, plan.months) == ([], [*STAGE], ["2024-01"])
    assert processed == ["dim_devices", "fct_series"]
    assert months.due() == {}


def test_another_rule_touches_its_table_alone(ledger):
    """One stage table is made anew, and what reads it; no JPEG, no other table."""
    before = Months(ledger, RECIPES)
    run(before)
    after = changed(before, "stg_devices")

    assert stale_outputs(after)["stg_devices"].causes == ["rules"]
    assert {o for o, s in stale_outputs(after).items()} == {
        "stg_devices",
        "dim_devices",
    }
    assert set(after.due()) == set(ALL)
    assert after.behind(Step.RENDERED, after.pictures(after.digests())) == {}
    plan, processed = run(after)
    assert (plan.anew, plan.behind) == (["stg_devices"], [])
    assert processed == ["dim_devices"]
    assert after.due() == stale_outputs(after) == {}
    assert not after.processed_is_behind()


def test_another_pixel_policy_touches_jpegs_and_their_table(ledger):
    """Entity tables stay; each month's JPEGs are judged again."""
    before = Months(ledger, RECIPES)
    run(before)
    after = changed(before, cause=Cause.PIXELS, jpegs=True)

    stale = stale_outputs(after)
    assert {o: (s.months, s.causes) for o, s in stale.items()} == {
        "jpegs": (2, ["pixels"])
    }
    plan, processed = run(after)
    assert (plan.anew, plan.behind) == ([], [JPEG_TABLE])
    assert processed == []
    assert after.due() == {}


def test_a_table_is_not_marked_for_months_whose_jpegs_are_old(ledger):
    """A run over one month leaves the other due, though the table was read whole."""
    months = changed(Months(ledger, RECIPES), cause=Cause.PIXELS, jpegs=True)
    run(months, ["2024-01"])

    assert set(months.due()) == {"2024-02"}
    run(months, ["2024-02"])
    assert months.due() == {}


def test_a_run_that_died_before_its_mark_is_made_again(ledger):
    """What is remembered is written after what was made."""
    months = Months(ledger, RECIPES)
    run(months)
    after = changed(months, "stg_devices")
    seen = after.digests()

    died = stage_plan(after, seen, gone=False, again=False)

    assert stage_plan(after, seen, gone=False, again=False) == died
    assert died.anew == ["stg_devices"]


def test_a_warehouse_that_is_gone_is_made_of_all(ledger):
    """Every table anew, though nothing has changed."""
    months = Months(ledger, RECIPES)
    run(months)

    plan = stage_plan(months, months.digests(), gone=True, again=False)

    assert plan.anew == [*STAGE]
    months.forget_processed()
    assert set(months.processed_behind()) == {"dim_devices", "fct_series"}


def test_a_raw_zone_is_cut_in_one_way(ledger):
    """The other grain is refused, in words that say what to do."""
    hold_grain(ledger, Grain.MONTHLY)
    hold_grain(ledger, Grain.MONTHLY)

    with pytest.raises(GrainChangedError, match="DICOM_PIPELINE_GRAIN=monthly"):
        hold_grain(ledger, Grain.DAILY)


def test_the_grain_of_an_empty_zone_is_free_once():
    """Whoever comes first decides."""
    ledger = Ledger(RawBucket())
    hold_grain(ledger, Grain.DAILY)

    with pytest.raises(GrainChangedError, match="daily"):
        hold_grain(ledger, Grain.MONTHLY)
