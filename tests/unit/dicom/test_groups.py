"""What all frames of an enhanced object share is read as if it were at top level."""

import pytest

from dicom_pipeline.dicom.groups import effective


def element(vr, *values):
    return {"vr": vr, "Value": list(values)}


def enhanced(*measures):
    return {"52009229": element("SQ", {"00289110": element("SQ", *measures)})}


THICK = {"00180050": element("DS", 1.5)}


def test_shared_pixel_measures_hold_for_the_image():
    """Slice thickness lies in the Pixel Measures Macro (PS3.3 C.7.6.16.2.1)."""
    assert effective(enhanced(THICK))["00180050"] == element("DS", 1.5)


def test_a_value_at_top_level_wins_and_an_empty_one_does_not():
    """Type 2 elements are sent empty beside a group that has the value."""
    classic = {"00180050": element("DS", 3.0)}

    assert effective(enhanced(THICK) | classic)["00180050"] == element("DS", 3.0)
    empty = enhanced(THICK) | {"00180050": {"vr": "DS"}}
    assert effective(empty)["00180050"] == element("DS", 1.5)


@pytest.mark.parametrize(
    "dataset",
    [
        {"52009230": element("SQ", {"00289110": element("SQ", THICK)})},
        {"00400275": element("SQ", THICK, THICK)},
        enhanced({"00081155": element("UI", "1.2")}),
        {"52009229": {"vr": "UN", "InlineBinary": "AA=="}},
    ],
    ids=["per frame", "two requests", "a reference", "unreadable"],
)
def test_what_does_not_hold_for_the_whole_stays_inside(dataset):
    """Frames may differ, two requests do, and a reference names another object."""
    assert effective(dataset) == dataset
