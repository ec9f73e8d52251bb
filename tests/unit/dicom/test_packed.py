"""A header in little room gives the row that it would have given at once."""

from datetime import UTC, datetime

import pytest

from dicom_pipeline.dicom import packed as module
from dicom_pipeline.dicom.json_text import json_of, text_of
from dicom_pipeline.dicom.packed import FILING_TAGS, Shelf, header_tables, packed
from dicom_pipeline.dicom.rows import FileFacts, header_row, headers_table


def facts(fingerprint: str) -> FileFacts:
    return FileFacts(
        provider="ward",
        raw_key="key",
        bytes=1,
        fingerprint=fingerprint,
        modified_at=datetime(2026, 1, 1, tzinfo=UTC),
        batch_id="batch",
    )


@pytest.fixture
def headers(read):
    """Headers of three series, none in order."""
    numbers = [(3, 7), (1, 2), (3, 1), (2, None), (1, 1)]
    return [
        read(
            SeriesInstanceUID=f"1.2.{series}",
            InstanceNumber=number,
            PatientName="Äö^Ü",
            SpecificCharacterSet="ISO_IR 192",
            StudyDate="20240131",
        )
        for series, number in numbers
    ]


def test_a_packed_header_files_and_gives_its_row_as_the_header_does(headers):
    """Nothing is lost on the way into little room and back."""
    for header in headers:
        small = packed(header)

        assert small.row(facts("f")) == header_row(header, facts("f"))
        assert [small.text(tag) for tag in FILING_TAGS] == [
            header.text(tag) for tag in FILING_TAGS
        ]


def test_it_is_silent_on_what_does_not_file(headers):
    """An element that was not packed is an error, not an empty text."""
    with pytest.raises(KeyError):
        packed(headers[0]).text("00100010")


@pytest.mark.parametrize("in_memory", [1 << 20, 1])
def test_a_shelf_gives_back_what_it_was_given(headers, in_memory):
    """In memory or on disk, in any order, kept once or twice."""
    shelf = Shelf(in_memory)
    kept = [shelf.keep(shelf.keep(packed(header))) for header in headers]

    for header, small in reversed(list(zip(headers, kept, strict=True))):
        assert small.row(facts("f")) == header_row(header, facts("f"))


@pytest.mark.parametrize("part_bytes", [1, 1_000, 1 << 20])
def test_parts_are_the_one_table_cut(headers, monkeypatch, part_bytes):
    """Same rows, same order, however little text a part may hold."""
    monkeypatch.setattr(module, "_PART_BYTES", part_bytes)
    files = [(header, facts(str(n))) for n, header in enumerate(headers)]

    parts = list(header_tables((packed(header), fact) for header, fact in files))

    whole = headers_table(header_row(header, fact) for header, fact in files)
    assert [row for part in parts for row in part.to_pylist()] == whole.to_pylist()
    assert len(parts) == {1: 5, 1_000: len(parts), 1 << 20: 1}[part_bytes]


@pytest.mark.parametrize(
    "value", [{"a": [1.5, None, "Ä", 2**63]}, {"a": "\ud800"}, {"a": [2**70]}, {}]
)
def test_json_reads_back_as_it_was(value):
    """Letters stay letters; what the fast way cannot spell goes the slow one."""
    text = text_of(value)

    assert text.encode().decode() == text
    if value != {"a": [2**70]}:
        assert json_of(text) == value
