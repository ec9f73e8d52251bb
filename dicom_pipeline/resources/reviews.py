"""The verdicts of people on pixels: append-only, in the raw zone."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from dicom_pipeline.catalog.pixel_reviews import PIXEL_REVIEWS
from dicom_pipeline.dicom.pixel_review import Review, Verdict, Why
from dicom_pipeline.dicom.ultrasound import Box
from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.ledger_table import LedgerTable
from dicom_pipeline.resources.parquet_files import BATCH

Row = dict[str, Any]


@dataclass(frozen=True)
class Reviews:
    """Every verdict of one raw bucket; the last on an instance is the one that counts.

    Attributes:
        bucket: The raw bucket.
    """

    bucket: Bucket

    @cached_property
    def table(self) -> LedgerTable:
        """The rows."""
        names = tuple(column.name for column in PIXEL_REVIEWS.columns)
        return LedgerTable(self.bucket, PIXEL_REVIEWS, names)

    def standing(self) -> dict[str, Review]:
        """The last verdict on each instance, by SOP Instance UID.

        Of two that were written at the same time, the refusal counts.
        """
        rows = self.table.all().to_pylist()
        ordered = sorted(rows, key=_order)
        return {row["sop_instance_uid"]: _review(row) for row in ordered}

    def record(self, review: Review) -> Review:
        """Append a verdict, unless it is what stands already.

        Args:
            review: Without number or time; both are given here.

        Returns:
            What stands now.
        """
        last = self.standing().get(review.sop_instance_uid)
        if last is not None and _is_said_again(review, last):
            return last
        number = last.number + 1 if last else 1
        new = replace(review, number=number, reviewed_at=datetime.now(UTC))
        row = _row(new)
        self.table.write(row[BATCH], [row])
        return new

    def by_month(self) -> dict[str, str]:
        """Digest of the verdicts on what each month holds; months without: absent.

        An instance that has moved to another month is named by where it was seen;
        its new version makes the month due.
        """
        found: dict[str, list[str]] = {}
        for row in self.table.all().select(["month", BATCH]).to_pylist():
            found.setdefault(row["month"], []).append(row[BATCH])
        return {month: _digest(sorted(batches)) for month, batches in found.items()}


def _is_said_again(review: Review, last: Review) -> bool:
    number, before = last.number, last.withheld_for
    return replace(review, number=number, withheld_for=before) == last


def _order(row: Mapping[str, Any]) -> tuple[int, bool, str]:
    return row["number"], row["verdict"] == Verdict.REFUSED, row[BATCH]


def _review(row: Row) -> Review:
    masks = tuple(Box(*box) for box in row["masks"] or ())
    said = {"verdict": Verdict(row["verdict"]), "why": Why(row["why"]), "masks": masks}
    return Review(**{k: v for k, v in row.items() if k != BATCH} | said)


def _row(review: Review) -> Row:
    names = [column.name for column in PIXEL_REVIEWS.columns if column.name != BATCH]
    row: Row = {name: getattr(review, name) for name in names}
    row["masks"] = [list(box) for box in review.masks]
    timeless = {name: value for name, value in row.items() if name != "reviewed_at"}
    return row | {BATCH: _digest([json.dumps(timeless, sort_keys=True)])}


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
