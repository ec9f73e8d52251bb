"""Which letters the bytes of a text mean (PS3.5 6.1, PS3.3 C.12.1.1.2)."""

from functools import lru_cache

from pydicom.charset import convert_encodings, decode_bytes, python_encoding
from pydicom.valuerep import TEXT_VR_DELIMS

DEFAULT = ("iso8859",)
"""Python encodings where (0008,0005) is absent: latin-1 reads every byte."""

_ESCAPE = 0x1B
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
    return term if term in python_encoding or term.startswith("ISO") else ""


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
        text = decode_bytes(data, encodings, TEXT_VR_DELIMS)
    except (UnicodeError, LookupError):
        return data.decode("latin-1"), False
    return text, _REPLACED not in text
