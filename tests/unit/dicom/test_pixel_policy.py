"""No image is shown whose header does not speak for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom_pipeline.dicom.pixel_policy import Box, Decision, PixelReason, decide

ROOT = "1.2.840.10008.5.1.4.1.1."
TAGS = {
    "sop": ("00080016", "UI"),
    "kind": ("00080008", "CS"),
    "modality": ("00080060", "CS"),
    "conversion": ("00080064", "CS"),
    "capture_device": ("00181018", "LO"),
    "series": ("0008103E", "LO"),
    "burned": ("00280301", "CS"),
    "rows": ("00280010", "US"),
    "columns": ("00280011", "US"),
    "samples": ("00280002", "US"),
    "regions": ("00186011", "SQ"),
}


def header(sop, **words):
    """A header of SOP class ``sop``, 480 rows of 640 pixels, and what is asked for."""
    words = {"rows": 480, "columns": 640, "sop": ROOT + sop, **words}
    elements = {}
    for name, value in words.items():
        tag, vr = TAGS[name]
        elements[tag] = {
            "vr": vr,
            "Value": value if isinstance(value, list) else [value],
        }
    return elements


def region(left, top, right, bottom):
    tags = ("00186018", "0018601A", "0018601C", "0018601E")
    corners = zip(tags, (left, top, right, bottom), strict=True)
    return {tag: {"vr": "UL", "Value": [value]} for tag, value in corners}


CT, MR, PET, US, SC, DX = "2", "4", "128", "6.1", "7", "1.1"
ORIGINAL = ["ORIGINAL", "PRIMARY", "AXIAL"]
PASS, QUARANTINE, REJECT = Decision.PASS, Decision.QUARANTINE, Decision.REJECT


@pytest.mark.parametrize(
    ("dataset", "decision", "reason"),
    [
        (header("88.11"), REJECT, "no_image_class"),
        (header("104.1"), REJECT, "no_image_class"),
        (header("11.1"), REJECT, "no_image_class"),
        (header("66"), REJECT, "no_image_class"),
        (header("77.1.1.1"), REJECT, "video"),
        ({"00080016": {"vr": "UI", "Value": [ROOT + CT]}}, REJECT, "no_pixels"),
        (header(SC), QUARANTINE, "secondary_capture"),
        (header("77.1.4"), QUARANTINE, "visible_light"),
        (header("999.9"), QUARANTINE, "unknown_class"),
        (header("481.1"), QUARANTINE, "unknown_class"),
        (
            header(CT, kind=["DERIVED", "SECONDARY", "SCREEN SAVE"]),
            QUARANTINE,
            "screen",
        ),
        (header(CT, kind=ORIGINAL, conversion="WSD"), QUARANTINE, "captured"),
        (header(CT, kind=ORIGINAL, capture_device="x"), QUARANTINE, "captured"),
        (header(CT, kind=ORIGINAL, series="Dose Report"), QUARANTINE, "report_series"),
        (header(CT, kind=ORIGINAL, modality="OT"), QUARANTINE, "document_modality"),
        (header(CT, kind=ORIGINAL, burned="YES"), QUARANTINE, "burned_in"),
        (header("66.4", burned="YES"), QUARANTINE, "burned_in"),
        (header(US), QUARANTINE, "ultrasound_without_regions"),
        (header(DX), QUARANTINE, "projection_unflagged"),
        (header(DX, burned="NO"), PASS, "flag_believed_without_ocr"),
        (header(CT, kind=ORIGINAL), PASS, "original_slices"),
        (header("4.1", kind=ORIGINAL), PASS, "original_slices"),
        (header(CT, kind=["ORIGINAL", "PRIMARY", "LOCALIZER"]), QUARANTINE, None),
        (header(MR, kind=["DERIVED", "PRIMARY"]), QUARANTINE, "not_original"),
        (header(MR, kind=["DERIVED", "ORIGINAL", "PRIMARY"]), QUARANTINE, None),
        (header(PET), QUARANTINE, "not_original"),
        (header(PET, burned="NO"), QUARANTINE, "not_original"),
        (header(MR, kind=ORIGINAL, samples=3), QUARANTINE, "colour_slices"),
        (header("66.4"), PASS, "number_per_voxel"),
        (header("30", modality="OT"), PASS, "number_per_voxel"),
        (header("481.2"), PASS, "number_per_voxel"),
        ({}, REJECT, "no_pixels"),
    ],
)
def test_the_first_rule_with_an_opinion_decides(dataset, decision, reason):
    """Each branch has its reason, and a missing word never passes."""
    decided = decide(dataset)

    assert decided.decision is decision
    assert reason is None or decided.reason == PixelReason(reason)
    assert decided.keep == ()


FLAGLESS, YES, NO = None, "YES", "NO"
STEPS = {
    "1 nothing to render": (header("88.11"), "no_image_class", "no_image_class"),
    "2 capture": (header(SC), "secondary_capture", "secondary_capture"),
    "2 photograph": (header("77.1.4"), "visible_light", "visible_light"),
    "2 unknown class": (header("999.9"), "unknown_class", "unknown_class"),
    "3 screen": (
        header(CT, kind=["DERIVED", "SECONDARY", "SCREEN SAVE"]),
        "screen",
        "screen",
    ),
    "3 capture device": (
        header(CT, kind=ORIGINAL, conversion="WSD"),
        *["captured"] * 2,
    ),
    "3 report": (header(CT, series="Patient Protocol"), *["report_series"] * 2),
    "3 document": (header(MR, modality="DOC"), *["document_modality"] * 2),
    "5 ultrasound with regions": (
        header(US, regions=[region(10, 20, 109, 219)]),
        "ultrasound_regions",
        "ultrasound_regions",
    ),
    "5 ultrasound without": (header(US), *["ultrasound_without_regions"] * 2),
    "6 projection": (header(DX), "projection_unflagged", "flag_believed_without_ocr"),
    "7 original slice": (header(CT, kind=ORIGINAL), *["original_slices"] * 2),
    "7 localizer": (header(CT, kind=[*ORIGINAL, "LOCALIZER"]), *["not_original"] * 2),
    "7 derived slice": (header(PET, kind=["DERIVED"]), *["not_original"] * 2),
    "7 nothing said": (header(CT), *["not_original"] * 2),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("flag", [FLAGLESS, YES, NO])
def test_the_flag_opens_no_door_but_that_of_projections(step, flag):
    """Missing, it says nothing; YES closes what is open; NO is asked once.

    In every step of the table, in their order; step 4 is the flag itself.
    """
    dataset, without, with_no = STEPS[step]
    flagged = {TAGS["burned"][0]: {"vr": "CS", "Value": [flag]}} if flag else {}

    decided = decide(dataset | flagged)

    decides_before_the_flag = step[0] in "123"
    wanted = with_no if flag == NO else without
    if flag == YES and not decides_before_the_flag:
        wanted = "burned_in"
    assert decided.reason == wanted
    is_shown = wanted in {"flag_believed_without_ocr", "original_slices"}
    assert (decided.decision is PASS) == is_shown


def test_video_is_known_by_its_transfer_syntax():
    """An endoscopic class may hold a photograph or a film."""
    film = decide(header("77.1.1"), "1.2.840.10008.1.2.4.102")

    assert (film.decision, film.reason) == (REJECT, PixelReason.VIDEO)


def test_ultrasound_keeps_its_regions_only():
    """Corners are pixels of the region, so the far one is counted."""
    decided = decide(header(US, regions=[region(10, 20, 109, 219)]))

    assert decided.decision is Decision.MASK
    assert decided.keep == (Box(10, 20, 100, 200),)


@pytest.mark.parametrize(
    "regions",
    [
        [region(0, 0, 639, 479)],
        [region(0, 0, 319, 479), region(320, 0, 639, 479)],
        [region(0, 0, 640, 10)],
        [region(9, 0, 3, 10)],
        [region(-1, 0, 3, 10)],
        [{}],
        [region(10, 20, 109, 219), {}],
    ],
    ids=[
        "whole frame",
        "two halves",
        "outside",
        "backwards",
        "negative",
        "empty",
        "one is empty",
    ],
)
def test_a_region_that_cannot_be_trusted_shows_nothing(regions):
    """One bad box is enough: what it meant to hide is not known."""
    decided = decide(header(US, regions=regions))

    assert decided.decision is Decision.QUARANTINE
    assert decided.reason is PixelReason.ULTRASOUND_WITHOUT_REGIONS


def test_too_many_regions_are_not_weighed():
    """A header may hold a million; the frame has room for a few."""
    decided = decide(header(US, regions=[region(1, 1, 2, 2)] * 65))

    assert decided.decision is Decision.QUARANTINE


@given(
    sop_class=st.sampled_from((CT, MR, US, DX, "66.4", "999")),
    odd=st.dictionaries(
        st.sampled_from([tag for tag, _ in TAGS.values()]),
        st.fixed_dictionaries(
            {"vr": st.sampled_from(("CS", "SQ", "US", "UN"))},
            optional={
                "Value": st.lists(
                    st.none() | st.integers() | st.text(max_size=9) | st.just({}),
                    max_size=3,
                ),
                "InlineBinary": st.just("AA=="),
            },
        ),
    ),
)
def test_any_header_is_decided(sop_class, odd):
    """An element of another VR than it should have raises nothing."""
    assert decide(header(sop_class) | odd).decision in Decision
