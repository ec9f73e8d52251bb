"""The ids that a header lists beside the patient's own."""

from collections.abc import Iterator

from dicom_pipeline.deid.person_facts import OtherId
from dicom_pipeline.dicom.outcome import Json, first_text

TAGS = ("00101000", "00101002")
"""Other Patient IDs (retired in PS3.6, and still sent), Other Patient IDs Sequence."""

_QUALIFIERS = "00100024"
_ENTITY = "00400032"
_PATIENT_ID, _ISSUER = "00100020", "00100021"


def other_ids(header: Json) -> frozenset[OtherId]:
    """Return the other ids of a header in the DICOM JSON Model.

    DICOM:
        (0010,1000) Other Patient IDs, LO, VM 1-n, without an issuer; (0010,1002) Other
        Patient IDs Sequence with (0010,0020) Patient ID, and (0010,0021) Issuer of
        Patient ID or else (0040,0032) Universal Entity ID of (0010,0024).
    """
    return frozenset(_plain(header)) | frozenset(_issued(header))


def _plain(header: Json) -> Iterator[OtherId]:
    for value in header.get(TAGS[0], {}).get("Value") or ():
        if isinstance(value, str) and value.strip():
            yield OtherId("", value)


def _issued(header: Json) -> Iterator[OtherId]:
    for item in _items(header, TAGS[1]):
        entities = (first_text(each, _ENTITY) for each in _items(item, _QUALIFIERS))
        issuer = first_text(item, _ISSUER) or next(filter(None, entities), "")
        patient_id = first_text(item, _PATIENT_ID)
        if patient_id.strip():
            yield OtherId(issuer, patient_id)


def _items(header: Json, tag: str) -> list[Json]:
    values = header.get(tag, {}).get("Value") or ()
    return [item for item in values if isinstance(item, dict)]
