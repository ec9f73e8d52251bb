"""Names read in their own letters; letters that do not fit are kept and said so."""

from pathlib import Path

import pytest
from pydicom.data import get_charset_files

from dicom_pipeline.dicom.charset import decoded, encodings_of
from dicom_pipeline.dicom.quiet import silence
from dicom_pipeline.dicom.tolerant import elements_of
from dicom_pipeline.dicom.walk import Walk
from tests.oracles.headers import parsed

# What the files of pydicom's wheel say, and PS3.5 annexes H to J of most of them.
NAMES = {
    "chrArab": "قباني^لنزار",
    "chrFren": "Buc^Jérôme",
    "chrGerm": "Äneas^Rüdiger",
    "chrGreek": "Διονυσιος",
    "chrH31": "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "chrH32": "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
    "chrHbrw": "שרון^דבורה",
    "chrI2": "Hong^Gildong=洪^吉洞=홍^길동",
    "chrJapMulti": "やまだ^たろう",
    "chrKoreanMulti": "김희중",
    "chrRuss": "Люкceмбypг",  # noqa: RUF001  Latin letters among them
    "chrX1": "Wang^XiaoDong=王^小東",
    "chrX2": "Wang^XiaoDong=王^小东",
}


@pytest.mark.parametrize(("stem", "name"), NAMES.items(), ids=NAMES)
def test_a_name_reads_in_its_own_letters(stem, name):
    """Single and multi-byte sets, with and without code extensions."""
    [path] = [p for p in get_charset_files() if Path(p).stem == stem]
    with silence():
        dataset = Walk().json(elements_of(parsed(Path(path).read_bytes())))

    [groups] = dataset["00100010"]["Value"]
    order = ("Alphabetic", "Ideographic", "Phonetic")
    assert "=".join(groups.get(group, "") for group in order).rstrip("=") == name


def test_an_item_may_have_a_character_set_of_its_own():
    """(0008,0005) within an item holds for that item, and its parent's for others."""
    [path] = [p for p in get_charset_files() if Path(p).stem == "chrSQEncoding"]
    with silence():
        dataset = Walk().json(elements_of(parsed(Path(path).read_bytes())))

    [item] = dataset["00321064"]["Value"]
    assert item["00100010"]["Value"] == [
        {
            "Alphabetic": "ﾔﾏﾀﾞ^ﾀﾛｳ",
            "Ideographic": "山田^太郎",
            "Phonetic": "やまだ^たろう",
        }
    ]


def test_bytes_that_do_not_fit_are_kept():
    """Latin-1 reads every byte, so the sender's can be had back."""
    text, fits = decoded(b"M\xfcller", ("utf_8",))

    assert (text, fits) == ("Müller", False)


@pytest.mark.parametrize(
    "terms", [b"unicode_escape", b"hex", b"idna", b"ISO_IR 999", b"ISO_IR\0 100"]
)
def test_a_name_that_is_no_defined_term_is_the_default(terms):
    """Python has codecs that are no character sets; none is ever called by a file."""
    with silence():
        encodings, defined = encodings_of(terms)

    assert encodings[0].startswith("iso8859")
    assert not defined


def test_a_bad_character_set_is_an_issue_of_the_header(read):
    """The row can say that its names may be wrong."""
    header = read(SpecificCharacterSet="ISO_IR 192", PatientName="A^B")
    assert header.issues == ()

    header = read(SpecificCharacterSet="WINDOWS-1252", PatientName="A^B")
    assert [(issue.path, issue.code) for issue in header.issues] == [
        ("/00080005", "charset")
    ]
