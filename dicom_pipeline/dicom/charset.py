"""Which letters the bytes of a text mean (PS3.5 6.1, PS3.3 C.12.1.1.2)."""

import re
from functools import lru_cache

from pydicom.charset import convert_encodings, decode_bytes, python_encoding
from pydicom.valuerep import TEXT_VR_DELIMS

DEFAULT = ("iso8859",)
"""Python encodings where (0008,0005) is absent: latin-1 reads every byte."""

_ESCAPE = 0x1B
_PARTS = re.compile(rb"(?=\x1b)")
_CHINESE = b"\x1b$)A"  # ISO-IR 58 to G1, PS3.3 Table C.12-4
_GB2312 = "iso_ir_58"
_REPLACED = "\N{REPLACEMENT CHARACTER}"
_MISSPELT_UTF8 = frozenset({"UTF-8", "UTF8", "UTF_8"})


@lru_cache(maxsize=256)
def encodings_of(value: bytes) -> tuple[tuple[str, ...], bool]:
    """Python encodings of a Specific Character Set.

    Args:
        value: (0008,0005) as stored, values separated by a backslash.

    Returns:
        The encodings, the first one the default, and whether every term is defined.

    DICOM:
        (0008,0005) Specific Character Set, VR CS, VM 1-n.
    """
    terms = [term.strip(" \0") for term in value.decode("latin-1").split("\\")]
    known = [_spelled(term) for term in terms]
    encodings = tuple(convert_encodings(known))
    return encodings or DEFAULT, all(term in python_encoding for term in terms)


def _spelled(term: str) -> str:
    """Return the defined term, or one that pydicom can mend; else the default."""
    if term.upper() in _MISSPELT_UTF8:
        return "ISO_IR 192"
    # A name of a Python codec is not a defined term: some are no text encodings.
    mendable = term.startswith("ISO") and "\0" not in term  # codecs refuse a NUL
    return term if term in python_encoding or mendable else ""


def decoded(data: bytes, encodings: tuple[str, ...]) -> tuple[str, bool]:
    """Decode a text; whole even where the character set does not fit it.

    Args:
        data: Value as stored, code extensions (ISO 2022) included.
        encodings: Python encodings of the data set.

    Returns:
        The text, and whether the character set fits. Bytes that do not fit are read
        as latin-1, so that none is lost.
    """
    if _ESCAPE not in data:
        try:
            return data.decode(encodings[0]), True
        except (UnicodeError, LookupError):
            return data.decode("latin-1"), False
    try:
        text = "".join(_part(part, encodings) for part in _PARTS.split(data))
    except (UnicodeError, LookupError):
        text = _REPLACED
    fits = _REPLACED not in text and "\x1b" not in text
    return (text, True) if fits else (data.decode("latin-1"), False)


def _part(part: bytes, encodings: tuple[str, ...]) -> str:
    """Decode what follows one escape sequence, or what comes before the first."""
    if part.startswith(_CHINESE) and _GB2312 in encodings:
        # pydicom 3.0.2 leaves this one escape sequence in the text.
        return part.removeprefix(_CHINESE).decode(_GB2312)
    return str(decode_bytes(part, encodings, TEXT_VR_DELIMS))
