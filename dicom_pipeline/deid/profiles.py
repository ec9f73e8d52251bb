"""The privacy profiles: a closed list, and where one departs from the mapping."""

from collections.abc import Mapping
from enum import StrEnum


class UnknownProfileError(ValueError):
    """The name is not on the list."""

    def __init__(self) -> None:
        """Name the list."""
        super().__init__(f"a privacy profile is one of: {', '.join(Profile)}")


class Profile(StrEnum):
    """How far the stage layer goes."""

    RESEARCH = "research"  # dates moved per patient; leaves the department
    LIMITED = "limited"  # dates kept; stays inside the hospital
    SAFE_HARBOR = "safe_harbor"  # years, random names; 45 CFR 164.514(b)(2) and (c)

    @property
    def shifts_dates(self) -> bool:
        """Whether every date of a patient is moved."""
        return self is Profile.RESEARCH

    @property
    def draws_names(self) -> bool:
        """Whether names are random and kept in a vault, not made with the key."""
        return self is Profile.SAFE_HARBOR


FUNCTIONS: Mapping[str, str] = {
    "full_hash": "null_out",  # (R): a hash is a code that is derived
    "keep_time": "null_out",  # (C)
    "date_shift": "year_only",  # (C)
    "datetime_shift": "year_only",  # (C)
    "year_only": "null_out",  # dates of devices
}
"""Functions that ``safe_harbor`` replaces, by letters of 45 CFR 164.514(b)(2)(i)."""

COLUMNS: Mapping[str, str] = {
    "devices.device_uid": "null_out",  # (M)
}
"""Columns that ``safe_harbor`` treats otherwise than their function says."""

TYPES: Mapping[str, str] = {"date": "smallint", "timestamp": "smallint"}
"""Types that ``safe_harbor`` has in the place of others: no column can hold a day."""


def function_in(profile: Profile, table: str, column: str, function: str) -> str:
    """Return the function that a profile runs where the mapping says ``function``."""
    if not profile.draws_names:
        return function
    return COLUMNS.get(f"{table}.{column}") or FUNCTIONS.get(function, function)


def profile_of(name: str) -> Profile:
    """Return the profile called ``name``.

    Raises:
        UnknownProfileError: There is none; nothing is assumed.
    """
    try:
        return Profile(name)
    except ValueError:
        raise UnknownProfileError from None
