"""What the holder of the key can say: what each planted identifier has become."""

from collections.abc import Iterable

from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.dicom.identity import patient_identity

from .answers import Action, InstanceKey
from .checks import Mappings

ISSUER = "(0010,0021)"
_UIDS = frozenset({Action.UID_CHANGED, Action.UID_CONSISTENT})


def mappings_of(
    keys: Iterable[InstanceKey], pseudonyms: Pseudonyms, provider: str
) -> Mappings:
    """Say it for every UID and every patient of a key.

    Args:
        keys: The key of the corpus.
        pseudonyms: Of the installation that has read it.
        provider: Its name of the source: the namespace of ids without an issuer.
    """
    uids: dict[str, str] = {}
    patients: dict[str, set[str]] = {}
    for key in keys:
        said = {a.value for a in key.answers if a.action in _UIDS} | {key.uid}
        uids |= {uid: pseudonyms.uid(uid) for uid in said}
        issuer = next((a.value for a in key.answers if a.tag == ISSUER), "")
        patient = key.identity["PatientID"]
        study = key.identity["StudyInstanceUID"]
        named = patient_identity(issuer, provider, patient, study)
        patients.setdefault(patient, set()).add(pseudonyms.patient_key(named))
    return Mappings(uids, {old: frozenset(new) for old, new in patients.items()})
