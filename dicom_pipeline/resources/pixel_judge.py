"""What may be done with pixels: the header says, then text recognition, then people."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dicom_pipeline.dicom.pixel_decision import PixelDecision
from dicom_pipeline.dicom.pixel_policy import decide
from dicom_pipeline.dicom.pixel_review import after_review
from dicom_pipeline.resources.reviews import Reviews

Row = dict[str, Any]


class Texts(Protocol):
    """Knows what is written on images."""

    def settle(
        self, rows: Sequence[Row], decisions: Sequence[PixelDecision]
    ) -> list[PixelDecision]:
        """Return the decisions as they are once what needs it has been read."""


@dataclass(frozen=True)
class PixelJudge:
    """Decides on images, the last who speaks being the one that counts.

    Attributes:
        reviews: What people have said.
        texts: What is written on images; ``None`` where nothing reads it.
    """

    reviews: Reviews
    texts: Texts | None = None

    def decisions(self, rows: Sequence[Row]) -> list[PixelDecision]:
        """Decide on each row of ``headers``, in their order."""
        said = [decide(json.loads(r["header"]), r["transfer_syntax_uid"]) for r in rows]
        verdicts = self.reviews.standing()
        looked = [verdicts.get(row["sop_instance_uid"]) for row in rows]
        if self.texts is not None:
            open_ = [
                n
                for n, (row, review) in enumerate(zip(rows, looked, strict=True))
                if review is None or not review.speaks_of(row["fingerprint"])
            ]
            read = self.texts.settle([rows[n] for n in open_], [said[n] for n in open_])
            for n, decision in zip(open_, read, strict=True):
                said[n] = decision
        return [
            after_review(decision, review, row["fingerprint"])
            for row, decision, review in zip(rows, said, looked, strict=True)
        ]
