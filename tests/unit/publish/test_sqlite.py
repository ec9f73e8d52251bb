"""The SQLite file is typed, keyed, indexed and described, as sqlite3 itself sees it."""

import json
import sqlite3

import pytest

from dicom_pipeline.publish.sqlite import export_sqlite


@pytest.fixture
def exported(snapshot, tmp_path):
    """Export and open with Python's own SQLite."""
    file = tmp_path / "catalogue.sqlite"
    counts = export_sqlite(snapshot, file)
    with sqlite3.connect(file) as connection:
        yield connection, counts
    connection.close()


def test_every_table_is_there_with_its_rows(exported):
    """Counted by SQLite."""
    connection, counts = exported

    assert counts["fct_images"] == 40
    assert set(counts) == {
        *("dim_devices", "dim_patients", "fct_images", "fct_series", "fct_studies"),
        "processed_images",
    }
    for table, rows in counts.items():
        found = connection.execute(f"select count(*) from {table}").fetchone()
        assert found == (rows,)


def test_tables_are_strict_and_keyed(exported):
    """A wrong type or a second row of the same key is refused by the file itself."""
    connection, _ = exported
    listed = connection.execute("pragma table_list").fetchall()
    strict = {row[1] for row in listed if row[5] and not row[1].startswith("sqlite")}

    assert strict == {"columns", *exported[1]}
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("insert into fct_images (rows) values ('many')")
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("insert into dim_patients (patient_key) values ('p0')")


def test_values_have_sqlite_types(exported):
    """Dates are ISO text, lists JSON text, booleans 0 or 1, decimals numbers."""
    connection, _ = exported
    image = connection.execute(
        "select rows, has_pixel_data, pixel_spacing_mm from fct_images"
    ).fetchone()
    thickness = connection.execute(
        "select typeof(slice_thickness_mm), slice_thickness_mm from fct_series"
        " where series_instance_uid = 'e0'"
    ).fetchone()
    study = connection.execute(
        "select study_date from fct_studies where study_instance_uid = 's0'"
    ).fetchone()

    assert image[:2] == (512, 1)
    assert json.loads(image[2]) == [0.5, 0.5]
    assert thickness == ("real", 5.0)
    assert study == ("2031-01-15",)


def test_links_dates_and_modalities_are_indexed(exported):
    """A join by a UID does not read the whole table."""
    connection, _ = exported
    plan = connection.execute(
        "explain query plan select * from fct_images where series_instance_uid = 'e1'"
    ).fetchall()
    indexes = connection.execute(
        "select name from sqlite_master where type = 'index'"
    ).fetchall()

    assert "USING INDEX fct_images_series_instance_uid" in plan[0][3]
    assert {("fct_studies_study_date",), ("fct_series_modality",)} <= set(indexes)
    assert connection.execute("select count(*) from sqlite_stat1").fetchone()[0] > 0


def test_columns_are_described(exported):
    """The dictionary travels with the data."""
    connection, _ = exported
    described = connection.execute(
        "select description from columns where table_name = 'fct_series'"
        " and column_name = 'slice_thickness_mm'"
    ).fetchone()

    assert "(0018,0050)" in described[0]
    assert connection.execute("pragma integrity_check").fetchone() == ("ok",)


def test_an_export_replaces_the_last_one(snapshot, tmp_path):
    """As a whole, and leaves nothing beside it."""
    file = tmp_path / "out" / "catalogue.sqlite"
    file.parent.mkdir()
    file.write_bytes(b"the last one")
    export_sqlite(snapshot, file)

    assert file.read_bytes()[:15] == b"SQLite format 3"
    assert list(file.parent.iterdir()) == [file]
