"""The privacy profiles: a closed list."""

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

    @property
    def shifts_dates(self) -> bool:
        """Whether every date of a patient is moved."""
        return self is Profile.RESEARCH


def profile_of(name: str) -> Profile:
    """Return the profile called ``name``.

    Raises:
        UnknownProfileError: There is none; nothing is assumed.
    """
    try:
        return Profile(name)
    except ValueError:
        raise UnknownProfileError from None
