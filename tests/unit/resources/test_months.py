"""What is due, what is as it was, and how a raw zone is cut."""

import pytest

from dicom_pipeline.layout import Grain
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.months import (
    GrainChangedError,
    Months,
    Step,
    Whole,
    hold_grain,
)
from tests.unit.resources.ledgers import loaded, record
from tests.unit.sources.memory_store import RawBucket


@pytest.fixture
def ledger():
    """A ledger of two months."""
    found = Ledger(RawBucket())
    record(found, loaded("a", "1.1", "2024-01"), loaded("b", "1.2", "2024-02"))
    return found


def test_a_step_is_behind_where_something_came(ledger):
    """A late file of an old month makes that month due, and no other."""
    months = Months(ledger, "recipe")
    for step in Step:
        months.made(step, months.digests())
    assert months.due() == {}

    record(ledger, loaded("late", "1.3", "2024-01"))

    assert set(months.due()) == {"2024-01"}
    assert set(months.behind(Step.RENDERED, months.digests())) == {"2024-01"}


@pytest.mark.parametrize("changed", [("other", ""), ("recipe", "other")])
def test_another_recipe_or_project_makes_all_due(ledger, changed):
    """What was built by other rules, or other models, is built again."""
    before = Months(ledger, "recipe")
    before.staged(before.digests())
    before.processed(before.staged_digest())

    after = Months(ledger, *changed)

    assert set(after.due()) == {"2024-01", "2024-02"}
    assert after.processed_is_behind()
    assert after.models_changed == (changed[1] != "")


def test_what_is_made_of_all_is_whole_until_a_month_is_built(ledger):
    """The processed layer and the snapshot each remember for themselves."""
    months = Months(ledger, "recipe")
    months.staged(months.digests(["2024-01"]))
    months.processed(months.staged_digest())
    assert months.is_whole(Whole.PROCESSED)
    assert not months.is_whole(Whole.PUBLISHED)
    assert months.processed_is_behind()
    months.made_whole(Whole.PUBLISHED, months.staged_digest())
    assert not months.processed_is_behind()

    months.staged(months.digests(["2024-02"]))

    assert not months.is_whole(Whole.PROCESSED)


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
