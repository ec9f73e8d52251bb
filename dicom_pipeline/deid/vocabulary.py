"""Words that mean something by themselves: no needle for a search, no one's name."""

import re
from collections.abc import Iterable
from functools import cache

from pydicom import datadict

from dicom_pipeline.deid.needles import words
from dicom_pipeline.deid.ps315 import table
from dicom_pipeline.deid.terms import lexicon
from dicom_pipeline.dicom.identity import DUMMY_IDS

_NOBODY = {"anonymous", "anonymized", "anonymised", "anonymize", "patient"}
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@cache
def packaged_words() -> frozenset[str]:
    """Words of the data dictionary (PS3.6), of Table E.1-1, of the lexicon, dummies."""
    names = [row.name for row in table().values()]
    for _, _, name, _, keyword in datadict.DicomDictionary.values():  # type: ignore[attr-defined]
        names += [name, _CAMEL.sub(" ", keyword)]
    return common_words([*names, *lexicon(), *DUMMY_IDS, *_NOBODY])


def common_words(texts: Iterable[str]) -> frozenset[str]:
    """Every word of the texts, and every text as one word."""
    found: set[str] = set()
    for text in texts:
        parts = words(text)
        found |= {*parts, "".join(parts)}
    return frozenset(found)
