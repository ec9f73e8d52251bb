"""The strict reader says what the tolerant one says, or leaves the file to it."""

import random
import struct
from pathlib import Path

import pytest
from pydicom.data import get_charset_files, get_testdata_files

from dicom_pipeline.dicom.header import Header, NeedMore, extract, read_tolerantly
from dicom_pipeline.dicom.quiet import silence
from dicom_pipeline.dicom.scan import IrregularError, items, scan

FILES = sorted(
    {
        path
        for path in (*get_testdata_files(), *get_charset_files())
        if Path(path).is_file() and b"DICM" in Path(path).read_bytes()[128:132]
    }
)


def by_pydicom(prefix: bytes, size: int):
    """What the tolerant reader alone says."""
    with silence():
        return read_tolerantly(prefix, size)


@pytest.mark.parametrize("path", FILES, ids=lambda path: Path(path).name)
def test_both_readers_say_the_same(path):
    """Of a whole file: every element, issue, count, bulk value, or the refusal."""
    data = Path(path).read_bytes()

    outcome = extract(data, len(data))

    if isinstance(outcome, Header):
        assert outcome == by_pydicom(data, len(data))


def test_most_files_need_the_strict_reader_only():
    """Else it would be of no use, and the suite above empty."""
    strict = 0
    for path in FILES:
        data = Path(path).read_bytes()
        try:
            scan(data, len(data))
        except IrregularError:
            continue
        strict += 1

    assert strict > 0.7 * len(FILES)


@pytest.mark.parametrize(
    "name", ["CT_small.dcm", "MR_small_implicit.dcm", "reportsi.dcm"]
)
def test_a_cut_file_ends_as_with_the_tolerant_reader(name):
    """Cut anywhere, both as a prefix of a longer object and as the whole of it."""
    [path] = [p for p in FILES if Path(p).name == name]
    data = Path(path).read_bytes()
    for length in range(132, min(len(data), 8_000), 37):
        whole, prefix = data[:length], (data[:length], len(data))
        assert extract(whole, length) == by_pydicom(whole, length)
        assert type(extract(*prefix)) is type(by_pydicom(*prefix))


def test_a_prefix_makes_it_ask_for_more_than_it_has(ct_small):
    """Whatever is cut: the wish grows, so that asking comes to an end."""
    for length in range(132, 6_000, 11):
        outcome = extract(ct_small[:length], len(ct_small))

        assert isinstance(outcome, NeedMore)
        assert length < outcome.wanted <= len(ct_small)


@pytest.mark.parametrize("seed", range(20))
def test_changed_bytes_change_both_readers_alike(ct_small, seed):
    """A header with three bytes changed reads the same in both, or is refused alike."""
    rng = random.Random(seed)
    for _ in range(10):
        data = bytearray(ct_small[:7_000])
        for place in rng.sample(range(132, 6_400), 3):
            data[place] = rng.randrange(256)
        size = len(ct_small)

        ours, theirs = extract(bytes(data), size), by_pydicom(bytes(data), size)

        if isinstance(ours, Header):
            assert ours == theirs
        else:
            assert type(ours) is type(theirs)


def item(content: bytes, length: int | None = None) -> bytes:
    length = len(content) if length is None else length
    return struct.pack("<HHI", 0xFFFE, 0xE000, length) + content


MODALITY = b"\x08\x00\x60\x00CS\x02\x00CT"


@pytest.mark.parametrize(
    "data",
    [
        item(MODALITY) + b"\0",
        item(MODALITY, 200),
        item(MODALITY, 0xFFFFFFFF),
        item(MODALITY + MODALITY),
        item(MODALITY.replace(b"CS", b"XX")),
        item(MODALITY[:-1]),
        MODALITY,
    ],
)
def test_an_odd_sequence_is_left_to_the_other(data):
    """Torn, unended, doubled, unknown: nothing of it is guessed."""
    with pytest.raises(IrregularError):
        items(data, implicit=False)


def test_items_are_cut_in_both_ways():
    """By length and by delimiter; an item may be implicit (PS3.5 6.2.2)."""
    ended = item(MODALITY, 0xFFFFFFFF) + struct.pack("<HHI", 0xFFFE, 0xE00D, 0)
    implicit = item(b"\x08\x00\x60\x00\x02\x00\x00\x00CT")

    read = items(item(MODALITY) + ended + implicit, implicit=False)

    assert [each.elements[0][2] for each in read] == [b"CT"] * 3
    assert [each.implicit for each in read] == [False, False, True]
