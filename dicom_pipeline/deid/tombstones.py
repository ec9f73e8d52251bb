"""Tombstones: who was erased, as keyed hashes, so that he does not come back.

A tombstone names nobody: without the key it cannot be matched with an identity.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.dicom.identity import is_named

TOKEN_DIGITS = 32


@dataclass(frozen=True)
class Tombstone:
    """One patient who was erased.

    Attributes:
        patient: Keyed hash of his identity, 32 hexadecimal digits.
        key_check_value: Of the keys that made the hashes, every one there was.
        instances: Keyed hashes of the SOP Instance UIDs that were his.
        arrivals: Ledger ids of the files that were his; keyed hashes themselves.
    """

    patient: str
    key_check_value: str
    instances: frozenset[str] = frozenset()
    arrivals: frozenset[str] = frozenset()

    def grown(self, instances: Iterable[str], arrivals: Iterable[str]) -> "Tombstone":
        """Add what a later run has found."""
        return Tombstone(
            self.patient,
            self.key_check_value,
            self.instances.union(instances),
            self.arrivals.union(arrivals),
        )

    def renamed(self, new: Pseudonyms) -> "Tombstone":
        """Return the same under a key that follows those that made it.

        Nothing else is left of him, so a tombstone is renamed in either rotation.
        """
        key = new.newest
        return Tombstone(
            key.renamed("erased_patient", self.patient),
            new.remembered_check_value,
            frozenset(key.renamed("erased_instance", each) for each in self.instances),
            self.arrivals,
        )

    def text(self) -> bytes:
        """Return it as JSON; the same tombstone gives the same bytes."""
        said = {
            "patient": self.patient,
            "key_check_value": self.key_check_value,
            "instances": sorted(self.instances),
            "arrivals": sorted(self.arrivals),
        }
        return json.dumps(said, indent=1).encode()

    @classmethod
    def read(cls, text: bytes) -> "Tombstone":
        """Read ``text`` back."""
        said = json.loads(text)
        return cls(
            said["patient"],
            said["key_check_value"],
            frozenset(said["instances"]),
            frozenset(said["arrivals"]),
        )


def patient_token(pseudonyms: Pseudonyms, identity: str) -> str:
    """Return what stands for an erased patient: 32 hexadecimal digits."""
    return pseudonyms.token("erased_patient", identity)[:TOKEN_DIGITS]


def instance_token(pseudonyms: Pseudonyms, sop_uid: str) -> str:
    """Return what stands for an erased SOP instance: 32 hexadecimal digits."""
    return pseudonyms.token("erased_instance", sop_uid.strip("\0 "))[:TOKEN_DIGITS]


@dataclass(frozen=True)
class Graveyard:
    """Every tombstone there is, for the door to ask.

    Attributes:
        pseudonyms: Gives the hashes; none where there is no tombstone.
        patients: Those of all tombstones.
        instances: Likewise.
    """

    pseudonyms: Pseudonyms | None
    patients: frozenset[str] = field(default=frozenset(), repr=False)
    instances: frozenset[str] = field(default=frozenset(), repr=False)

    def refuses(self, identity: str | None, sop_uid: str) -> bool:
        """Whether a file is of an erased patient.

        An erased instance that names another patient is not: his id was wrong before,
        and has been corrected. One that names nobody is.
        """
        if self.pseudonyms is None or not self.patients:
            return False
        if identity and patient_token(self.pseudonyms, identity) in self.patients:
            return True
        if is_named(identity):
            return False
        return instance_token(self.pseudonyms, sop_uid) in self.instances
