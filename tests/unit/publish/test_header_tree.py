"""The tree says what there is and how often, and nothing that a file can abuse."""

from dicom_pipeline.dicom.nested.seen import Look
from dicom_pipeline.publish.header_tree import tree_of, walk


def tree(*headers, with_creators=True):
    look = Look()
    look.at_all(headers)
    return tree_of(look.level, with_creators=with_creators)


def private(creator):
    return {
        "00290010": {"vr": "LO", "Value": [creator]},
        "00291001": {"vr": "LO", "Value": ["x"]},
    }


def test_fill_is_a_share_of_what_is_around():
    """Of headers at the top, of items inside a sequence."""
    item = {"00080060": {"vr": "CS", "Value": ["CT"]}}
    sequence = {"vr": "SQ", "Value": [item, {"00080060": {"vr": "CS"}}, {}]}
    nodes = tree({"00081140": sequence}, {}, {}, {})

    assert [(n.name, n.fill, n.filled, n.mode) for n in walk(nodes)] == [
        ("ReferencedImageSequence", 0.25, 1, "repeated"),
        ("Modality", 1 / 3, 1, "nullable"),
    ]


def test_a_creator_is_withheld_or_made_harmless():
    """One of no dictionary may be a name; any may hold letters for a terminal."""
    known = tree(private("SIEMENS CSA HEADER"), with_creators=False)
    withheld = tree(private("Yellow^Canary"), with_creators=False)
    harmless = tree(private("\x1b[2J"))

    assert [n.creator for n in (*known, *withheld, *harmless)] == [
        "SIEMENS CSA HEADER",
        "?",
        "·[2J",
    ]
    assert "Canary" not in repr([n.facts() for n in withheld])


def test_both_vrs_of_an_element_are_shown():
    """The more frequent one first."""
    signed = {"00280106": {"vr": "SS", "Value": [-1]}}
    unsigned = {"00280106": {"vr": "US", "Value": [1]}}

    [node] = tree(signed, unsigned, unsigned)

    assert (node.vr, node.type) == ("US/SS", "integer")
