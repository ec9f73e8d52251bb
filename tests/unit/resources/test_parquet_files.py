"""Parquet files of a bucket are read in few requests, and in parts that fit."""

import io
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dicom_pipeline.resources import parquet_files
from dicom_pipeline.resources.bucket import StoredObject
from dicom_pipeline.resources.parquet_files import (
    groups_in,
    read_columns,
    rows_by_batch,
    rows_in,
)

WORDS = pa.schema(
    [("word", pa.dictionary(pa.int32(), pa.string())), ("absent", pa.string())]
)
ROWS = pa.table(
    {
        "word": [f"{number // 20}" for number in range(70)],
        "batch_id": [f"b{number // 10}" for number in range(70)],
    }
)
GROUP = 10  # rows


class OneFile:
    """A bucket of one file; it counts how often it is asked."""

    def __init__(self, rows: pa.Table = ROWS, group: int = GROUP, **how) -> None:
        """Write it to memory."""
        sink = io.BytesIO()
        pq.write_table(rows, sink, row_group_size=group, **how)
        self.body, self.requests = sink.getvalue(), 0
        self.stored = StoredObject("file", "", len(self.body), None)

    def read(self, _key):
        """Give all of it."""
        self.requests += 1
        return self.body

    def read_range(self, _key, start, end):
        """Give some of it."""
        self.requests += 1
        return self.body[start:end]

    def download(self, _key, file):
        """Give all of it, to a file."""
        self.requests += 1
        file.write(self.body)


@pytest.fixture
def file():
    return OneFile()


@pytest.mark.parametrize(
    ("groups", "expected"),
    [(0, [10] * 7), (1, [10] * 7), (3, [30, 30, 10]), (100, [70])],
)
def test_row_groups_come_in_order_as_many_as_fit(file, groups, expected):
    """One at the least; no row twice, none left out; words stay words."""
    body = io.BytesIO(file.body)
    size = pq.ParquetFile(body).metadata.row_group(0).column(0).total_uncompressed_size
    tables = list(groups_in(body, WORDS, groups * size))

    assert [rows.num_rows for rows in tables] == expected
    assert_all_of(tables)


def test_rows_come_in_order_no_more_than_are_wanted(file):
    tables = list(rows_in(io.BytesIO(file.body), WORDS, 16))

    assert max(rows.num_rows for rows in tables) <= 16
    assert_all_of(tables)


def assert_all_of(tables):
    read = [word for rows in tables for word in rows["word"].to_pylist()]
    assert read == ROWS["word"].to_pylist()
    assert all(rows.schema == WORDS for rows in tables)
    assert all(rows["absent"].null_count == rows.num_rows for rows in tables)


@pytest.mark.parametrize("request_bytes", [1, 500, 1 << 20])
def test_columns_are_the_same_however_they_are_fetched(
    file, monkeypatch, request_bytes
):
    """By ranges, whole to disk, whole in memory: groups are of some 150 bytes."""
    monkeypatch.setattr(parquet_files, "_WHOLE_BYTES", request_bytes)

    assert_all_of([read_columns(file, file.stored, WORDS)])


def test_small_row_groups_are_no_request_each(file, monkeypatch):
    monkeypatch.setattr(parquet_files, "_WHOLE_BYTES", 500)
    read_columns(file, file.stored, WORDS)

    assert file.requests < ROWS.num_rows / GROUP


@pytest.mark.parametrize("how", [{}, {"write_statistics": False}], ids=["", "untold"])
@pytest.mark.parametrize("group", [5, 10, 15, 70])
def test_batches_are_counted_as_reading_them_all_counts(monkeypatch, group, how):
    """Whether groups hold one batch or more, and whether the footer tells."""
    monkeypatch.setattr(parquet_files, "_WHOLE_BYTES", 1)
    file = OneFile(ROWS, group, **how)

    assert rows_by_batch(file, file.stored) == Counter(ROWS["batch_id"].to_pylist())
