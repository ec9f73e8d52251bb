"""Words on an image are the file's own, harmless, or a reason to keep it back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom_pipeline.dicom.burned_in import (
    MOST_FRAMES,
    ReadingScope,
    TextFinding,
    TextLine,
    TextOutcome,
    after_reading,
    is_flagged,
    is_readable,
    reasons_to_read,
    spellings,
    weigh,
)
from dicom_pipeline.dicom.pixel_policy import (
    Box,
    Decision,
    PixelDecision,
    PixelReason,
)

OWN = spellings(
    ["Kaufman^Sébastien", "00079241539", "Li^Bo", "ST. MARY HOSPITAL"],
    ["19510829", "20170302112233"],
)
SIZE = (400, 300)
ASIDE = PixelDecision(Decision.QUARANTINE, PixelReason.PROJECTION_UNFLAGGED)


def line(text, *box):
    return TextLine(text, Box(*(box or (10, 20, 100, 16))))


def outcome(*texts):
    return weigh(map(line, texts), OWN, SIZE).outcome


@pytest.mark.parametrize(
    "text",
    [
        "KAUFMAN, SEBASTIEN",
        "KAUPMAN",
        "Name:KAUFMANSEBASTIEN",
        "Sebastien Kaufman (M)",
        "00079241539",
        "ZZKAUFMAN..00O79241539",
        "DOB:08/29/1951",
        "29.08.1951",
        "29.8.51 290851",
        "1951-08-29",
        "02/03/17",
        "St Mary Hospital",
        "LI Bo",
    ],
)
def test_what_is_of_the_file_is_known_in_any_spelling(text):
    """Order, case, accents, separators, neighbours, and one letter of four."""
    assert outcome(text) is TextOutcome.OWN


@pytest.mark.parametrize(
    "text",
    ["L", "R", "AP", "PA", "RCC", "36Hz", "60%", "4.0cm", "L 12 cm", "-0.5", "120 kV"],
)
def test_markers_units_and_short_numbers_tell_of_no_one(text):
    """They stay as they are."""
    assert outcome(text) is TextOutcome.NONE


@pytest.mark.parametrize(
    "text",
    ["SMITH", "DR", "J.K.", "04/14/1962", "1234", "12.5.60", "10:32", "", "姓名", "B"],
)
def test_all_other_text_keeps_an_image_back(text):
    """Names of strangers, dates, longer numbers, and what could not be read."""
    assert outcome(text) is TextOutcome.OTHER


def test_no_line_is_no_text():
    """An image without lines is clean."""
    assert weigh([], OWN, SIZE) == TextFinding(TextOutcome.NONE)


def test_one_strange_line_outweighs_all_others():
    """In whatever order they were read; a reviewer is told of both boxes."""
    own, other = line("KAUFMAN", 10, 20, 90, 16), line("SMITH", 10, 60, 90, 16)
    for lines in ([own, other], [other, own], [line("L"), other, own]):
        finding = weigh(lines, OWN, SIZE)
        assert finding.outcome is TextOutcome.OTHER
        assert len(finding.boxes) == 2


def test_a_box_has_a_margin_and_ends_with_the_frame():
    """Letters reach a little beyond the box that was found."""
    inside, corner = line("KAUFMAN", 50, 40, 100, 16), line("KAUFMAN", 330, 290, 80, 20)

    assert weigh([inside, corner], OWN, SIZE).boxes == (
        Box(46, 36, 108, 24),
        Box(325, 285, 75, 15),
    )


@given(text=st.text(max_size=30))
def test_any_text_without_identifiers_is_never_own(text):
    """Without identifiers nothing is masked, whatever was read."""
    assert weigh([line(text)], frozenset(), SIZE).outcome is not TextOutcome.OWN


@given(
    name=st.text("ABCDEFGHIKLMNOPRSTUVW", min_size=8, max_size=16),
    at=st.integers(0, 7),
    before=st.text("XYZ ", max_size=5),
)
def test_one_wrong_letter_of_a_name_does_not_hide_it(name, at, before):
    """A name with one letter misread is masked, alone or behind others."""
    misread = name[:at] + "J" + name[at + 1 :]
    found = weigh([line(before + misread)], spellings([name], []), SIZE)

    assert found.outcome is TextOutcome.OWN


@pytest.mark.parametrize(
    ("scope", "reason", "is_read"),
    [
        ("off", "projection_unflagged", False),
        ("projections", "projection_unflagged", True),
        ("projections", "flag_believed_without_ocr", True),
        ("projections", "secondary_capture", False),
        ("captures", "secondary_capture", True),
        ("captures", "captured", True),
        ("captures", "burned_in", False),
        ("captures", "screen", False),
        ("captures", "visible_light", False),
        ("captures", "ultrasound_without_regions", False),
        ("captures", "original_slices", False),
    ],
)
def test_only_a_lack_of_evidence_is_read_away(scope, reason, is_read):
    """What speaks against an image is not weighed against letters."""
    wanted = reasons_to_read(ReadingScope(scope))

    assert (PixelReason(reason) in wanted) == is_read


@pytest.mark.parametrize(
    ("finding", "decision", "reason"),
    [
        (TextFinding(TextOutcome.NONE), Decision.PASS, "no_text_seen"),
        (
            TextFinding(TextOutcome.OWN, (Box(1, 2, 3, 4),)),
            Decision.MASK,
            "own_text_masked",
        ),
        (TextFinding(TextOutcome.OTHER), Decision.QUARANTINE, "text_seen"),
        (TextFinding(TextOutcome.UNREAD), Decision.QUARANTINE, "text_unread"),
    ],
)
@pytest.mark.parametrize(
    "before", [ASIDE, PixelDecision(Decision.PASS, PixelReason.FLAG_BELIEVED)]
)
def test_what_was_read_decides(before, finding, decision, reason):
    """Also where a flag had been believed."""
    after = after_reading(before, finding)

    assert (after.decision, after.code) == (decision, reason)
    assert after.masks == (finding.boxes if decision is Decision.MASK else ())


def header(**words):
    tags = {"frames": "00280008", "rows": "00280010", "columns": "00280011"}
    tags |= {"burned": "00280301"}
    return {tags[name]: {"vr": "IS", "Value": [value]} for name, value in words.items()}


@pytest.mark.parametrize(
    ("words", "readable"),
    [
        ({}, True),
        ({"frames": MOST_FRAMES}, True),
        ({"frames": str(MOST_FRAMES)}, True),
        ({"frames": MOST_FRAMES + 1}, False),
        ({"frames": "many"}, False),
        ({"frames": 0}, False),
        ({"frames": "9" * 5_000}, False),
        ({"frames": 16, "rows": 2_048, "columns": 2_048}, True),
        ({"frames": 16, "rows": 2_048, "columns": 2_049}, False),
        ({"rows": 65_535, "columns": 65_535}, False),
        ({"rows": 0}, False),
    ],
)
def test_what_is_too_much_is_not_read(words, readable):
    """It stays withheld, and no run is held up by it."""
    assert is_readable(header(**({"rows": 480, "columns": 640} | words))) == readable


def test_a_flag_that_says_yes_is_not_read_away():
    """In any case of letters."""
    assert is_flagged(header(burned="yes "))
    assert not is_flagged(header(burned="NO"))
    assert not is_flagged({})


def test_no_line_shows_its_text_in_a_traceback():
    """What was read is personal."""
    assert "KAUFMAN" not in repr(line("KAUFMAN"))
