"""Entity tables are made again from stored headers when their columns change."""

from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from dicom_pipeline.catalog import ENTITIES, IMAGES
from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.catalog.table import FLOAT, Column
from dicom_pipeline.dicom import entities
from dicom_pipeline.dicom.outcome import Header
from dicom_pipeline.dicom.rows import FileFacts, header_row, headers_table
from dicom_pipeline.layout import compacted_name, table_key
from dicom_pipeline.resources import projection as projecting
from dicom_pipeline.resources.projection import Projection
from dicom_pipeline.resources.tables import RawTables, parquet
from tests.unit.resources.test_compaction import Bucket
from tests.unit.sources.memory_store import Fuse, KilledError

MONTH = "2024-01"
TILT = Column("gantry_detector_tilt_deg", "GantryDetectorTilt", FLOAT)
WIDE = replace(IMAGES, columns=(*IMAGES.columns, TILT))


def header(number):
    """Header of an image whose gantry is tilted."""
    texts = {"00080018": f"1.{number}", "0020000D": "1", "0020000E": "1.9"}
    dataset = {tag: {"vr": "UI", "Value": [uid]} for tag, uid in texts.items()}
    dataset["00181120"] = {"vr": "DS", "Value": [12.5 + number]}
    return Header(
        dataset=dataset,
        file_meta={},
        private_creators=(),
        private_element_count=0,
        element_count=len(dataset),
        header_bytes=1,
        has_pixel_data=True,
    )


@pytest.fixture
def tables():
    """Headers of three batches of a month; not one DICOM file is in the bucket."""
    made = RawTables(Bucket())
    for number, batch in enumerate("abc"):
        moment = datetime(2024, 6, 1, tzinfo=UTC)
        facts = FileFacts("p", f"k{batch}", 1, f"f{batch}", moment, batch)
        rows = headers_table([header_row(header(number), facts)])
        made.write(HEADERS, MONTH, batch, rows)
    return made


@pytest.fixture
def wider(monkeypatch):
    """A release whose catalogue has one column more."""

    def release():
        known = tuple(WIDE if table is IMAGES else table for table in ENTITIES)
        monkeypatch.setattr(entities, "IMAGES", WIDE)
        monkeypatch.setattr(entities, "ENTITIES", known)
        monkeypatch.setattr(projecting, "ENTITIES", known)

    return release


def test_the_same_again_writes_nothing(tables):
    """Each batch has its tables, and the month is what it was."""
    made = Projection(tables).project(MONTH, "abc")
    tables.bucket.fuse = Fuse(1)

    again = Projection(tables).project(MONTH, "abc")

    assert made["images"] == made["series"] == 3
    assert again.total() == 0
    assert tables.bucket.fuse.left == 1


def test_a_late_batch_is_projected_alone(tables):
    """What is there is not made again."""
    Projection(tables).project(MONTH, "ab")

    assert Projection(tables).project(MONTH, "abc")["images"] == 1


@pytest.mark.parametrize("compacted", [False, True])
def test_a_new_column_comes_from_the_stored_headers(tables, wider, compacted):
    """Every batch has it, compacted or not, and no DICOM file was there to be read."""
    Projection(tables).project(MONTH, "abc")
    if compacted:
        compact(tables)
    wider()

    made = Projection(tables).project(MONTH, "abc")

    tilts = [tables.read(WIDE, MONTH, b)[TILT.name].to_pylist() for b in "abc"]
    assert tilts == [[12.5], [13.5], [14.5]]
    assert made["images"] == 3
    assert not [key for key in tables.bucket.bodies if "compacted-" in key]
    assert Projection(tables).project(MONTH, "abc").total() == 0


def test_killed_while_a_column_is_added_it_is_done_again(tables, wider):
    """Wherever it was stopped, the next run leaves what an undisturbed one does."""
    Projection(tables).project(MONTH, "abc")
    compact(tables)
    before = dict(tables.bucket.bodies)
    wider()
    Projection(tables).project(MONTH, "abc")
    expected = dict(tables.bucket.bodies)
    for kills in range(1, 18):
        tables.bucket.bodies = dict(before)
        tables.bucket.fuse = Fuse(kills)
        with pytest.raises(KilledError):
            Projection(tables).project(MONTH, "abc")
        tables.bucket.fuse = Fuse()
        Projection(tables).project(MONTH, "abc")
        assert tables.bucket.bodies == expected


def compact(tables):
    """Put the images of the three batches into one file."""
    rows = pa.concat_tables([tables.read(IMAGES, MONTH, batch) for batch in "abc"])
    name = compacted_name("abc")
    tables.bucket.write(table_key("images", MONTH, name), parquet(IMAGES, rows))
    for batch in "abc":
        tables.bucket.delete(table_key("images", MONTH, batch))
