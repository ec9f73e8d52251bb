"""Dates and times of DICOM, the old spellings too (PS3.5 6.2)."""

import re
from datetime import date, datetime, time, timedelta

_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)
_LEGACY_DATE = re.compile(r"(\d{4})([.\-/])(\d\d)\2(\d\d)", re.ASCII)
_TIME = re.compile(r"(\d\d)(?:(:?)(\d\d)(?:\2(\d\d)(?:\.(\d{1,6})(\d*))?)?)?", re.ASCII)
_OFFSET = re.compile(r"(.*)([+-])(\d\d)(\d\d)", re.ASCII)
_LEAP_SECOND = 60
_MINUTES = 60
_WEST, _EAST = timedelta(hours=-12), timedelta(hours=14)  # PS3.5 6.2 DT, note 1
_FIRST_OF_YEAR = "0101"


def read_date(text: str) -> tuple[date | None, str]:
    """Read a DA: ``20240131``, or the older ``2024.01.31``.

    Returns:
        The date and nothing, or ``legacy_date`` for the older spelling; ``None`` and
        ``bad_date`` for a range (only queries have one), ``00000000`` or stars.

    DICOM:
        PS3.5 6.2 DA; the dots are of ACR-NEMA.
    """
    plain = _DATE.fullmatch(text)
    legacy = None if plain else _LEGACY_DATE.fullmatch(text)
    if plain:
        year, month, day = plain.groups()
    elif legacy:
        year, _, month, day = legacy.groups()
    else:
        return None, "bad_date"
    try:
        return date(int(year), int(month), int(day)), "legacy_date" if legacy else ""
    except ValueError:
        return None, "bad_date"


def read_time(text: str) -> tuple[time | None, str]:
    """Read a TM: hours, then minutes, seconds and fractions as far as they are given.

    A leap second becomes the last microsecond before it: no store has a second 60.

    Returns:
        The time and nothing, ``legacy_time`` for colons or ``long_fraction`` for more
        than microseconds, which are cut; ``None`` and ``bad_time``.

    DICOM:
        PS3.5 6.2 TM; the colons are of ACR-NEMA.
    """
    match = _TIME.fullmatch(text)
    if not match:
        return None, "bad_time"
    hour, colon, minute, second, fraction, beyond = match.groups()
    seconds, micro = int(second or 0), int((fraction or "").ljust(6, "0"))
    if seconds == _LEAP_SECOND:
        seconds, micro = 59, 999_999
    try:
        value = time(int(hour), int(minute or 0), seconds, micro)
    except ValueError:
        return None, "bad_time"
    return value, "legacy_time" if colon else "long_fraction" if beyond else ""


def read_datetime(text: str) -> tuple[datetime | None, str]:
    """Read a DT: as much as is given, the rest from its beginning.

    Returns:
        Moment without time zone: in UTC if the text has an offset, else as the clock
        showed; and nothing or ``long_fraction``. ``None`` and ``bad_datetime`` where
        it is none.

    DICOM:
        PS3.5 6.2 DT, ``YYYYMMDDHHMMSS.FFFFFF&ZZXX``, cut anywhere after the year.
    """
    offset = _OFFSET.fullmatch(text)
    local = offset[1] if offset else text
    day, clock = local[:8], local[8:]
    missing = 8 - len(day)
    day += _FIRST_OF_YEAR[-missing:] if missing in {2, 4} else ""
    on, _ = read_date(day) if day.isdigit() else (None, "")
    at, odd = read_time(clock or "00")
    if on is None or at is None or odd == "legacy_time":
        return None, "bad_datetime"
    moment = datetime.combine(on, at)
    in_utc = _in_utc(moment, offset) if offset else moment
    return in_utc, odd if in_utc else "bad_datetime"


def _in_utc(moment: datetime, offset: re.Match[str]) -> datetime | None:
    """Take the offset off; ``None`` where there is no such zone or no such year."""
    hours, minutes = int(offset[3]), int(offset[4])
    east = timedelta(hours=hours, minutes=minutes) * (1 if offset[2] == "+" else -1)
    if minutes >= _MINUTES or not _WEST <= east <= _EAST:
        return None
    try:
        return moment - east
    except OverflowError:
        return None
