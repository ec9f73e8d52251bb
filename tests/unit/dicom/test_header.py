"""A header is read to its end, or what is in the way is named."""

from pydicom.data import get_testdata_file

from dicom_pipeline.dicom.header import (
    FIRST_RANGE,
    Header,
    NeedMore,
    Refused,
    extract,
)
from dicom_pipeline.dicom.reasons import QuarantineReason


def test_a_plain_ct_is_read_up_to_its_pixels(ct_small):
    """Identity, counts and the offset of the pixel data come from one pass."""
    header = extract(ct_small[:FIRST_RANGE], len(ct_small))

    assert isinstance(header, Header)
    assert header.modality == "CT"
    assert header.dataset["00100010"]["Value"] == [
        {"Alphabetic": "CompressedSamples^CT1"}
    ]
    assert header.has_pixel_data
    assert ct_small[header.header_bytes :][:4] == b"\xe0\x7f\x10\x00"


def test_no_bytes_are_empty_and_a_picture_is_not_dicom():
    """Reading by force accepts anything; a plausible first element is asked for."""
    path = get_testdata_file("crayons.icc")
    assert path is not None
    with open(path, "rb") as file:  # noqa: PTH123
        picture = file.read()

    assert extract(b"", 0) == Refused(QuarantineReason.EMPTY)
    assert extract(picture, len(picture)) == Refused(QuarantineReason.NOT_DICOM)


def test_a_long_header_takes_few_ranges(make_instance, as_file):
    """Ten thousand elements of 40 bytes are not asked for one by one."""
    item = make_instance(PatientComments="x" * 24)
    data = as_file(make_instance(ReferencedImageSequence=[item] * 3_000))
    have, requests = FIRST_RANGE, 1

    while isinstance(outcome := extract(data[:have], len(data)), NeedMore):
        have, requests = outcome.wanted, requests + 1

    assert isinstance(outcome, Header)
    assert len(data) > 4 * FIRST_RANGE
    assert requests <= 3


def test_a_prefix_is_never_taken_for_a_short_header(ct_small):
    """A prefix gives a wish for more, or the very header of the whole."""
    whole = extract(ct_small, len(ct_small))

    for length in range(0, len(ct_small), 97):
        outcome = extract(ct_small[:length], len(ct_small))
        if isinstance(outcome, NeedMore):
            assert length < outcome.wanted <= len(ct_small)
            assert outcome.wanted >= min(4 * length, len(ct_small))
        else:
            assert outcome == whole


def test_big_endian_without_its_vr_is_not_dicom():
    """Big endian is always explicit (PS3.5 A.3): such bytes are something else."""
    data = b"\x00\x08\x00\x05\x00\x00\x00\x04ABCD" + bytes(200)

    assert extract(data, len(data)) == Refused(QuarantineReason.NOT_DICOM)
