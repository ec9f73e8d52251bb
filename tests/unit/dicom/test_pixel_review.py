"""The last word on an image is a person's, for what that person has seen."""

from dataclasses import replace

import pytest

from dicom_pipeline.dicom.pixel_decision import PixelDecision
from dicom_pipeline.dicom.pixel_policy import Box, Decision, PixelReason
from dicom_pipeline.dicom.pixel_review import Review, Verdict, Why, after_review

ASIDE = PixelDecision(Decision.QUARANTINE, PixelReason.SECONDARY_CAPTURE)
SHOWN = PixelDecision(Decision.PASS, PixelReason.ORIGINAL_SLICES)
NOTHING = PixelDecision(Decision.REJECT, PixelReason.NO_PIXELS)
RELEASE = Review("1.2", "f1", "2024-01", Verdict.RELEASED, Why.NO_TEXT, "ann")
MASKED = replace(RELEASE, why=Why.TEXT_MASKED, masks=(Box(0, 0, 9, 9),))
REFUSAL = replace(RELEASE, verdict=Verdict.REFUSED, why=Why.NAMES_SOMEONE)
OLD = {"policy_version": "1"}


@pytest.mark.parametrize(
    ("before", "review", "fingerprint", "after"),
    [
        (ASIDE, None, "f1", "secondary_capture"),
        (ASIDE, RELEASE, "f1", "released"),
        (ASIDE, RELEASE, "f2", "secondary_capture"),
        (ASIDE, replace(RELEASE, **OLD), "f1", "secondary_capture"),
        (ASIDE, REFUSAL, "f1", "refused"),
        (SHOWN, REFUSAL, "f1", "refused"),
        (SHOWN, REFUSAL, "f2", "refused"),
        (SHOWN, replace(REFUSAL, **OLD), "f1", "refused"),
        (NOTHING, RELEASE, "f1", "no_pixels"),
        (NOTHING, REFUSAL, "f1", "no_pixels"),
    ],
    ids=[
        "nobody has looked",
        "released",
        "released in another version",
        "released under another policy",
        "refused",
        "refused although the policy shows it",
        "refused in another version",
        "refused under another policy",
        "released although there is nothing",
        "refused although there is nothing",
    ],
)
def test_a_release_is_of_what_was_seen_and_a_refusal_of_the_instance(
    before, review, fingerprint, after
):
    """A release ends with its version or policy; a refusal stands."""
    decided = after_review(before, review, fingerprint)

    assert decided.code == after
    shown = {"released", "original_slices"}
    assert (decided.decision is Decision.PASS) == (after in shown)


def test_the_masks_of_a_release_are_painted():
    """Nothing but the reviewer's masks is left of the policy's decision."""
    decided = after_review(ASIDE, MASKED, "f1")

    assert (decided.decision, decided.masks) == (Decision.MASK, (Box(0, 0, 9, 9),))
    assert decided.keep == ()


def test_a_review_shows_neither_uid_nor_person():
    """Its representation may stand in a traceback."""
    shown = repr(replace(MASKED, sop_instance_uid="1.2.3.4", note="of DOE"))

    assert not any(word in shown for word in ("1.2.3.4", "f1", "ann", "DOE", "2024"))
