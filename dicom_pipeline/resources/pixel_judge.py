"""What may be done with pixels: the header says, then text recognition, then people."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dicom_pipeline.dicom.pixel_decision import PixelDecision
from dicom_pipeline.dicom.pixel_policy import decide
from dicom_pipeline.dicom.pixel_review import after_review
from dicom_pipeline.resources.reviews import Reviews

Row = dict[str, Any]
Progress = Callable[[int, int], None]
"""Objects answered so far, objects asked for."""


def _unheard(_answered: int, _asked: int) -> None:
    """Nobody listens."""


class Texts(Protocol):
    """Knows what is written on images."""

    def settle(
        self,
        rows: Sequence[Row],
        decisions: Sequence[PixelDecision],
        progress: Progress,
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

    def decisions(
        self, rows: Sequence[Row], progress: Progress = _unheard
    ) -> list[PixelDecision]:
        """Decide on each row of ``headers``, in their order; tell of what is read."""
        said = [decide(json.loads(r["header"]), r["transfer_syntax_uid"]) for r in rows]
        verdicts = self.reviews.standing()
        looked = [verdicts.get(row["sop_instance_uid"]) for row in rows]
        if self.texts is not None:
            open_ = [
                n
                for n, (row, review) in enumerate(zip(rows, looked, strict=True))
                if review is None or not review.speaks_of(row["fingerprint"])
            ]
            mine = [rows[n] for n in open_]
            read = self.texts.settle(mine, [said[n] for n in open_], progress)
            for n, decision in zip(open_, read, strict=True):
                said[n] = decision
        return [
            after_review(decision, review, row["fingerprint"])
            for row, decision, review in zip(rows, said, looked, strict=True)
        ]
