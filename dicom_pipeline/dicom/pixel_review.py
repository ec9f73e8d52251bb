"""What a person who has looked at an image says of it, and what that changes."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from dicom_pipeline.dicom.pixel_decision import Decision, PixelDecision, PixelReason
from dicom_pipeline.dicom.pixel_policy import POLICY_VERSION
from dicom_pipeline.dicom.ultrasound import Box


class Verdict(StrEnum):
    """What a reviewer decides."""

    RELEASED = "released"
    REFUSED = "refused"


class Why(StrEnum):
    """Why; no text of a reviewer's own leaves the raw zone."""

    NO_TEXT = "no_text"
    """Nothing is written on it."""

    HARMLESS_TEXT = "harmless_text"
    """What is written on it tells of no one."""

    TEXT_MASKED = "text_masked"
    """What tells of someone lies below the masks."""

    NAMES_SOMEONE = "names_someone"
    """It tells of someone, and cannot be masked."""

    SHOWS_SOMEONE = "shows_someone"
    """A face or another feature can be recognised."""

    NOT_SURE = "not_sure"
    """The reviewer cannot tell."""


REASONS = {
    Verdict.RELEASED: (Why.NO_TEXT, Why.HARMLESS_TEXT, Why.TEXT_MASKED),
    Verdict.REFUSED: (Why.NAMES_SOMEONE, Why.SHOWS_SOMEONE, Why.NOT_SURE),
}


@dataclass(frozen=True, slots=True)
class Review:
    """One verdict.

    Attributes:
        sop_instance_uid: Which instance.
        fingerprint: Which version of it was looked at.
        month: Partition of that version.
        verdict: What was decided.
        why: For which reason.
        masks: What is painted black; for a release.
        reviewer: Who has looked.
        note: In the reviewer's words.
        withheld_for: What the policy had said.
        policy_version: Of the policy that said it.
        number: 1, and one more with each verdict on the instance.
        reviewed_at: When.
    """

    sop_instance_uid: str = field(repr=False)
    fingerprint: str = field(repr=False)
    month: str = field(repr=False)
    verdict: Verdict
    why: Why
    reviewer: str = field(repr=False)
    masks: tuple[Box, ...] = ()
    note: str = field(default="", repr=False)
    withheld_for: str = ""
    policy_version: str = POLICY_VERSION
    number: int = 1
    reviewed_at: datetime | None = field(default=None, compare=False)

    def speaks_of(self, fingerprint: str) -> bool:
        """Whether it still holds, for a version of its instance.

        A refusal holds for every version, whatever the policy. A release is of what
        was seen: another version, or another policy, and someone has to look again.
        """
        seen = (self.fingerprint, self.policy_version)
        is_seen = seen == (fingerprint, POLICY_VERSION)
        return is_seen or self.verdict is Verdict.REFUSED


def after_review(
    decision: PixelDecision, review: Review | None, fingerprint: str
) -> PixelDecision:
    """Let the last verdict on an instance change what the policy says of a version."""
    if review is None or not review.speaks_of(fingerprint):
        return decision
    if decision.decision is Decision.REJECT:
        return decision
    if review.verdict is Verdict.REFUSED:
        return PixelDecision(Decision.QUARANTINE, PixelReason.REFUSED)
    kind = Decision.MASK if review.masks else Decision.PASS
    return PixelDecision(kind, PixelReason.RELEASED, masks=review.masks)
