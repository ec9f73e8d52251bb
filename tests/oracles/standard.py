"""PS3.5 Table 6.2-1 read plainly: what a text of a VR means, or nothing.

Padding is off already. Ranges belong to queries and mean nothing here.
"""

import calendar
import re
from datetime import date, datetime, time, timedelta
from fractions import Fraction

DIGITS = "0123456789"


def da(text: str) -> date | None:
    """``YYYYMMDD``, a day of the Gregorian calendar."""
    if len(text) != 8 or set(text) - set(DIGITS):
        return None
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:])
    if not (year and 1 <= month <= 12):
        return None
    return date(year, month, day) if day in _days(year, month) else None


def _days(year: int, month: int) -> range:
    return range(1, calendar.monthrange(year, month)[1] + 1)


def tm(text: str) -> time | None:
    """``HHMMSS.FFFFFF``, cut after any component; second 60 is the end of 59."""
    whole, dot, fraction = text.partition(".")
    if set(whole + fraction) - set(DIGITS) or len(whole) not in {2, 4, 6}:
        return None
    if dot and (len(whole) != 6 or not 1 <= len(fraction) <= 6):
        return None
    parts = [int(whole[at : at + 2]) for at in range(0, len(whole), 2)]
    hour, minute, second = [*parts, 0, 0][:3]
    if hour > 23 or minute > 59 or second > 60:
        return None
    if second == 60:
        return time(hour, minute, 59, 999_999)
    return time(hour, minute, second, int(fraction.ljust(6, "0")))


def dt(text: str) -> datetime | None:
    """``YYYYMMDDHHMMSS.FFFFFF&ZZXX``, cut after any component; in UTC if it can be."""
    local, east = text, timedelta()
    sign = text[-5:-4]
    if sign in {"+", "-"}:
        zone, local = text[-4:], text[:-5]
        if set(zone) - set(DIGITS) or int(zone[2:]) > 59:
            return None
        signed = int(sign + zone)
        if not -1200 <= signed <= 1400:
            return None
        east = timedelta(hours=int(zone[:2]), minutes=int(zone[2:]))
        east = east if sign == "+" else -east
    if len(local) in {4, 6}:
        local += "0101"[len(local) - 4 :]
    on, at = da(local[:8]), tm(local[8:] or "00")
    if on is None or at is None:
        return None
    try:
        return datetime.combine(on, at) - east
    except OverflowError:
        return None


def age(text: str) -> bool:
    """``nnnD``, ``nnnW``, ``nnnM`` or ``nnnY``."""
    return len(text) == 4 and not set(text[:3]) - set(DIGITS) and text[3] in "DWMY"


def ds(text: str) -> float | None:
    """A fixed or floating point number that a double can hold."""
    number = re.fullmatch(
        "([+-]?)(?:([0-9]+)[.]?([0-9]*)|[.]([0-9]+))(?:[eE]([+-]?[0-9]+))?", text
    )
    if not number:
        return None
    sign, whole, after, only, power = (part or "" for part in number.groups())
    digits, places = int(whole + after + only), len(after + only)
    exponent = int(power or 0) - places
    if not digits or exponent < -1_000:
        return -0.0 if sign == "-" else 0.0
    if exponent > 400:
        return None
    try:
        value = float(digits * Fraction(10) ** exponent)
    except OverflowError:
        return None
    return -value if sign == "-" else value


def is_(text: str) -> int | None:
    """An integer of 32 bits."""
    sign, digits = (text[:1], text[1:]) if text[:1] in {"+", "-"} else ("", text)
    if not digits or set(digits) - set(DIGITS):
        return None
    value = int(sign + digits)
    return value if -(2**31) <= value < 2**31 else None


def ui(text: str) -> bool:
    """Components of digits without leading zeros, dots between them, 64 at most."""
    parts = text.split(".")
    plain = all(part and not set(part) - set(DIGITS) for part in parts)
    return plain and len(text) <= 64 and all(p == "0" or p[0] != "0" for p in parts)
