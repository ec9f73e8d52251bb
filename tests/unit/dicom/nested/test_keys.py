"""An element has one name, whatever block it lies in."""

from hypothesis import given
from hypothesis import strategies as st

from dicom_pipeline.dicom.nested.keys import (
    column_of,
    keyed,
    parts_of,
    private_key,
    read_private,
    spelled,
    vm_of,
    vr_of,
    words_of,
)

SIEMENS = '(0029,"SIEMENS CSA HEADER",10)'


def test_the_block_is_no_part_of_a_private_name():
    """Two files reserve another block for the same creator (PS3.5 7.8.1)."""
    low = {
        "00290010": {"vr": "LO", "Value": ["SIEMENS CSA HEADER"]},
        "00291010": {"vr": "OB", "InlineBinary": "AA=="},
    }
    high = {
        "002900E1": {"vr": "LO", "Value": ["SIEMENS CSA HEADER "]},
        "0029E110": {"vr": "OB", "InlineBinary": "AA=="},
    }

    assert [key for key, _ in keyed(low)] == [SIEMENS]
    assert [key for key, _ in keyed(high)] == [SIEMENS]


def test_an_element_without_its_creator_keeps_its_block():
    """Two of them need not be the same element."""
    orphans = {"00291010": {"vr": "UN"}, "00291110": {"vr": "UN"}}

    keys = [key for key, _ in keyed(orphans)]

    assert keys == ['(0029,"",1010)', '(0029,"",1110)']
    assert [spelled(key) for key in keys] == keys


@given(st.text(min_size=1, max_size=64))
def test_any_creator_reads_back(creator):
    """Whatever letters it has; a key holds no '/', which ends a part of a path."""
    key = private_key("00291010", creator)

    assert parts_of(key) == ("0029", creator, "10")
    assert "/" not in key


def test_dictionaries_are_asked_for_both_kinds():
    """The private dictionary knows what the vendors have published."""
    assert (vr_of("00180060"), vm_of("00180060")) == ("DS", "1")
    assert (vr_of(SIEMENS), vm_of(SIEMENS)) == ("OB", "1")
    assert words_of(SIEMENS) == "CSA Image Header Info"
    assert vr_of('(0029,"NOBODY",10)') == ""
    assert vr_of("00180001") == ""


def test_columns_bear_the_keyword():
    """Later groups of a repeating one their group, private ones their creator."""
    assert column_of("00180060") == "KVP"
    assert column_of("60000010") == "OverlayRows"
    assert column_of("60020010") == "OverlayRows_6002"
    assert column_of("00180001") == "tag_00180001"
    assert column_of(SIEMENS) == "SIEMENS_CSA_HEADER_0029_10"


def test_a_person_spells_a_private_element_one_way():
    """The group is odd; small letters and spaces after commas are forgiven."""
    assert read_private(SIEMENS) == SIEMENS
    assert read_private('(0029, "SIEMENS CSA HEADER", 10)') == SIEMENS
    assert read_private('(0028,"SIEMENS CSA HEADER",10)') is None
    assert read_private("(0029,1010)") is None
