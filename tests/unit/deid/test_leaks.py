"""Every spelling of an identity is found where it stands, and chance finds are not."""

import hashlib
from datetime import date

import numpy as np
import pytest

from dicom_pipeline.deid.identities import identities, kinds_of_tags
from dicom_pipeline.deid.leaks import BLOCK, counted, found_in
from dicom_pipeline.deid.needles import Kind, Needles, hashes

UID = "1.2.276.0.7230010.3.1.4.8323329"


def index_of(*values, common=()):
    needles = Needles(common=frozenset(common))
    for kind, value in values:
        needles.add(kind, value)
    return needles.index()


@pytest.fixture(scope="module")
def index():
    return index_of(
        (Kind.NAME, "QUISTGAARD^MÜLLER"),
        (Kind.NAME, "LI^BO"),
        (Kind.NAME, "山田^太郎"),
        (Kind.ID, "AB-123-45"),
        (Kind.ID, "00471199"),
        (Kind.BIRTH, "19500312"),
        (Kind.PLACE, "St. Nowhere's Infirmary"),
        (Kind.PLACE, "+49 (30) 901820"),
        (Kind.UID, UID),
        (Kind.KEY, "in/2024/Quistgaard.M/IM1"),
    )


SHOWN = [
    ("name", "seen by QuistGaard"),
    ("name", "muller,x"),
    ("name", "MU\u0308LLER"),
    ("name", '{"name": "M\\u00fcller"}'),
    ("name", "/data/M%C3%BCller/"),
    ("name", "Bo Li"),
    ("name", "LI_BO"),
    ("name", "太郎 山田"),
    ("id", "id=ab_123_45;"),
    ("id", "AB12345"),
    ("id", "file 00471199.dcm"),
    ("birth date", "19500312"),
    ("birth date", "1950-03-12T10:30:00"),
    ("birth date", "1950/03/12"),
    ("birth date", "12.03.1950"),
    ("birth date", "12/03/1950"),
    ("birth date", "03/12/1950"),
    ("birth date", "12 Mar 1950"),
    ("birth date", "12. Mar. 1950"),
    ("birth date", "1950:03:12 10:30:00"),
    ("birth date", "dob_1950_03_12"),
    ("birth date", "12\\/03\\/1950"),
    ("birth date", "b. \uff11\uff19\uff15\uff10-\uff10\uff13-\uff11\uff12"),
    ("birth date", "19500312103000.5"),
    ("place or contact", "ST NOWHERE S INFIRMARY, ward 3"),
    ("place or contact", "49-30-901820"),
    ("uid", f"s3://raw/{UID}/x"),
    ("object key", "in 2024 quistgaard m im1"),
    ("unkeyed hash", hashlib.md5(UID.encode()).hexdigest()),
    ("unkeyed hash", hashlib.sha1(b"AB-123-45").hexdigest().upper()),
    ("unkeyed hash", hashlib.sha256("quistgaard^müller".encode()).hexdigest()[:20]),
]


@pytest.mark.parametrize(("kind", "text"), SHOWN, ids=range(len(SHOWN)))
def test_a_spelling_is_found(index, kind, text):
    """Any case, order, punctuation, escape, and unkeyed hashes."""
    assert kind in counted(found_in(text, index), index)


HARMLESS = [
    "quist gaard, gaards, bolid",
    f"{UID}0 1{UID} {UID}.1",
    "1004711990 0x00471199f",
    "19500313 1950-12-03T 2.25.19500312",
    hashlib.sha256(f"salted {UID}".encode()).hexdigest(),
    "in ('1950-03'))\n12:16:50.360222 [debug]",
    '["1950-03", 12]',
]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_resembles_it_is_not(index, text):
    """One UID may begin like another, and digits stand inside of digits."""
    assert counted(found_in(text, index), index) == {}


@pytest.mark.parametrize("at", [BLOCK - 23, BLOCK - 9, BLOCK])
def test_a_needle_on_the_seam_of_two_blocks_is_found(at):
    """Large files are looked at in blocks."""
    index = index_of((Kind.PLACE, "St. Nowhere's Infirmary"))

    assert found_in("." * at + "St. Nowhere's Infirmary" + "." * 99, index)


def test_words_that_mean_something_are_no_needles_and_are_counted():
    """Who is called Hand is found by the whole name, not by every hand."""
    needles = Needles(common=frozenset({"hand", "block", "phantom"}))
    needles.add(Kind.NAME, "HAND^JANE")
    needles.add(Kind.NAME, "PHANTOM^BLOCK")
    needles.add(Kind.ID, "1")
    index = needles.index()

    assert not found_in("hand left jane", index)
    assert found_in("Jane Hand", index)
    assert not found_in("phantom block", index)
    assert needles.left_out == {
        ("name", "words of imaging"): 1,
        ("id", "too short"): 1,
    }


def test_in_noise_only_what_chance_does_not_say_is_sought():
    """Programs write numbers and the day; 200 ids of five digits are all over them."""
    numbers = [(Kind.ID, f"{number:05}") for number in range(0, 20_000, 100)]
    index = index_of(
        *numbers,
        (Kind.ID, "99887766"),
        (Kind.DATE, "20260102"),
        (Kind.NAME, "Manifest"),
    )
    quiet = index.for_noise(hashes(["manifest"]), date(2026, 1, 1), date(2026, 1, 31))
    text = "00100 2026-01-02 manifest"

    assert set(counted(found_in(text, index), index)) == {"id", "date", "name"}
    assert not found_in(text, quiet)
    assert found_in("99887766", quiet)


def test_identities_come_from_any_depth_and_only_from_identifying_attributes():
    """The classes follow PS3.15 Table E.1-1, names follow their VR."""
    item = {"00400556": {"vr": "ST", "Value": ["free text"]}}
    item |= {"00081072": {"vr": "SQ", "Value": [{"00080080": _of("LO", "St. X")}]}}
    header = {
        "00080016": _of("UI", "1.2.840.10008.5.1.4.1.1.2"),
        "00080018": _of("UI", UID),
        "00080020": _of("DA", "20240102"),
        "00081030": _of("LO", "CT abdomen"),
        "00100010": _of("PN", {"Alphabetic": "A^B", "Ideographic": "山^田"}),
        "00100020": _of("LO", "AB-1"),
        "00100030": _of("DA", "19500312"),
        "00321033": {"vr": "SQ", "Value": [item, None]},
        "00091001": {"vr": "UN", "InlineBinary": "AAAA"},
    }

    assert set(identities(header)) == {
        (Kind.UID, UID),
        (Kind.DATE, "20240102"),
        (Kind.NAME, "A^B"),
        (Kind.NAME, "山^田"),
        (Kind.ID, "AB-1"),
        (Kind.BIRTH, "19500312"),
        (Kind.PLACE, "St. X"),
    }
    assert {"00080050", "00100020", "00181000"} <= kinds_of_tags().keys()


def test_nothing_sought_finds_nothing():
    """An empty raw zone has no needles."""
    index = Needles().index()

    assert len(index) == 0
    assert found_in("anything", index) == set()
    assert index.for_noise(np.empty(0, np.int64), date.min, date.max).counts() == {}


def _of(vr, value):
    return {"vr": vr, "Value": [value]}
