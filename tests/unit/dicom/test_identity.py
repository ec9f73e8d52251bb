"""Strangers never share an identity, and spelling does not make two of one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom_pipeline.dicom.identity import (
    DUMMY_IDS,
    device_identity,
    patient_identity,
)


def test_the_issuer_is_the_namespace_and_else_the_provider():
    """Two hospitals both have a patient 1234."""
    assert patient_identity("ISS", "north", "PAT001", "1.2") == "ISS\x1fPAT001"
    assert patient_identity("", "north", "1234", "1.2") == "north\x1f1234"
    assert patient_identity(None, "south", "1234", "1.2") == "south\x1f1234"


@pytest.mark.parametrize(
    "patient_id", [None, "", " ", "\0", *sorted(DUMMY_IDS), "ANON "]
)
def test_a_shared_id_is_no_id(patient_id):
    """Blank and dummy ids fall back to the study, whatever their case."""
    for spelled in {patient_id, patient_id and patient_id.upper()}:
        assert patient_identity("I", "p", spelled, "1.2.3") == "study\x1f1.2.3"


@pytest.mark.parametrize("spelled", ["A1 ", " A1", "A1\0", "\uff21\uff11"])
def test_padding_and_width_do_not_make_two_patients(spelled):
    """Spaces, NUL and full-width letters are ways to write the same id."""
    assert patient_identity(None, "p", spelled, "1") == "p\x1fA1"


def test_leading_zeros_and_case_are_kept():
    """What they mean differs between hospitals; it is never guessed."""
    spelled = {patient_identity(None, "p", i, "1") for i in ("007", "7", "a7", "A7")}

    assert len(spelled) == 4


PART = st.text(alphabet="A1:-\x1f ", max_size=5)


@given(first=st.tuples(PART, PART, PART), second=st.tuples(PART, PART, PART))
def test_two_devices_never_share_an_identity(first, second):
    """Length-prefixed parts cannot be cut in another place."""
    same_parts = [a.replace("\x1f", "").strip() for a in first] == [
        b.replace("\x1f", "").strip() for b in second
    ]

    assert (device_identity(*first) == device_identity(*second)) == same_parts


def test_a_device_reads_as_lengths_and_values():
    """The form is frozen: keys are made of it."""
    assert device_identity("GE", None, "1-C ") == "2:GE0:3:1-C"
