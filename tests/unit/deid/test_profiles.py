"""The privacy profiles are a closed list."""

from pathlib import Path

import pytest

from dicom_pipeline.deid.profiles import (
    Profile,
    UnknownProfileError,
    function_in,
    profile_of,
)
from dicom_pipeline.deid.rules import rules_from

SEEDS = Path(__file__).parents[3] / "dbt_project" / "seeds"
MAPPING = SEEDS / "anonymization_mapping.csv"


def test_only_research_moves_dates():
    """Inside the hospital dates are kept; everything else is the same."""
    assert profile_of("research").shifts_dates
    assert not profile_of("limited").shifts_dates
    assert not profile_of("safe_harbor").shifts_dates
    assert list(Profile) == ["research", "limited", "safe_harbor"]


@pytest.mark.parametrize("name", ["", "Research", "safe-harbor", "none"])
def test_an_unknown_profile_stops(name):
    """A misspelled profile must not fall through to a laxer one."""
    with pytest.raises(UnknownProfileError, match="research, limited, safe_harbor"):
        profile_of(name)


def test_safe_harbor_lets_no_date_hash_or_device_number_through():
    """What is left of each rule, over the whole mapping: nothing that (b)(2) lists."""
    rules = rules_from(MAPPING.read_text("utf-8").splitlines())
    left = {
        (r.table_name, r.column_name): function_in(
            Profile.SAFE_HARBOR, r.table_name, r.column_name, r.target_function
        )
        for r in rules
    }

    gone = {"full_hash", "keep_time", "date_shift", "datetime_shift"}
    assert not gone & {*left.values()}
    assert {t for (t, _), how in left.items() if how == "year_only"} <= {
        "studies",
        "series",
        "images",
    }
    assert left["devices", "device_uid"] == "null_out"
    assert left["devices", "device_identity"] == "surrogate_key"
    assert all(
        function_in(profile, r.table_name, r.column_name, r.target_function)
        == r.target_function
        for profile in (Profile.RESEARCH, Profile.LIMITED)
        for r in rules
    )
