"""What of a patient must not be found once he was erased: his own words alone.

Names of physicians, institutions and dates are other patients' too, and stay theirs.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

SHORTEST = 5  # letters; what is shorter stands everywhere by chance

OWN_TAGS = (
    "00100010",  # Patient's Name
    "00100020",  # Patient ID
    "00101000",  # Other Patient IDs
    "00101001",  # Other Patient Names
    "00101005",  # Patient's Birth Name
    "00101040",  # Patient's Address
    "00101060",  # Patient's Mother's Birth Name
    "00102154",  # Patient's Telephone Numbers
    "0020000D",  # Study Instance UID
)
"""Top-level elements whose values are one patient's (PS3.3 C.7.1.1, C.2.2)."""


def own_values(header: Mapping[str, Any]) -> set[str]:
    """Return what a header in the DICOM JSON Model calls its patient."""
    found = set()
    for tag in OWN_TAGS:
        for value in (header.get(tag) or {}).get("Value", ()):
            found |= set(_texts(value))
    return {text for text in found if is_sought(text)}


def uids_in(header: Mapping[str, Any]) -> set[str]:
    """Return every UID that a header holds, at any depth; registered ones too."""
    found: set[str] = set()
    for element in header.values():
        for value in element.get("Value", ()):
            if isinstance(value, Mapping):
                found |= uids_in(value) if element.get("vr") == "SQ" else set()
            elif element.get("vr") == "UI":
                found |= set(_texts(value))
    return found


def is_sought(text: str) -> bool:
    """Whether a text is long enough to be found by more than chance."""
    return len(re.sub(r"[\W_]", "", text)) >= SHORTEST


def _texts(value: object) -> Iterator[str]:
    parts = value.values() if isinstance(value, Mapping) else (value,)
    for part in parts:
        text = str(part or "").strip("\0 ^")
        if text:
            yield text
