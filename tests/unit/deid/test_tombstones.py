"""Tombstones: who is refused, and what they say."""

import pytest

from dicom_pipeline.deid.erased_values import own_values
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.deid.tombstones import (
    Graveyard,
    Tombstone,
    instance_token,
    patient_token,
)

KEY = Pseudonyms(bytes(range(32)))
HIM, HER, NOBODY = "ISS\x1f4711", "ISS\x1f4712", "study\x1f1.2.3"
STONE = Tombstone(
    patient_token(KEY, HIM),
    KEY.check_value,
    frozenset({instance_token(KEY, "1.2.3.4")}),
    frozenset({"a1"}),
)
GRAVES = Graveyard(KEY, frozenset({STONE.patient}), STONE.instances)


@pytest.mark.parametrize(
    ("identity", "sop_uid", "refused"),
    [
        (HIM, "1.9", True),
        (HIM, "1.2.3.4", True),
        (HER, "1.9", False),
        (HER, "1.2.3.4", False),  # his id was wrong before
        (NOBODY, "1.2.3.4", True),
        (NOBODY, "1.9", False),
        (None, "1.2.3.4", True),
    ],
)
def test_who_is_refused(identity, sop_uid, refused):
    assert GRAVES.refuses(identity, sop_uid) is refused


def test_where_nobody_was_erased_nobody_is_refused():
    assert not Graveyard(None).refuses(HIM, "1.2.3.4")


def test_a_tombstone_names_nobody_and_reads_back():
    text = STONE.text()

    assert Tombstone.read(text) == STONE
    assert not any(word in text for word in (b"4711", b"ISS", b"1.2.3.4"))


def test_another_key_gives_another_token():
    other = Pseudonyms(bytes(32))
    assert patient_token(other, HIM) != patient_token(KEY, HIM)


def test_it_grows_by_what_a_later_run_finds():
    grown = STONE.grown(["b"], ["a2"])

    assert grown.instances == STONE.instances | {"b"}
    assert grown.arrivals == {"a1", "a2"}


def test_what_a_header_calls_its_patient():
    """Every spelling of the name; nothing short, nothing of the physician."""
    header = {
        "00100010": {
            "vr": "PN",
            "Value": [{"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎殿下"}],
        },
        "00100020": {"vr": "LO", "Value": ["12"]},
        "00080090": {"vr": "PN", "Value": [{"Alphabetic": "Physician^A"}]},
        "00101000": {"vr": "LO"},
    }

    assert own_values(header) == {"Yamada^Tarou", "山田^太郎殿下"}
