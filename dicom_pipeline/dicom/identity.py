"""Who and what a header speaks of, as one text that strangers never share."""

import unicodedata

SEPARATOR = "\x1f"
"""Stands between namespace and identifier; cleaned out of both."""

DUMMY_IDS = frozenset(
    {
        "", "0", "00", "000", "0000", "00000", "000000", "0000000", "00000000",
        "-", "--", ".", "?", "*", "x", "xx", "xxx", "xxxx", "n/a", "na", "nil",
        "none", "null", "nan", "empty", "unknown", "unk", "undefined",
        "unspecified", "not specified", "not available", "no id", "noid", "no_id",
        "anon", "anonym", "anonymous", "anonymized", "anonymised", "anonymize",
        "removed", "deleted", "redacted", "withheld", "default", "dummy", "test",
        "testing", "test patient", "testpatient", "patient", "patientid",
        "patient id", "patient_id", "id", "phantom", "temp", "tmp",
    }
)  # fmt: skip
"""Patient IDs, case-folded, that many patients share."""

_STUDY = "study"


def patient_identity(
    issuer: str | None, provider: str, patient_id: str | None, study_uid: str
) -> str:
    """Name the patient within the namespace that the id was issued in.

    Two hospitals both have a patient 1234, and many have a patient ANON: without an id
    of their own, the instances of one study are one patient and no others.

    Args:
        issuer: (0010,0021) Issuer of Patient ID.
        provider: Name of the provider, the namespace where no issuer is given.
        patient_id: (0010,0020) Patient ID.
        study_uid: (0020,000D) Study Instance UID.
    """
    identifier = normalised(patient_id)
    if identifier.casefold() in DUMMY_IDS:
        return f"{_STUDY}{SEPARATOR}{normalised(study_uid)}"
    return f"{normalised(issuer) or normalised(provider)}{SEPARATOR}{identifier}"


def is_named(identity: str | None) -> bool:
    """Whether ``patient_identity`` had an id, not only the study, to name him by."""
    return bool(identity) and not str(identity).startswith(f"{_STUDY}{SEPARATOR}")


def device_identity(
    manufacturer: str | None, model: str | None, serial: str | None
) -> str:
    """Name the device by maker, model and serial number, each ``length:value``.

    Two makers may give the same serial number; the lengths keep ``A-1, C`` apart from
    ``A, 1-C``.

    DICOM:
        (0008,0070) Manufacturer, (0008,1090) Manufacturer's Model Name,
        (0018,1000) Device Serial Number; VR LO, VM 1.
    """
    parts = (normalised(part) for part in (manufacturer, model, serial))
    return "".join(f"{len(part)}:{part}" for part in parts)


def normalised(text: str | None) -> str:
    """Fold look-alike letters (NFKC) and drop spaces and control letters around.

    Leading zeros and case stay: what they mean differs between hospitals.
    """
    folded = unicodedata.normalize("NFKC", text or "")
    kept = "".join(letter for letter in folded if unicodedata.category(letter) != "Cc")
    return kept.strip()
