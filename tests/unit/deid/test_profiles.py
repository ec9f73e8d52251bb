"""The privacy profiles are a closed list."""

import pytest

from dicom_pipeline.deid.profiles import Profile, UnknownProfileError, profile_of


def test_only_research_moves_dates():
    """Inside the hospital dates are kept; everything else is the same."""
    assert profile_of("research").shifts_dates
    assert not profile_of("limited").shifts_dates
    assert list(Profile) == ["research", "limited"]


@pytest.mark.parametrize("name", ["", "Research", "safe_harbor", "none"])
def test_an_unknown_profile_stops(name):
    """A misspelled profile must not fall through to a laxer one."""
    with pytest.raises(UnknownProfileError, match="research, limited"):
        profile_of(name)
