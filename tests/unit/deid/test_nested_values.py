"""What each function leaves of a value, of a code, of a private number."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.datadict import dictionary_VR

from dicom_pipeline.deid.nested_codes import concept
from dicom_pipeline.deid.nested_rules import KEEP_ITEMS, nested_rules
from dicom_pipeline.deid.profiles import Profile
from dicom_pipeline.dicom.nested.keys import column_of
from dicom_pipeline.publish.header_export_deid import RECEIPT, Line
from tests.unit.deid.nested_exports import NAMES, exported, header
from tests.unit.deid.nested_planted import canaries, sequence


def value_of(tag: str, vr: str, value: object) -> object:
    """What becomes of one value."""
    made = exported([header(**{f"t{tag}": (vr, value)})])
    name = column_of(tag)
    return made.rows()[0].get(name, "no column")


@pytest.mark.parametrize(
    ("tag", "vr", "value", "becomes"),
    [
        ("00101010", "AS", "093Y", "090Y"),
        ("00101010", "AS", "089Y", "089Y"),
        ("00101010", "AS", "018M", "018M"),
        ("00101010", "AS", "ninety", None),
        ("00101030", "DS", 72.4, 70.0),
        ("00101030", "DS", 190, 150.0),
        ("00101020", "DS", 1.724, 1.7),
        ("00101030", "DS", 0, None),
        ("00100030", "DA", "19370115", None),
        ("00181205", "DA", "20190401", 2019),
        ("00102110", "LO", ["Latex", "Gold"], "ANON_TEXT"),
        ("00080060", "CS", "ct ", "CT"),
        ("00080060", "CS", "QUISTGAARD", None),
        ("00180050", "DS", 2.5, 2.5),
        ("00180050", "DS", "JANE", None),
        ("00181088", "IS", 72, 72),
        ("00181088", "IS", 19370115, None),
        ("00181088", "IS", -19370115, None),
        ("00180050", "UN", {"Alphabetic": "Doe"}, None),
        ("0008103E", "LO", "Axial T1 Doe", "axial t1"),
        ("00080020", "DA", "2024", None),
        ("00080020", "DA", "00010101", None),
        ("00080030", "TM", "Noon", None),
        ("00080016", "UI", "1.2.99999.3", None),
        ("00104000", "LT", "see you", "no column"),
        ("00081048", "PN", {"Alphabetic": "Doe"}, "no column"),
    ],
)
def test_a_value_becomes_what_its_function_leaves(tag, vr, value, becomes):
    """Bounds, lists, caps; what does not fit is null, never passed."""
    assert value_of(tag, vr, value) == becomes


ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
ANYTHING |= st.dictionaries(st.sampled_from(["Alphabetic", "x"]), st.text())
TAGS = {
    (rule.function, rule.argument, dictionary_VR(int(rule.key, 16))): rule.key
    for rule in nested_rules().values()
    if rule.function != KEEP_ITEMS
}


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.sampled_from([*TAGS.values()]), st.lists(ANYTHING, max_size=3))
)
def test_no_value_whatever_stops_the_batch(values):
    """One element for each function, argument and VR; any JSON; at depth, too."""
    elements = {tag: {"vr": "UT", "Value": told} for tag, told in values.items()}
    one = {**elements, "00081140": sequence(elements, {})}
    [row] = exported([one]).rows()

    assert len(row.get("ReferencedImageSequence") or "12") == 2
    assert row["PatientIdentityRemoved"] == "YES"


def test_a_description_does_not_repeat_a_name_of_the_same_file():
    """Even where the name is a word of the lexicon, and lies in an item."""
    one = {
        **header(
            t00100010=("PN", {"Alphabetic": "HAND^AXIAL"}),
            t0008103E=("LO", "axial hand knee spine"),
            t00081030=("LO", "hand"),
        ),
        "00400275": sequence(header(t00401001=("SH", "knee"))),
    }
    [row] = exported([one]).rows()

    assert row["SeriesDescription"] == "spine"
    assert row["StudyDescription"] is None


def test_a_description_does_not_repeat_a_name_of_another_file_of_the_patient():
    """As in the tables; of another patient's names nothing is known here."""
    text = {"t0008103E": ("LO", "axial hand 12 knee")}
    his = header(t00100020=("LO", "A"), t00100021=("LO", "ISS"), **text)
    hers = header(t00100020=("LO", "B"), t00100021=("LO", "ISS"), **text)
    patients = (
        {"patient_identity": "ISS\x1fA", "patient_name": "Hand^Jane"},
        {"patient_identity": "ISS\x1fA", "other_patient_ids": "12"},
        {"patient_identity": "ISS\x1fB", "patient_name": "Jones^Mary"},
    )
    rows = exported([his, hers], patients=patients).rows()

    assert {row["SeriesDescription"] for row in rows} == {
        "axial knee",
        "axial hand 12 knee",
    }


def test_a_number_does_not_repeat_an_identifier_of_the_same_file():
    """A vendor wrote the patient's number into Series Number; Rows may be 512."""
    one = header(
        t00080050=("SH", "00512"),
        t00100020=("LO", "0123456"),
        t00200011=("IS", 123456),
        t00200013=("IS", 123457),
        t00280010=("US", 512),
    )
    [row] = exported([one]).rows()

    assert row["SeriesNumber"] is None
    assert row["InstanceNumber"] == 123457
    assert row["Rows"] == 512


@pytest.mark.parametrize(
    ("scheme", "value", "found"),
    [
        ("SCT", "76752008", "Breast"),
        ("SRT", "T-04000", "Breast"),
        ("DCM", "121071", "Finding"),
        ("LN", "18782-3", ""),
        ("99LOCAL", "DOE", None),
        ("SCT", "19370115", None),
        ("LN", "1234567-3", None),
        ("", "", None),
    ],
)
def test_a_code_means_what_the_dictionary_says(scheme, value, found):
    """What the file says that it means is not asked for; a local code is dropped."""
    one = {
        "00082218": sequence(
            {
                **header(t00080100=("SH", value), t00080102=("SH", scheme)),
                **header(t00080104=("LO", "Jane Doe's knee")),
            }
        )
    }
    [item] = exported([one]).rows()[0]["AnatomicRegionSequence"]

    if found is None:
        assert set(item.values()) == {None}
        assert concept(scheme, value) is None
        return
    assert (item["CodingSchemeDesignator"], item["CodeValue"]) == (scheme, value)
    meaning = item["CodeMeaning"] or ""
    assert meaning == "" if not found else meaning.startswith(found)


def test_private_numbers_pass_by_creator_group_and_low_byte_alone():
    """In any block, as bytes or values; by request; the creator's name is no column."""
    one = {
        "00190011": {"vr": "LO", "Value": ["SIEMENS MR HEADER"]},
        "00190012": {"vr": "LO", "Value": ["CANARY00001"]},
        "0019110C": {"vr": "UN", "InlineBinary": "MTAwMA=="},  # 1000
        "0019120C": {"vr": "IS", "Value": [900]},
        "00191127": {"vr": "FD", "Value": [1.0]},
        "70530010": {"vr": "LO", "Value": ["Philips PET Private Group"]},
        "70531000": {"vr": "DS", "Value": [0.25]},
        "70531009": {"vr": "DS", "Value": ["CANARY00002"]},
    }
    by_request = exported([one], Line(NAMES, Profile.RESEARCH, private=True))
    [row] = by_request.rows()
    receipt = json.loads(by_request.files[RECEIPT])

    assert row["SIEMENS_MR_HEADER_0019_0C"] == 1000
    assert row["Philips_PET_Private_Group_7053_00"] == 0.25
    assert row["Philips_PET_Private_Group_7053_09"] is None
    assert canaries(by_request.texts()) == set()
    assert row["DeidentificationMethodCodeSequence"][-1] == "DCM:113111"
    assert receipt["dropped"]["private"] == 5  # three creators, two elements
    [without] = exported([one]).rows()
    assert "DCM:113111" not in without["DeidentificationMethodCodeSequence"]
    assert not [name for name in without if name.endswith(("_0C", "_00", "_09", "_27"))]
