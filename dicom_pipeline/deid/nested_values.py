"""What each function of the vocabulary makes of one value of a header.

The same as the macros of the tables make of a column; here values are those of the
DICOM JSON Model, and what does not fit is nothing, with a word that says why.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any

from dicom_pipeline.deid.nested_codes import code_lists
from dicom_pipeline.deid.nested_rules import NestedRule
from dicom_pipeline.deid.profiles import Profile
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.deid.terms import imaging_terms
from dicom_pipeline.dicom.times import read_date, read_datetime, read_time

Made = tuple[Any, str]
"""A value and nothing, or nothing and a word that says why."""

OTHER_VR, OFF_LIST, NO_NUMBER, BEYOND = (
    "other_vr",
    "off_list",
    "not_a_number",
    "out_of_bounds",
)
NO_TERM, BAD_AGE, NAMES_SOMEONE = "no_imaging_term", "bad_age", "names_someone"
SEVEN_DIGITS = "-9999999 9999999"
"""Bounds of a number that has no others: no identifier of eight digits passes."""

_AGE = re.compile(r"[0-9]{3}[DWMY]")
_OLDEST = "089Y"
_CACHED = 1 << 16


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a header speaks of.

    Attributes:
        patient_key: Keyed surrogate.
        shift_days: Days by which the dates move into the past; 0 where they stay.
        people: Names and identifiers of the file, which no description may repeat.
        numbers: Those of them that are long numbers, which no number may repeat.
    """

    patient_key: str
    shift_days: int
    people: tuple[str, ...]
    numbers: frozenset[int] = frozenset()


Function = Callable[[Any, NestedRule, Subject], Made]


class UnfitProfileError(ValueError):
    """Whole headers are not made fit for a profile."""

    def __init__(self) -> None:
        """Say what there is in their place."""
        super().__init__(
            "profile safe_harbor has no export of whole headers: its tables are what"
            " may leave (docs/profiles.md)"
        )


class Functions:
    """The functions of one key and one profile; each by its word."""

    def __init__(self, pseudonyms: Pseudonyms, profile: Profile) -> None:
        """Keep what the keyed functions need.

        Raises:
            UnfitProfileError: These functions keep days and hashes.
        """
        if profile.draws_names:
            raise UnfitProfileError
        self._pseudonyms, self._profile = pseudonyms, profile
        self._uid = lru_cache(_CACHED)(pseudonyms.uid)
        self._token = lru_cache(_CACHED)(pseudonyms.token)
        self._terms = lru_cache(_CACHED)(imaging_terms)
        self.of: dict[str, Function] = {
            "full_hash": self._full_hash,
            "anon_text": _anon_text,
            "uid_remap": self._uid_remap,
            "date_shift": _date_shift,
            "datetime_shift": _datetime_shift,
            "year_only": _year_only,
            "keep_time": _keep_time,
            "age_cap": _age_cap,
            "round_num": _round_num,
            "keep_num": _keep_num,
            "keep_code": _keep_code,
            "text_terms": self._text_terms,
        }

    def constant(self, rule: NestedRule) -> list[str]:
        """Return what this pipeline itself says, whatever a file said.

        Args:
            rule: Its argument is a text, or ``research=text;limited=text``; ``+``
                parts a list.
        """
        choices = dict(
            part.split("=", 1) for part in rule.argument.split(";") if "=" in part
        )
        return choices.get(self._profile, rule.argument).split("+")

    def _full_hash(self, value: Any, rule: NestedRule, _of: Subject) -> Made:  # noqa: ANN401
        text = _text(value)
        if text is None:
            return None, OTHER_VR
        text = text.strip(" ")
        return (self._token(rule.domain, text)[: rule.length] if text else None), ""

    def _uid_remap(self, value: Any, _rule: NestedRule, _of: Subject) -> Made:  # noqa: ANN401
        if not isinstance(value, str):
            return None, OTHER_VR
        uid = value.strip("\0 ")
        return (self._uid(uid) if uid else None), ""

    def _text_terms(self, value: Any, rule: NestedRule, of: Subject) -> Made:  # noqa: ANN401
        if not isinstance(value, str):
            return None, OTHER_VR
        terms = self._terms(value, of.people)
        if terms is None:
            return None, NO_TERM if value.strip() else ""
        return terms[: rule.length].strip(), ""


def _anon_text(value: Any, _rule: NestedRule, _of: Subject) -> Made:  # noqa: ANN401
    text = _text(value)
    return ("ANON_TEXT" if text and text.strip() else None), ""


def _date_shift(value: Any, _rule: NestedRule, of: Subject) -> Made:  # noqa: ANN401
    return _moved_date(value, of.shift_days) if isinstance(value, str) else _OTHER


def _datetime_shift(value: Any, _rule: NestedRule, of: Subject) -> Made:  # noqa: ANN401
    return _moved_moment(value, of.shift_days) if isinstance(value, str) else _OTHER


def _year_only(value: Any, _rule: NestedRule, _of: Subject) -> Made:  # noqa: ANN401
    day, code = read_date(value) if isinstance(value, str) else _OTHER
    return (day.year, "") if day else (None, code)


def _keep_time(value: Any, _rule: NestedRule, _of: Subject) -> Made:  # noqa: ANN401
    clock, code = read_time(value) if isinstance(value, str) else _OTHER
    return (clock.strftime("%H%M%S.%f"), "") if clock else (None, code)


def _age_cap(value: Any, _rule: NestedRule, _of: Subject) -> Made:  # noqa: ANN401
    age = value.strip(" ").upper() if isinstance(value, str) else ""
    if not _AGE.fullmatch(age):
        return None, BAD_AGE
    return ("090Y" if age.endswith("Y") and age > _OLDEST else age), ""


def _round_num(value: Any, rule: NestedRule, _of: Subject) -> Made:  # noqa: ANN401
    number = _number(value)
    if number is None or number <= 0:
        return None, NO_NUMBER
    step, least, greatest = _bounds(rule.argument)
    # Half away from zero, as databases round; the last rounding undoes binary noise.
    rounded = math.floor(number / step + 0.5) * step
    return round(min(max(rounded, least), greatest), 6), ""


def _keep_num(value: Any, rule: NestedRule, of: Subject) -> Made:  # noqa: ANN401
    number = _number(value)
    if number is None:
        return None, NO_NUMBER
    if number in of.numbers:
        return None, NAMES_SOMEONE
    least, greatest = _bounds(rule.argument or SEVEN_DIGITS)
    return (number, "") if least <= number <= greatest else (None, BEYOND)


def _keep_code(value: Any, rule: NestedRule, _of: Subject) -> Made:  # noqa: ANN401
    text = _text(value)
    code = None if text is None else code_lists().lists[rule.argument].code(text)
    return code, OFF_LIST if code is None and text else ""


@cache
def _bounds(argument: str) -> tuple[float, ...]:
    return tuple(map(float, argument.split(" ")))


@lru_cache(_CACHED)
def _moved_date(text: str, days: int) -> Made:
    day, code = read_date(text)
    if day is None:
        return None, code
    moved = _moved(datetime(day.year, day.month, day.day), days)  # noqa: DTZ001
    return (None, BEYOND) if moved is None else (f"{moved:%Y%m%d}".zfill(8), "")


@lru_cache(_CACHED)
def _moved_moment(text: str, days: int) -> Made:
    at, code = read_datetime(text)
    if at is None:
        return None, code
    moved = _moved(at, days)
    return (
        (None, BEYOND) if moved is None else (f"{moved:%Y%m%d%H%M%S.%f}".zfill(21), "")
    )


def _moved(at: datetime, days: int) -> datetime | None:
    if at.date().toordinal() - days < date.min.toordinal():
        return None
    return at - timedelta(days=days)


def _text(value: Any) -> str | None:  # noqa: ANN401
    """A text, or a number as a vendor may have written it; nothing for items."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value).removesuffix(".0")
    return None


def _number(value: Any) -> float | None:  # noqa: ANN401
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return value if math.isfinite(value) else None


_OTHER: tuple[None, str] = (None, OTHER_VR)
