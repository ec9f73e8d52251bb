"""Columns are as tall as their numbers and stay within their frame."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom_pipeline.publish.charts import COLOURS, HALF, columns

COUNTS = st.dictionaries(
    st.tuples(st.text("abcdef", min_size=1), st.sampled_from("XYZ")),
    st.integers(0, 10**9),
    max_size=40,
)


@given(COUNTS)
def test_heights_are_proportional_and_inside(counts):
    """One scale for all; nothing is drawn beyond the top or the sides."""
    rows = [(place, group, number) for (place, group), number in counts.items()]
    drawn = columns(rows, "things", "XYZ")
    numbers = sorted(number for number in counts.values() if number)
    heights = sorted(box.height for box in drawn.boxes)

    assert len(heights) == len(numbers)
    for box in drawn.boxes:
        assert HALF.left <= box.x <= box.x + box.width <= HALF.right
        assert 0 <= box.y <= box.y + box.height <= HALF.bottom + 1e-6
    for height, number in zip(heights, numbers, strict=True):
        assert height == pytest.approx(heights[-1] * number / numbers[-1], abs=1e-6)


@given(st.integers(0, 10**12))
def test_the_scale_is_short_round_and_high_enough(most):
    """Two to six marks from zero."""
    drawn = columns([("a", "", most)], "things")
    marks = [int(mark.words.replace(",", "")) for mark in drawn.scale]

    assert marks[0] == 0
    assert marks[-1] >= most
    assert 2 <= len(marks) <= 6


def test_groups_beyond_the_palette_share_its_last_colour():
    """They still have their own words."""
    groups = [f"g{n}" for n in range(12)]
    drawn = columns([("a", group, 1) for group in groups], "things", groups)

    assert {box.colour for box in drawn.boxes} == set(range(1, COLOURS + 1))
    assert drawn.boxes[-1].words == "a · g11: 1 things"


@given(st.integers(1, 400))
def test_words_do_not_overlap_and_the_last_is_there(places):
    """It may be the one without a date, which nobody would guess."""
    drawn = columns([(f"p{n}", "", 1) for n in range(places)], "things")
    at = [mark.at for mark in sorted(drawn.words, key=lambda mark: mark.at)]

    assert f"p{places - 1}" in {mark.words for mark in drawn.words}
    assert all(right - left >= 60 for left, right in pairwise(at))
