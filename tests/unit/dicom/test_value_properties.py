"""Values of any bytes: right by PS3.5 6.2, or null, or an issue; the text is kept."""

from datetime import UTC, date, datetime, time, timedelta, timezone

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dicom_pipeline.catalog.table import (
    DATE,
    FLOAT,
    INTEGER,
    TEXT,
    TIME,
    TIMESTAMP,
    Column,
)
from dicom_pipeline.dicom.header import Header, extract
from dicom_pipeline.dicom.values import original, value_of
from tests.fuzz.mutations import element
from tests.oracles import standard

COLUMNS = {
    "DA": Column("c", "StudyDate", DATE),
    "TM": Column("c", "StudyTime", TIME),
    "DT": Column("c", "AcquisitionDateTime", TIMESTAMP),
    "AS": Column("c", "PatientAge", TEXT),
    "DS": Column("c", "KVP", FLOAT),
    "IS": Column("c", "InstanceNumber", INTEGER),
    "UI": Column("c", "FrameOfReferenceUID", TEXT),
    "PN": Column("c", "PatientName", TEXT),
    "LO": Column("c", "PatientID", TEXT),
    "SH": Column("c", "AccessionNumber", TEXT),
    "UN": Column("c", "PatientComments", TEXT),
}
PADDING = " \0"


def column_of(vr: str, value: bytes) -> tuple[object, set[str], str]:
    """Write a file with this value, read it; column, codes of issues, and as sent."""
    column = COLUMNS[vr]
    elements = {
        0x00080018: element(0x00080018, "UI", b"1.2.3.4\0"),
        0x0020000D: element(0x0020000D, "UI", b"1.2\0"),
        0x0020000E: element(0x0020000E, "UI", b"1.2.3\0"),
        int(column.tag, 16): element(int(column.tag, 16), vr, value),
    }
    meta = element(0x00020010, "UI", b"1.2.840.10008.1.2.1\0")
    body = b"".join(elements[tag] for tag in sorted(elements))
    data = bytes(128) + b"DICM" + meta + body
    header = extract(data, len(data))
    assert isinstance(header, Header)
    read, code = value_of(column, header.dataset)
    assert pa.array([read], type=column.type).to_pylist() == [read]
    codes = {issue.code for issue in header.issues} | {code}
    return read, codes - {""}, original(column, header.dataset, 10_000)


@st.composite
def cut(draw: st.DrawFn, text: str, places: tuple[int, ...]) -> str:
    """``text``, ended at one of ``places`` or not at all."""
    return text[: draw(st.sampled_from((*places, len(text))))]


@st.composite
def moments(draw: st.DrawFn) -> tuple[bytes, datetime]:
    """A DT as precise as it likes to be, with an offset or not, and what it means."""
    moment = draw(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31)))  # noqa: DTZ001
    text = f"{moment.year:04}{moment:%m%d%H%M%S}.{moment.microsecond:06}"
    text = draw(cut(text, (4, 6, 8, 10, 12, 14, 16)))
    start = f"{moment.year:04}0101000000.000000"
    whole = text + start[len(text) :]
    read = datetime.strptime(whole + "+0000", "%Y%m%d%H%M%S.%f%z")
    minutes = draw(st.none() | st.integers(-12 * 60, 14 * 60))
    if minutes is not None:
        text += f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}"
        text += f"{abs(minutes) % 60:02}"
        zone = timezone(timedelta(minutes=minutes))
        read = read.replace(tzinfo=zone).astimezone(UTC)
    return text.encode(), read.replace(tzinfo=None)


@given(day=st.dates())
def test_every_day_reads_back(day):
    """From the year 1 to 9999."""
    value = f"{day.year:04}{day:%m%d}".encode()

    assert column_of("DA", value)[:2] == (day, set())


@given(clock=st.times(), digits=st.integers(1, 6))
def test_every_time_reads_back_as_exact_as_it_is_sent(clock, digits):
    """Hours alone, or down to any fraction of a second."""
    text = f"{clock:%H%M%S}.{clock.microsecond:06}"[: 7 + digits]
    fraction = int(text[7:].ljust(6, "0"))
    partial = [
        (text, clock.replace(microsecond=fraction)),
        (text[:6], clock.replace(microsecond=0)),
        (text[:4], time(clock.hour, clock.minute)),
        (text[:2], time(clock.hour)),
    ]

    for sent, read in partial:
        assert column_of("TM", sent.encode())[:2] == (read, set())


@given(moment=moments())
def test_every_moment_reads_back_in_utc(moment):
    """Offsets from -1200 to +1400 are taken off."""
    value, read = moment

    assert column_of("DT", value)[:2] == (read, set())


@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_every_decimal_reads_back(number):
    """As Python spells a double; longer than a DS may be, and the same number."""
    assert column_of("DS", repr(number).encode())[:2] == (number, set())


@given(number=st.integers(-(2**31), 2**31 - 1), sign=st.sampled_from(("", "+")))
def test_every_integer_reads_back(number, sign):
    """With a plus or leading zeros too."""
    text = f"{number:+012}" if sign else str(number)

    assert column_of("IS", text.encode())[:2] == (number, set())


NEARLY = st.text("0123456789+-.eE: /DWMY_naifx\n\t\xa0²\u0663\uff12", max_size=26)
SPELLED = st.sampled_from(
    """20240229 20230229 1994.11.05 20240101-20240131 -20240101 00000000 *** 235960
    236060 240000 2400 10:15:30 101530.1234567 2024+1400 2024+1401 2024-0000 2024-1201
    202413 20241 2024013124 NaN nan inf -Infinity 1e999 -1e999 1e-999 1_0 0x1F 1,5 .5 5.
    +.5e+5 e5 . 9999999999 -2147483648 2147483648 1.0 1e2 042Y 42Y 042y 1.2.3 1.02 .1 1.
    1..2 ２０２４０１０１ ٢٠٢٤٠١٠١ 20２40101""".split()  # noqa: RUF001, SIM905
)
TEXTS = NEARLY | SPELLED | st.tuples(SPELLED, NEARLY).map("".join)

TOLERATED = {
    "DA": {"legacy_date"},
    "TM": {"legacy_time", "long_fraction"},
    "DT": {"long_fraction"},
    "DS": set(),
    "IS": {"decimal_integer", "out_of_range"},
}
"""Spellings outside the standard whose meaning is beyond doubt: read, and told."""


@pytest.mark.parametrize(
    ("vr", "meaning"),
    [
        ("DA", standard.da),
        ("TM", standard.tm),
        ("DT", standard.dt),
        ("DS", standard.ds),
        ("IS", standard.is_),
    ],
)
@given(text=TEXTS, padding=st.sampled_from(("", " ", "\0", "  \0")))
@example(text="9" * 4_000, padding="")
@example(text="1e99999999999999999999", padding="")
def test_a_text_means_what_the_standard_says_or_is_told(vr, meaning, text, padding):
    """Null and an issue for everything else, but for the spellings listed above."""
    value, codes, sent = column_of(vr, (text + padding).encode()[:60_000])

    plain = text.encode().decode("latin-1").strip(PADDING)
    expected = meaning(plain) if plain else None
    if expected is not None or not plain:
        assert (value, codes) == (expected, set())
    elif value is None:
        assert codes
        assert sent == plain
    else:
        assert codes
        assert codes <= TOLERATED[vr]


@pytest.mark.parametrize(
    ("vr", "fits", "code"),
    [("AS", standard.age, "bad_age"), ("UI", standard.ui, "bad_uid")],
)
@given(text=TEXTS | st.from_regex(r"[0-9]{2,3}[DWMYdwmy]", fullmatch=True))
def test_ages_and_uids_are_kept_and_judged(vr, fits, code, text):
    """They are text: what does not fit is told, and stays."""
    value, codes, sent = column_of(vr, text.encode())

    plain = text.encode().decode("latin-1").strip(PADDING)
    assert (value or "") == sent == plain
    assert codes == (set() if fits(plain) or not plain else {code})


@pytest.mark.parametrize("vr", COLUMNS)
@given(value=st.binary(max_size=80))
def test_any_bytes_are_a_value_or_null_and_never_raise(vr, value):
    """Arrow takes what comes out; bytes that say something leave a trace."""
    read, codes, sent = column_of(vr, value)

    if value.strip(b" \0\\^=") and vr != "UN":
        assert read is not None or codes
        assert sent


@given(days=st.lists(st.dates() | st.none(), min_size=2, max_size=4))
def test_more_values_than_one_keep_their_number(days):
    """The first is the column's; that there are more is told, and they are kept."""
    texts = [f"{d.year:04}{d:%m%d}" if isinstance(d, date) else "" for d in days]

    read, codes, sent = column_of("DA", "\\".join(texts).encode())

    assert read == days[0]
    assert codes == ({"more_than_one"} if any(texts) else set())
    assert sent == ("\\".join(texts) if any(texts) else "")
