"""A render costs the instructions that it cost before, within 3 %."""

import pytest

from tests.compressor import instructions


@pytest.mark.skipif(not instructions.can_count(), reason="needs valgrind on x86-64")
def test_renders_cost_what_the_table_says():
    """More is a regression; much less is a gain that the table should keep."""
    assert not instructions.regressions(instructions.counted())
