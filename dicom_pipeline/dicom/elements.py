"""From the bytes of one value to the DICOM JSON Model (PS3.18 F.2.3)."""

import math
import struct
from collections.abc import Callable
from functools import lru_cache

from dicom_pipeline.dicom.charset import decoded
from dicom_pipeline.dicom.outcome import Json

Values = list[object]
Decoded = tuple[Values, str]
"""Values, ``None`` for an empty one, and a code where one is not as it should be."""

INLINE_LIMIT = 1024
"""Bytes of a binary value that the header itself holds."""

BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_PADDING = " \0"
_SHORT = 64
_INT64 = range(-(2**63), 2**63)
_FRACTION = frozenset(".eE")  # in no IS (PS3.5 6.2), and yet some write "1.0"


class UnreadableValueError(ValueError):
    """The bytes do not fit the VR."""

    def __init__(self, code: str) -> None:
        """Keep the code, never the value: it may name a person."""
        super().__init__(code)
        self.code = code


def element_of(
    vr: str,
    data: bytes,
    encodings: tuple[str, ...],
    little_endian: bool,  # noqa: FBT001
) -> tuple[Json, str]:
    """Make the element of the JSON model; arguments and errors of ``values_of``.

    Files of a series repeat most of their short values, so these are kept and shared:
    whoever gets an element must not change it.

    Returns:
        ``{"vr": …, "Value": […]}``, and a code where a value is not as it should be.
    """
    make = _remembered if len(data) <= _SHORT else _element
    return make(vr, data, encodings, little_endian)


def _element(
    vr: str,
    data: bytes,
    encodings: tuple[str, ...],
    little: bool,  # noqa: FBT001
) -> tuple[Json, str]:
    values, code = values_of(vr, data, encodings, little_endian=little)
    return {"vr": vr, "Value": values} if values else {"vr": vr}, code


_remembered = lru_cache(maxsize=16_384)(_element)
"""At most 20 MB; a fifth of the time of a header whose neighbours were read before."""


def values_of(
    vr: str, data: bytes, encodings: tuple[str, ...], *, little_endian: bool
) -> Decoded:
    """Decode a value that is neither binary nor a sequence.

    Args:
        vr: Value Representation, two letters.
        data: Value as stored, not empty.
        encodings: Python encodings of the data set.
        little_endian: Byte order of binary numbers.

    Returns:
        One JSON value per value, in order; an empty list where all is padding. Numbers
        that do not parse stay text (PS3.18 F.2.3 allows both).

    Raises:
        UnreadableValueError: The VR is unknown or the length does not fit it.
    """
    if vr in _FORMATS:
        return _numbers(data, _FORMATS[vr], little_endian=little_endian)
    if vr in _PLAIN:
        return _PLAIN[vr](data.decode("latin-1"))
    if vr == "AT":
        return _tags(data, little_endian=little_endian), ""
    if vr in _LETTERS:
        text, fits = decoded(data, encodings)
        values, code = _LETTERS[vr](text)
        return values, code if fits else "charset"
    raise UnreadableValueError("unknown_vr")


def _numbers(data: bytes, letter: str, *, little_endian: bool) -> Decoded:
    width = _WIDTHS[letter]
    count, rest = divmod(len(data), width)
    if rest:
        raise UnreadableValueError("bad_length")
    order = "<" if little_endian else ">"
    numbers = struct.unpack(f"{order}{count}{letter}", data)
    if letter in "fd":
        return [_finite(number) for number in numbers], ""
    return list(numbers), ""


def _finite(number: float) -> float | str:
    """JSON has no number for these; PS3.18 F.2.3 allows text."""
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "inf" if number > 0 else "-inf"


def _tags(data: bytes, *, little_endian: bool) -> Values:
    values, _ = _numbers(data, "H", little_endian=little_endian)
    pairs = zip(values[::2], values[1::2], strict=False)
    return [f"{group:04X}{element:04X}" for group, element in pairs]


def _items(text: str) -> Decoded:
    """Values whose surrounding spaces mean nothing (PS3.5 6.2)."""
    return _without_empty([item.strip(_PADDING) for item in text.split("\\")])


def _texts(text: str) -> Decoded:
    """Values whose trailing spaces are padding."""
    return _without_empty([item.rstrip(_PADDING) for item in text.split("\\")])


def _one_text(text: str) -> Decoded:
    """One value, backslashes included."""
    return _without_empty([text.rstrip(_PADDING)])


def _without_empty(items: list[str]) -> Decoded:
    if not any(items):
        return [], ""
    return [item or None for item in items], ""


def _names(text: str) -> Decoded:
    """Person names by component group (PS3.5 6.2.1.1)."""
    names: Values = [_name(item) for item in text.rstrip(_PADDING).split("\\")]
    return (names, "") if any(names) else ([], "")


def _name(text: str) -> dict[str, str] | None:
    groups = (group.rstrip(_PADDING) for group in text.split("=", 2))
    named = zip(("Alphabetic", "Ideographic", "Phonetic"), groups, strict=False)
    return {key: group for key, group in named if group} or None


def _decimals(text: str) -> Decoded:
    try:  # contours have 100,000 numbers, and nearly all lists are plain ones
        numbers = [float(item) for item in text.strip(_PADDING).split("\\")]
    except ValueError:
        return _parsed(text, _decimal)
    plain = _spells_numbers(text.strip(_PADDING)) and all(map(math.isfinite, numbers))
    return (list(numbers), "") if plain else _parsed(text, _decimal)


def _integers(text: str) -> Decoded:
    values, code = _parsed(text, _integer)
    return values, code or ("" if _FRACTION.isdisjoint(text) else "decimal_integer")


def _spells_numbers(text: str) -> bool:
    """Whether Python's own liberties are not taken: ``1_0``, and any white space."""
    return text.isascii() and text.isprintable() and "_" not in text


def _parsed(text: str, parse: Callable[[str], float | int]) -> Decoded:
    values, code = _items(text)
    for index, value in enumerate(values):
        try:
            values[index] = None if value is None else parse(str(value))
        except ValueError:
            code = "not_a_number"
    return values, code


def _decimal(text: str) -> float:
    number = float(text)
    if not (math.isfinite(number) and _spells_numbers(text)):
        raise UnreadableValueError("not_a_number")
    return number


def _integer(text: str) -> int:
    if not _spells_numbers(text):
        raise UnreadableValueError("not_a_number")
    try:
        number = int(text)
    except ValueError:
        number = _whole(_decimal(text))
    if number not in _INT64:  # few readers of JSON go beyond
        raise UnreadableValueError("not_a_number")
    return number


def _whole(number: float) -> int:
    if not number.is_integer():
        raise UnreadableValueError("not_a_number")
    return int(number)


_FORMATS = {
    "US": "H",
    "SS": "h",
    "UL": "I",
    "SL": "i",
    "UV": "Q",
    "SV": "q",
    "FL": "f",
    "FD": "d",
}
_WIDTHS = {letter: struct.calcsize("<" + letter) for letter in _FORMATS.values()}
_PLAIN: dict[str, Callable[[str], Decoded]] = {
    **dict.fromkeys(("AE", "AS", "CS", "DA", "DT", "TM", "UI"), _items),
    "UR": _one_text,
    "DS": _decimals,
    "IS": _integers,
}
_LETTERS: dict[str, Callable[[str], Decoded]] = {
    **dict.fromkeys(("LO", "SH", "UC"), _texts),
    **dict.fromkeys(("LT", "ST", "UT"), _one_text),
    "PN": _names,
}
