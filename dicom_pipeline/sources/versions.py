"""Versions of a SOP instance: the same bytes, other bytes, or another's bytes.

A SOP Instance UID names one instance, which is part of one series, of one study, of
one patient (PS3.3 A.1.2). Files that disagree on that are no versions of each other,
and the later one must not take the place of the earlier one: one of the two has a UID
that is not its own, or an error has been corrected, which a person has to say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dicom_pipeline.dicom.identity import is_named
from dicom_pipeline.dicom.reasons import QuarantineReason
from dicom_pipeline.resources.ledger import Outcome, Version

CONFLICTS = (QuarantineReason.CONFLICTING_PATIENT, QuarantineReason.CONFLICTING_SERIES)


@dataclass
class Versions:
    """What is known of some SOP instances, growing while a batch is gone through."""

    known: dict[str, list[Version]]

    @classmethod
    def of(cls, stored: Mapping[str, Sequence[Version]]) -> "Versions":
        """Begin with what is stored."""
        return cls({sop: list(versions) for sop, versions in stored.items()})

    def conflict(
        self, sop: str, version: Version, accepts: str | None
    ) -> QuarantineReason | None:
        """Say why a file is no version of what is known; ``None`` if it may be one.

        Args:
            sop: Its SOP Instance UID.
            version: The file.
            accepts: A conflict that does not count.
        """
        found = _conflict(self.known.get(sop, ()), version)
        if found is not None and found != accepts:
            return found
        self.known.setdefault(sop, []).append(version)
        return None

    def outcome(self, sop: str, version: Version) -> Outcome:
        """Say what a file is beside those before it, and remember it."""
        known = self.known.setdefault(sop, [])
        if any(each.fingerprint == version.fingerprint for each in known):
            return Outcome.IDENTICAL
        known.append(version)
        return Outcome.NEW_VERSION if len(known) > 1 else Outcome.LOADED


def _conflict(known: Sequence[Version], version: Version) -> QuarantineReason | None:
    """Hold a file against every version whose owner is known; one that fits is enough.

    The same bytes never conflict.
    """
    whose = [each for each in known if each.owner[1]]
    if not whose or any(each.fingerprint == version.fingerprint for each in known):
        return None
    beside = [each for each in whose if each.owner[1:] == version.owner[1:]]
    if not beside:
        return QuarantineReason.CONFLICTING_SERIES
    if any(_may_be_one(each.owner[0], version.owner[0]) for each in beside):
        return None
    return QuarantineReason.CONFLICTING_PATIENT


def _may_be_one(one: str | None, other: str | None) -> bool:
    """Whether two identities can be one patient; nobody is contradicted by no name."""
    return one == other or not (is_named(one) and is_named(other))
