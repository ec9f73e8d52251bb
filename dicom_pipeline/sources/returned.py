"""Files that the door did not find, in case they come back.

A file that is deleted or replaced between the look and the door is ignored. When the
same bytes are sent again under the same key, their id is known, so they are handed out
as a further attempt of the same arrival, as a replay is.
"""

from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from dicom_pipeline.dicom.reasons import IgnoredReason

_GONE = pa.array([IgnoredReason.VANISHED.value, IgnoredReason.SUPERSEDED.value])


@dataclass(frozen=True)
class _End:
    """How an attempt ended."""

    attempt: int
    is_gone: bool
    modified_at: datetime


@dataclass
class Returned:
    """The few arrivals whose file was gone, and those of more than one attempt."""

    _ends: dict[str, _End] = field(default_factory=dict, init=False, repr=False)
    _handed_out: dict[str, int] = field(default_factory=dict, init=False, repr=False)

    def take_arrivals(self, rows: pa.RecordBatch) -> None:
        """Take in what was handed out again."""
        again = rows.filter(pc.greater(pc.fill_null(rows["attempt"], 1), 1))
        for arrival, attempt in zip(
            again["arrival_id"].to_pylist(), again["attempt"].to_pylist(), strict=True
        ):
            self.hand_out(arrival, attempt)

    def take_objects(self, rows: pa.RecordBatch) -> None:
        """Take in how attempts ended."""
        gone = pc.fill_null(pc.is_in(rows["reason"], value_set=_GONE), fill_value=False)
        again = pc.greater(pc.fill_null(rows["attempt"], 1), 1)
        for row in rows.filter(pc.or_(gone, again)).to_pylist():
            end = _End(
                row["attempt"] or 1, row["reason"] in _REASONS, row["modified_at"]
            )
            known = self._ends.get(row["arrival_id"], end)
            if end.attempt >= known.attempt:
                self._ends[row["arrival_id"]] = end

    def hand_out(self, arrival: str, attempt: int) -> None:
        """Remember that an attempt is on its way."""
        self._handed_out[arrival] = max(attempt, self._handed_out.get(arrival, 1))

    def attempt(self, arrival: str, seen_at: datetime | None = None) -> int:
        """Return the attempt to hand an arrival out for again, 0 for none.

        Args:
            arrival: Id of an arrival that is known.
            seen_at: Time of the version that was told of; ``None`` where it was seen
                just now. One that is no later than that which was gone is old news.
        """
        end = self._ends.get(arrival)
        if end is None or not end.is_gone:
            return 0
        if self._handed_out.get(arrival, 1) > end.attempt:
            return 0
        if seen_at is not None and seen_at <= end.modified_at:
            return 0
        return end.attempt + 1


_REASONS = frozenset(_GONE.to_pylist())
