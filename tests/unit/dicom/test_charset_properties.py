"""What a character set can spell reads back; what it cannot is kept and said so."""

import struct
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from dicom_pipeline.dicom.header import Header, extract
from tests.fuzz.mutations import element

# Defined terms and the codecs of the sets that PS3.3 C.12.1.1.2 says they are.
ONE_SET = {
    "": "ascii",
    "ISO_IR 100": "iso8859_1",
    "ISO_IR 101": "iso8859_2",
    "ISO_IR 109": "iso8859_3",
    "ISO_IR 110": "iso8859_4",
    "ISO_IR 126": "iso8859_7",
    "ISO_IR 127": "iso8859_6",
    "ISO_IR 138": "iso8859_8",
    "ISO_IR 144": "iso8859_5",
    "ISO_IR 148": "iso8859_9",
    "ISO_IR 166": "tis_620",
    "ISO_IR 192": "utf_8",
    "GB18030": "gb18030",
    "GBK": "gbk",
}
# Terms, the escape sequence that designates the last of them (PS3.3 Tables C.12-3 and
# C.12-4), and the codec of its letters; Japanese ones are in G0, seven bits wide.
EXTENDED = (
    ("\\ISO 2022 IR 87", b"\x1b$B", "euc_jp"),
    ("ISO 2022 IR 13\\ISO 2022 IR 87", b"\x1b$B", "euc_jp"),
    ("\\ISO 2022 IR 149", b"\x1b$)C", "euc_kr"),
    ("\\ISO 2022 IR 58", b"\x1b$)A", "gb2312"),
    ("ISO 2022 IR 100\\ISO 2022 IR 101", b"\x1b-B", "iso8859_2"),
    ("ISO 2022 IR 100\\ISO 2022 IR 126", b"\x1b-F", "iso8859_7"),
    ("ISO 2022 IR 6\\ISO 2022 IR 127", b"\x1b-G", "iso8859_6"),
    ("ISO 2022 IR 6\\ISO 2022 IR 138", b"\x1b-H", "iso8859_8"),
    ("ISO 2022 IR 6\\ISO 2022 IR 144", b"\x1b-L", "iso8859_5"),
    ("ISO 2022 IR 6\\ISO 2022 IR 148", b"\x1b-M", "iso8859_9"),
    ("ISO 2022 IR 6\\ISO 2022 IR 166", b"\x1b-T", "tis_620"),
)


def name_of(terms: str, value: bytes) -> tuple[dict[str, str], list[str]]:
    """Write a file with a name, read it; the name's groups and the issues' codes."""
    padded = value + b" " * (len(value) % 2)
    data = b"".join(
        (
            bytes(128) + b"DICM",
            element(0x00020010, "UI", b"1.2.840.10008.1.2.1\0"),
            element(0x00080005, "CS", terms.encode() + b" " * (len(terms) % 2)),
            element(0x00080018, "UI", b"1.2.3.4\0"),
            element(0x00100010, "PN", padded),
            element(0x0020000D, "UI", b"1.2\0"),
            element(0x0020000E, "UI", b"1.2.3\0"),
        )
    )
    header = extract(data, len(data))
    assert isinstance(header, Header)
    name = header.dataset["00100010"].get("Value", [{}])[0] or {}
    return name, [issue.code for issue in header.issues]


@cache
def words(codec: str, lowest: int = 0) -> st.SearchStrategy[str]:
    """Words of letters that ``codec`` has, there and back.

    With ``lowest``, those of one or two bytes that are no less.
    """
    known = []
    for letter in filter(str.isalpha, map(chr, range(0x41, 0xFFFF))):
        code = letter.encode(codec, "ignore")
        fits = not lowest or (len(code) < 3 and min(code, default=0) >= lowest)
        if fits and code.decode(codec, "ignore") == letter:
            known.append(letter)
    return st.text(st.sampled_from(known), min_size=1, max_size=8)


@given(data=st.data())
def test_a_name_in_a_set_of_its_own_reads_back(data):
    """All three component groups, two components each."""
    terms, codec = data.draw(st.sampled_from(list(ONE_SET.items())))
    groups = [f"{data.draw(words(codec))}^{data.draw(words(codec))}" for _ in "123"]

    name, issues = name_of(terms, "=".join(groups).encode(codec))

    order = ("Alphabetic", "Ideographic", "Phonetic")
    assert name == dict(zip(order, groups, strict=True))
    assert issues == []


@given(data=st.data())
def test_a_name_with_code_extensions_reads_back(data):
    """The set is designated anew behind each delimiter (PS3.5 6.1.2.5.3)."""
    terms, escape, codec = data.draw(st.sampled_from(EXTENDED))
    family, given_name = (data.draw(words(codec, 0xA1)) for _ in "12")
    parts = [_designated(part, escape, codec) for part in (family, given_name)]

    name, issues = name_of(terms, b"Yamada^Tarou=" + b"^".join(parts))

    assert name == {
        "Alphabetic": "Yamada^Tarou",
        "Ideographic": f"{family}^{given_name}",
    }
    assert issues == []


def _designated(text: str, escape: bytes, codec: str) -> bytes:
    """Write ``text`` as PS3.5 6.1.2.5.3 wants it: ASCII is active again at its end."""
    if codec != "euc_jp":
        return escape + text.encode(codec)
    return escape + bytes(byte & 0x7F for byte in text.encode(codec)) + b"\x1b(B"


@given(
    terms=st.sampled_from((*ONE_SET, *(terms for terms, *_ in EXTENDED))),
    value=st.binary(min_size=1, max_size=40)
    | st.lists(
        st.sampled_from((b"\x1b", b"$B", b"$)C", b"(B", b"-F", b"^", b"A", b"\xb1")),
        min_size=1,
    ).map(b"".join),
)
def test_a_name_that_its_set_cannot_spell_is_kept_byte_by_byte(terms, value):
    """Latin-1 has a letter for every byte; the issue says that they may be wrong."""
    name, issues = name_of(terms, value)

    if issues:
        assert issues == ["charset"]
        kept = "=".join(name.get(k, "") for k in ("Alphabetic", "Ideographic"))
        whole = kept + "=" + name.get("Phonetic", "")
        first = value.split(b"\\")[0]
        assert whole.rstrip("= \0") == _stripped(first)


def _stripped(value: bytes) -> str:
    groups = value.decode("latin-1").split("=", 2)
    return "=".join(group.rstrip(" \0") for group in groups).rstrip("= \0")


@given(terms=st.binary(max_size=24) | st.sampled_from((b"ISO\0", b"ISO_IR\\ISO\0\\")))
def test_no_character_set_is_in_the_way_of_a_header(terms):
    """Whatever (0008,0005) says, the name is there."""
    name, _ = name_of(terms.decode("latin-1").encode("ascii", "replace").decode(), b"A")

    assert name == {"Alphabetic": "A"}


def test_terms_pack_into_an_element():
    """The builder above writes what PS3.5 7.1.2 says."""
    assert element(0x00080005, "CS", b"GBK ") == struct.pack(
        "<HH2sH", 8, 5, b"CS", 4
    ) + (b"GBK ")
