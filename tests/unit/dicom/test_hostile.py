"""Bytes that mean harm end in a word, soon, and without repeating a value."""

import json
import logging
import struct
import time
import traceback
import warnings
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicom_pipeline.dicom import tolerant
from dicom_pipeline.dicom.elements import UnreadableValueError, values_of
from dicom_pipeline.dicom.header import Header, NeedMore, Refused, extract
from dicom_pipeline.dicom.quiet import silence
from dicom_pipeline.dicom.reasons import QuarantineReason as Why

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
UNDEFINED = 0xFFFFFFFF
CANARY = "CANARYNAME^JANE"


def part10(body: bytes, syntax: str = EXPLICIT) -> bytes:
    uid = syntax.encode() + b"\0" * (len(syntax) % 2)
    meta = struct.pack("<HH2sH", 2, 0x10, b"UI", len(uid)) + uid
    return bytes(128) + b"DICM" + meta + body


def nested_undefined(levels: int, *, closed: bool) -> bytes:
    opening = struct.pack("<HHLHHL", 8, 0x1140, UNDEFINED, 0xFFFE, 0xE000, UNDEFINED)
    closing = struct.pack("<HHLHHL", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
    return opening * levels + closing * levels * closed


def nested_defined(levels: int) -> bytes:
    body = b""
    for _ in range(levels):
        body = struct.pack("<HHL", 0xFFFE, 0xE000, len(body)) + body
        body = struct.pack("<HH2sHL", 8, 0x1140, b"SQ", 0, len(body)) + body
    return body


def deflated(body: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return part10(packer.compress(body) + packer.flush(), DEFLATED)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (
            part10(nested_undefined(64, closed=True), IMPLICIT),
            "missing_sop_instance_uid",
        ),
        (part10(nested_undefined(65, closed=True), IMPLICIT), "nested_too_deep"),
        (part10(nested_undefined(2_000, closed=True), IMPLICIT), "nested_too_deep"),
        (part10(nested_undefined(100_000, closed=True), IMPLICIT), "nested_too_deep"),
        (part10(nested_undefined(100_000, closed=False), IMPLICIT), "nested_too_deep"),
        (part10(nested_defined(64)), "missing_sop_instance_uid"),
        (part10(nested_defined(65)), "nested_too_deep"),
        (part10(nested_defined(2_000)), "nested_too_deep"),
        (part10(nested_undefined(45, closed=False), IMPLICIT)[:910], "truncated"),
        (part10(struct.pack("<HH2sHL", 9, 0x1010, b"OB", 0, 2**31)), "truncated"),
        (part10(b"\x08\x00\x05"), "truncated"),
        (part10(b"not deflated at all", DEFLATED), "bad_deflate"),
        (deflated(nested_defined(60))[:-9], "bad_deflate"),
        (part10(b""), "missing_sop_instance_uid"),
        (b"\x00" * 132, "not_dicom"),
        (b"FORMAT dicom\n%header\n" * 9, "not_dicom"),
    ],
)
def test_a_hostile_file_is_refused_with_its_reason(data, reason):
    """Depth, claims of length and broken streams each have a word, within a second."""
    start = time.perf_counter()

    assert extract(data, len(data)) == Refused(Why(reason))
    assert time.perf_counter() - start < 1


def test_a_deflate_bomb_is_not_unpacked(monkeypatch):
    """Forty kilobytes that inflate to forty megabytes cost a few, and a word."""
    bomb = deflated(
        b"\x09\x00\x10\x10OB\0\0" + struct.pack("<L", 40_000_000) + bytes(40_000_000)
    )
    monkeypatch.setattr(tolerant, "ELEMENT_LIMIT", 1_000)
    many = deflated(struct.pack("<HH2sH", 8, 5, b"CS", 0) * 2_000)

    assert len(bomb) < 50_000
    assert extract(bomb, len(bomb)) == Refused(Why.HEADER_TOO_LARGE)
    assert extract(many, len(many)) == Refused(Why.HEADER_TOO_LARGE)


def test_a_value_longer_than_is_ever_fetched_is_refused():
    """The claim alone decides: nothing more is asked of the store."""
    claim = part10(struct.pack("<HH2sHL", 9, 0x1010, b"OB", 0, 2**31))

    assert extract(claim, 2**33) == Refused(Why.HEADER_TOO_LARGE)
    assert isinstance(extract(claim, 2**20), NeedMore)


def test_every_prefix_of_a_small_file_gives_a_wish_or_the_whole(make_instance, as_file):
    """At no length is a prefix taken for a header with fewer elements."""
    inner = make_instance(PatientName="A^B")
    data = as_file(
        make_instance(
            PatientName="Doe^Jane",
            ReferencedImageSequence=[inner, inner],
            Rows=2,
            Columns=2,
            BitsAllocated=8,
            PixelData=bytes(4),
        )
    )
    whole = extract(data, len(data))
    assert isinstance(whole, Header)

    for length in range(len(data)):
        outcome = extract(data[:length], len(data))
        if isinstance(outcome, NeedMore):
            assert length < outcome.wanted <= len(data)
        else:
            assert outcome == whole
            assert length >= whole.header_bytes


def test_a_file_that_ends_in_its_header_never_gains_elements(ct_small):
    """A cut file is refused, or read as what a file of that length would be."""
    whole = extract(ct_small, len(ct_small))

    for length in range(1, whole.header_bytes, 13):
        outcome = extract(ct_small[:length], length)
        if isinstance(outcome, Header):
            assert outcome.dataset.items() <= whole.dataset.items()
            assert not outcome.has_pixel_data
        else:
            assert isinstance(outcome, Refused)


def test_cut_pixels_are_still_a_readable_header(ct_small):
    """The header is whole; that pixels are missing is for the compressor to say."""
    assert isinstance(extract(ct_small[:7_000], 7_000), Header)


@settings(max_examples=300, deadline=None)
@given(
    body=st.binary(max_size=400),
    size=st.integers(0, 1_000),
    syntax=st.sampled_from((IMPLICIT, EXPLICIT, DEFLATED)),
)
def test_any_bytes_give_an_outcome(body, size, syntax):
    """Nothing is raised, whatever follows a valid beginning."""
    for data in (body, part10(body, syntax)):
        extract(data, len(data))
        extract(data, len(data) + size)


@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, 6_400), damage=st.binary(min_size=1, max_size=8))
def test_a_damaged_ct_gives_an_outcome(ct_small, place, damage):
    """Nothing is raised by a real header with a few bytes changed."""
    data = ct_small[:place] + damage + ct_small[place + len(damage) :]

    extract(data, len(data))
    extract(data[:4_000], len(data))


VRS = (
    *("AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "PN"),
    *("SH", "SL", "SS", "ST", "SV", "TM", "UC", "UI", "UL", "UR", "US", "UT", "UV"),
    "XX",
)
CODES = {"", "charset", "not_a_number"}


@settings(max_examples=300, deadline=None)
@given(
    vr=st.sampled_from(VRS),
    data=st.binary(max_size=40),
    little=st.booleans(),
    charset=st.sampled_from(("iso8859", "utf_8", "shift_jis", "iso2022_jp", "no_such")),
)
def test_any_value_of_any_vr_reads_or_is_refused_by_code(vr, data, little, charset):
    """Values are JSON; the one exception there is carries a code, no value."""
    with silence():
        try:
            values, code = values_of(vr, data, (charset,), little_endian=little)
        except UnreadableValueError as error:
            values, code = [], str(error)

    json.dumps(values, allow_nan=False)
    assert code in {*CODES, "bad_length", "unknown_vr"}


def test_no_value_reaches_a_log_a_warning_or_an_error(make_instance, as_file, caplog):
    """What pydicom warns of quotes values; none may leave the reader."""
    dataset = make_instance(PatientName=CANARY, PatientID=CANARY)
    dataset.add_new(0x00101030, "LO", CANARY)
    data = bytearray(as_file(dataset))
    weight = data.index(b"\x10\x00\x30\x10LO")
    data[weight + 4 : weight + 6] = b"FD"  # 15 or 16 bytes are no doubles

    with (
        caplog.at_level(logging.DEBUG),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        outcome = extract(bytes(data), len(data))

    assert isinstance(outcome, Header)
    assert CANARY not in caplog.text
    assert caught == []
    assert CANARY not in repr(outcome)


def test_an_unreadable_value_is_not_in_its_traceback():
    """``float`` quotes the text that it could not read; the chain is cut."""
    with pytest.raises(UnreadableValueError) as raised:
        values_of("FD", CANARY.encode(), ("utf_8",), little_endian=True)

    assert CANARY not in "".join(traceback.format_exception(raised.value))
