"""A snapshot is the processed layer, complete or not there, and locks nobody out."""

import subprocess
import sys

import duckdb
import pytest

from dicom_pipeline.publish.snapshot import NothingToPublishError, publish

ROWS = {
    "dim_devices": 2,
    "dim_patients": 4,
    "fct_images": 40,
    "fct_series": 8,
    "fct_studies": 8,
    "processed_images": 40,
}
READER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1], read_only=True)
for _ in range(2):
    print(connection.sql("select count(*) from fct_images").fetchone()[0], flush=True)
    input()
"""


def test_it_holds_the_processed_layer_alone(warehouse, tmp_path):
    """Rows are counted by table; nothing of stage comes along."""
    file = tmp_path / "out" / "analytics.duckdb"
    assert publish(warehouse, file) == ROWS

    with duckdb.connect(file, read_only=True) as connection:
        tables = connection.sql("select schema_name, table_name from duckdb_tables()")
        assert sorted(tables.fetchall()) == [
            ("main", "data_dictionary"),
            *(("processed", name) for name in sorted(ROWS)),
        ]


def test_a_query_may_leave_the_schema_out(snapshot):
    """Both spellings give the same rows; a view survives the rename of its file."""
    with duckdb.connect(snapshot, read_only=True) as connection:
        short = connection.sql("select * from fct_images").fetchall()
        long = connection.sql("select * from processed.fct_images").fetchall()

    assert short == long
    assert len(short) == 40


def test_every_column_is_described(snapshot):
    """In the dictionary and as a comment, in the words of the rules that ran."""
    with duckdb.connect(snapshot, read_only=True) as connection:
        bare = connection.sql(
            "select column_name from data_dictionary where description = ''"
        ).fetchall()
        thickness = connection.sql(
            "select comment from duckdb_columns() where table_name = 'fct_series'"
            " and schema_name = 'processed' and column_name = 'slice_thickness_mm'"
        ).fetchone()

    assert bare == []
    assert "(0018,0050)" in thickness[0]


def test_a_reader_of_another_process_is_not_disturbed(warehouse, snapshot):
    """It keeps the file that it opened; the next one to open sees the new rows."""
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(snapshot)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout.readline() == "40\n"
    with duckdb.connect(warehouse) as connection:
        connection.execute("truncate processed.fct_images")
    assert publish(warehouse, snapshot)["fct_images"] == 0
    seen, _ = reader.communicate("\n\n", timeout=20)

    assert seen == "40\n"
    with duckdb.connect(snapshot, read_only=True) as connection:
        assert connection.sql("select count(*) from fct_images").fetchone() == (0,)


def test_a_failure_leaves_the_last_snapshot_and_no_litter(snapshot, tmp_path):
    """A warehouse without tables, or none, publishes nothing."""
    before = snapshot.read_bytes()
    empty = tmp_path / "empty.duckdb"
    duckdb.connect(empty).close()
    for missing in (empty, tmp_path / "absent.duckdb"):
        with pytest.raises(NothingToPublishError):
            publish(missing, snapshot)

    assert snapshot.read_bytes() == before
    assert [file.name for file in snapshot.parent.iterdir()] == [snapshot.name]


def test_a_warehouse_of_other_rules_is_published_undescribed(warehouse, tmp_path):
    """Words are a convenience; rows are not held back for them."""
    with duckdb.connect(warehouse) as connection:
        connection.execute("drop table stage.anonymization_mapping")
    file = tmp_path / "analytics.duckdb"

    assert publish(warehouse, file) == ROWS
