"""What a file is beside those of its SOP Instance UID, by the rule of decision 0012."""

import pytest

from dicom_pipeline.dicom.identity import patient_identity
from dicom_pipeline.resources.ledger import Version
from dicom_pipeline.sources.versions import Versions

ANNA = patient_identity("", "clinic", "A-1", "1.2")
BERTA = patient_identity("", "clinic", "B-2", "1.2")
NOBODY = patient_identity("", "clinic", "ANON", "1.2")
KNOWN = Version("f1", (ANNA, "1.2", "1.2.3"))


@pytest.mark.parametrize(
    ("version", "conflict"),
    [
        (Version("f2", (ANNA, "1.2", "1.2.3")), None),
        (Version("f2", (NOBODY, "1.2", "1.2.3")), None),
        (Version("f2", (ANNA, "1.2", "1.2.4")), "conflicting_series"),
        (Version("f2", (ANNA, "1.9", "1.2.3")), "conflicting_series"),
        (Version("f2", (BERTA, "1.2", "1.2.3")), "conflicting_patient"),
        (Version("f2", (BERTA, "1.9", "1.9.3")), "conflicting_series"),
        (Version("f1", (BERTA, "1.9", "1.9.3")), None),  # the same bytes
    ],
)
def test_an_instance_is_of_one_series_and_of_one_patient(version, conflict):
    """Another's file waits; a blank name contradicts nobody."""
    assert Versions.of({"9": [KNOWN]}).conflict("9", version, None) == conflict


def test_the_first_file_conflicts_with_nothing():
    """Nor one that the ledger knew before it knew owners."""
    old = Version("f0", (None, None, None))

    assert Versions.of({}).conflict("9", KNOWN, None) is None
    assert Versions.of({"9": [old]}).conflict("9", KNOWN, None) is None


def test_a_conflict_that_was_accepted_is_a_version_like_any_other():
    """Files of both owners fit from then on, and only that conflict was overruled."""
    versions = Versions.of({"9": [KNOWN]})
    theirs = Version("f2", (BERTA, "1.2", "1.2.3"))
    more = Version("f3", (BERTA, "1.2", "1.2.3"))

    assert versions.conflict("9", theirs, "conflicting_series") is not None
    assert versions.conflict("9", theirs, "conflicting_patient") is None
    assert versions.conflict("9", more, None) is None


def test_conflicts_are_found_within_a_batch():
    """The first in the order of arrival is the one that counts."""
    versions = Versions.of({})
    theirs = Version("f2", (BERTA, "1.2", "1.2.3"))

    found = [versions.conflict("9", each, None) for each in (KNOWN, theirs, KNOWN)]

    assert found == [None, "conflicting_patient", None]


def test_outcomes_follow_the_order_of_arrival():
    """First, other bytes, the same bytes again."""
    versions = Versions.of({})
    newer = Version("f2", KNOWN.owner)

    found = [versions.outcome("9", each) for each in (KNOWN, newer, KNOWN, newer)]

    assert found == ["loaded", "new_version", "identical", "identical"]
