"""Rows are what the catalogue says, made of the stored header alone."""

import json
from datetime import UTC, date, datetime

import pytest

from dicom_pipeline.catalog import ENTITIES
from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.dicom.rows import (
    FileFacts,
    entity_tables,
    header_row,
    headers_table,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def facts(fingerprint="f", **changes):
    known = {"provider": "north", "raw_key": "k", "bytes": 9, "batch_id": "b"}
    known |= {"fingerprint": fingerprint, "modified_at": NOON, **changes}
    return FileFacts(**known)


@pytest.fixture
def batch(read):
    """A table of headers from ``(attributes, facts)`` pairs."""

    def build(*files):
        return headers_table(header_row(read(**what), fact) for what, fact in files)

    return build


def test_a_row_of_headers_is_the_catalogue_in_order(read):
    """Core columns are typed, the rest is the JSON text, and there is no clock."""
    header = read(StudyDate="20240131", Modality="CT", InstanceNumber="7", Rows=4)

    row = header_row(header, facts())

    assert list(row) == HEADERS.schema.names
    assert row == header_row(header, facts())
    assert row["study_date"] == date(2024, 1, 31)
    assert row["instance_number"] == 7
    assert row["month_source"] == "StudyDate"
    assert row["has_pixel_data"] is False
    assert json.loads(row["header"])["00080060"] == {"vr": "CS", "Value": ["CT"]}


def test_headers_lie_by_series_number_uid_and_fingerprint(batch):
    """Neighbours compress into one another; a missing number comes last."""
    table = batch(
        ({"SeriesInstanceUID": "1.2", "SOPInstanceUID": "1.9"}, facts()),
        ({"SeriesInstanceUID": "1.2", "InstanceNumber": "10"}, facts("b")),
        ({"SeriesInstanceUID": "1.2", "InstanceNumber": "10"}, facts("a")),
        ({"SeriesInstanceUID": "1.2", "InstanceNumber": "9"}, facts()),
        ({"SeriesInstanceUID": "1.1", "InstanceNumber": "99"}, facts()),
    )

    assert table.schema == HEADERS.schema
    assert table["instance_number"].to_pylist() == [99, 9, 10, 10, None]
    assert table["fingerprint"].to_pylist() == ["f", "f", "a", "b", "f"]


def test_the_newest_instance_describes_the_patient(batch):
    """One row per patient of a batch, and it names the instance that it quotes."""
    same = {"PatientID": "P1"}
    later = NOON.replace(hour=13)
    tables = entity_tables(
        batch(
            (same | {"SOPInstanceUID": "1.1", "PatientName": "Old"}, facts("z")),
            (
                same | {"SOPInstanceUID": "1.2", "PatientName": "New"},
                facts("a", modified_at=later),
            ),
            (same | {"SOPInstanceUID": "1.3", "PatientName": "Old"}, facts("y")),
        )
    )

    [patient] = tables["patients"].to_pylist()
    assert patient["patient_name"] == "New"
    assert patient["described_by_sop_instance_uid"] == "1.2"
    assert patient["patient_identity"] == "north\x1fP1"
    assert tables["images"].num_rows == 3


def test_an_instance_sent_twice_with_other_bytes_is_two_images(batch):
    """Both are kept; the stage takes the newest."""
    tables = entity_tables(batch(({}, facts("a")), ({}, facts("b"))))

    assert tables["images"]["fingerprint"].to_pylist() == ["a", "b"]
    assert tables["series"].num_rows == 1
    assert tables["series"]["fingerprint"].to_pylist() == ["b"]


def test_five_tables_have_the_schemas_of_the_catalogue(batch):
    """Also where a batch is empty."""
    for headers in (batch(({"PatientID": "P"}, facts())), batch()):
        tables = entity_tables(headers)
        assert list(tables) == [table.name for table in ENTITIES]
        for table in ENTITIES:
            assert tables[table.name].schema == table.schema


def test_a_value_that_does_not_fit_is_null_and_told_as_sent(batch):
    """The raw zone keeps what was sent, beside the column that could not."""
    tables = entity_tables(batch(({"PatientBirthDate": "00000000"}, facts())))

    [patient] = tables["patients"].to_pylist()
    assert patient["patient_birth_date"] is None
    assert patient["value_issues"] == [
        {"column": "patient_birth_date", "code": "bad_date", "text": "00000000"}
    ]


def test_the_order_of_arrival_does_not_matter(batch):
    """The same files give the same rows, whoever lists them first."""
    files = [
        ({"SOPInstanceUID": f"1.{n}", "PatientID": f"P{n % 2}"}, facts(str(n)))
        for n in range(6)
    ]

    forth, back = entity_tables(batch(*files)), entity_tables(batch(*reversed(files)))

    assert all(forth[name].equals(back[name]) for name in forth)


def test_what_is_only_in_the_file_meta_is_a_column_too(batch):
    """(0002,0010) lies before the data set; pixel data is told by its presence."""
    tables = entity_tables(
        batch(
            ({"Rows": 1, "Columns": 1, "BitsAllocated": 8, "PixelData": b"ab"}, facts())
        )
    )

    [image] = tables["images"].to_pylist()
    assert image["transfer_syntax_uid"] == "1.2.840.10008.1.2.1"
    assert image["has_pixel_data"] is True
    assert image["has_overlay_data"] is False
