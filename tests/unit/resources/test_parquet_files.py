"""Row groups of a file come one by one, or as many at once as memory is given for."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dicom_pipeline.resources.bucket import StoredObject
from dicom_pipeline.resources.parquet_files import row_groups

WORDS = pa.schema(
    [("word", pa.dictionary(pa.int32(), pa.string())), ("absent", pa.string())]
)


class OneFile:
    """A bucket of one file: seven row groups of ten rows, each with its own words."""

    def __init__(self) -> None:
        """Write it to memory."""
        rows = pa.table({"word": [f"{number // 20}" for number in range(70)]})
        sink = io.BytesIO()
        pq.write_table(rows, sink, row_group_size=10)
        self.body = sink.getvalue()
        self.group_bytes = pq.ParquetFile(sink).metadata.row_group(0).total_byte_size

    def download(self, _key, file):
        """Give all of it."""
        file.write(self.body)


@pytest.mark.parametrize(
    ("groups", "expected"),
    [(0, [10] * 7), (1, [10] * 7), (3, [30, 30, 10]), (100, [70])],
)
def test_rows_come_in_order_as_many_as_fit(groups, expected):
    """One group at the least; no row twice, none left out; words stay words."""
    bucket = OneFile()
    stored = StoredObject("file", len(bucket.body), None, "")
    tables = list(row_groups(bucket, stored, WORDS, groups * bucket.group_bytes))

    assert [rows.num_rows for rows in tables] == expected
    read = [word for rows in tables for word in rows["word"].to_pylist()]
    assert read == [f"{number // 20}" for number in range(70)]
    assert all(rows.schema == WORDS for rows in tables)
    assert all(rows["absent"].null_count == rows.num_rows for rows in tables)
