"""Due months are grouped into as few ranges as the order allows."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dicom_pipeline.partitions import ranges

ORDER = [f"{year}-{month:02}" for year in (2023, 2024) for month in range(1, 13)]


@given(st.sets(st.sampled_from(ORDER)))
def test_ranges_hold_the_due_months_and_no_other(due):
    """Spelling the ranges out gives the due months, and no two ranges touch."""
    found = ranges(ORDER, due)

    spans = [(ORDER.index(first), ORDER.index(last)) for first, last in found]
    assert {ORDER[i] for a, b in spans for i in range(a, b + 1)} == due
    assert all(b + 1 < a for (_, b), (a, _) in pairwise(spans))
