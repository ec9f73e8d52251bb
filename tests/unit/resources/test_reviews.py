"""Verdicts are kept once, in order, and only the last one counts."""

from dataclasses import replace

import pytest

from dicom_pipeline.dicom.pixel_policy import Box
from dicom_pipeline.dicom.pixel_review import Review, Verdict, Why
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.months import Months
from dicom_pipeline.resources.reviews import Reviews
from tests.unit.resources.ledgers import loaded, record
from tests.unit.sources.memory_store import Fuse, KilledError, RawBucket

RELEASE = Review(
    sop_instance_uid="1.2",
    fingerprint="f-a",
    month="2024-01",
    verdict=Verdict.RELEASED,
    why=Why.TEXT_MASKED,
    reviewer="ann",
    masks=(Box(1, 2, 3, 4), Box(5, 6, 7, 8)),
    note="the strip above",
    withheld_for="burned_in",
)
REFUSAL = replace(RELEASE, verdict=Verdict.REFUSED, why=Why.NOT_SURE, masks=(), note="")


@pytest.fixture
def reviews():
    return Reviews(RawBucket())


def test_what_is_recorded_is_what_stands(reviews):
    """Every field comes back, for a reader that has seen none of it."""
    kept = reviews.record(RELEASE)

    again = Reviews(reviews.bucket).standing()["1.2"]

    assert again == kept == RELEASE
    assert again.reviewed_at == kept.reviewed_at is not None


def test_the_same_again_changes_nothing(reviews):
    """A command that is run twice leaves one verdict, of the first time."""
    first = reviews.record(RELEASE)
    before = dict(reviews.bucket.bodies)

    second = reviews.record(replace(RELEASE, withheld_for="released"))

    assert reviews.bucket.bodies == before
    assert second.reviewed_at == first.reviewed_at


def test_verdicts_are_appended_and_the_last_one_stands(reviews):
    """Released, refused, released: three rows, and nothing is overwritten."""
    for verdict in (RELEASE, REFUSAL, RELEASE):
        reviews.record(verdict)

    standing = reviews.standing()["1.2"]
    assert (standing.number, standing.verdict) == (3, Verdict.RELEASED)
    assert len(reviews.bucket.bodies) == 3


def test_of_two_at_the_same_time_the_refusal_stands(reviews):
    """Neither reviewer has seen the other's verdict."""
    other = Reviews(RawBucket())
    other.record(REFUSAL)
    reviews.record(RELEASE)
    reviews.bucket.bodies |= other.bucket.bodies

    assert reviews.standing()["1.2"].verdict is Verdict.REFUSED


@pytest.mark.parametrize("after", [False, True])
def test_a_killed_command_can_be_run_again(reviews, after):
    """Before or after the write: one verdict."""
    reviews.bucket.fuse = Fuse(1, after=after)
    with pytest.raises(KilledError):
        reviews.record(RELEASE)

    reviews.record(RELEASE)

    assert [r.number for r in reviews.standing().values()] == [1]
    assert len(reviews.bucket.bodies) == 1


def test_a_verdict_makes_its_month_due_and_no_other():
    """The images of that month are rendered by the next run."""
    ledger = Ledger(RawBucket())
    record(ledger, loaded("a", "1.2", "2024-01"), loaded("b", "1.3", "2024-02"))
    reviews = Reviews(ledger.bucket)
    months = Months(ledger, looked=reviews.by_month)
    batches = months.digests()
    months.rendered(months.pictures(batches))
    months.staged(batches, months.pictures(batches))
    assert months.due() == {}

    reviews.record(RELEASE)

    assert set(months.due()) == {"2024-01"}
    months.rendered(months.pictures(batches))
    months.staged(batches, months.pictures(batches))
    reviews.record(RELEASE)
    assert months.due() == {}
