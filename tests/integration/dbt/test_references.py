"""Five tables join as they did in raw, and rows without most values stay one row."""

import hashlib
from dataclasses import replace

import pyarrow.parquet as pq

PARENTS = (
    ("stg_images", "series_instance_uid", "stg_series"),
    ("stg_images", "study_instance_uid", "stg_studies"),
    ("stg_images", "patient_key", "stg_patients"),
    ("stg_images", "device_key", "stg_devices"),
    ("stg_series", "study_instance_uid", "stg_studies"),
    ("stg_studies", "patient_key", "stg_patients"),
)


def raw(archive, table):
    """Rows of a raw table, read without the pipeline."""
    files = sorted((archive.home / "raw" / table).rglob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def shape(links):
    """How many children each parent has, whatever the names are."""
    found = {}
    for child, parent in links:
        found.setdefault(parent, set()).add(child)
    return sorted(map(len, found.values()))


def test_tables_join_as_they_did_in_raw(archive):
    """As many images a series, series a study, studies a patient; no orphan."""
    named = {"patient_key": "patient_identity", "device_key": "device_identity"}
    for child, key, parent in PARENTS:
        table = child.removeprefix("stg_")
        own = {"images": "sop_instance_uid", "series": "series_instance_uid"}.get(
            table, "study_instance_uid"
        )
        true = {(row[own], row[named.get(key, key)]) for row in raw(archive, table)}
        made = archive.rows(f"select {own}, {key} from stage.{child}")
        orphans = archive.rows(
            f"select count(*) from stage.{child} where {key} not in"
            f" (select {key} from stage.{parent})"
        )

        assert shape(made) == shape(true)
        assert orphans == [(0,)]


def test_jpegs_bear_the_names_of_their_images(archive):
    """The name of a file is the name of a row, and no other."""
    keys = archive.rows(
        "select jpeg_key, sop_instance_uid from stage.stg_images"
        " join stage.stg_compressed_images using (sop_instance_uid)"
    )

    assert len(keys) == 150
    assert all(f"/{sop}/" in key for key, sop in keys)


def test_rows_of_nothing_but_keys_stay_one_row(archive):
    """Three builds of a month whose optional values are all null: no row twice."""
    empty = dict.fromkeys(
        ("patient_name", "other_patient_ids", "patient_birth_date", "patient_sex"), None
    )
    archive.write_month("2024-02", visit=1, **empty)
    counts = []
    for _ in range(3):
        assert archive.dbt("run", "--select", "tag:stage", months=["2024-02"]) == {}
        counts.append(
            archive.rows(
                "select count(*), count(distinct patient_key), count(patient_key)"
                " from stage.stg_patients"
            )
        )

    assert counts == [[(5, 5, 5)]] * 3


def test_a_table_does_not_depend_on_the_order_of_files(archive):
    """The same raw rows under another batch name give the same rows."""
    before = sorted(archive.values())
    for file in (archive.home / "raw").rglob("month=2024-01/*.parquet"):
        name = hashlib.sha256(file.name.encode()).hexdigest()[:8]
        file.rename(file.with_name(f"batch={name}.parquet"))

    again = replace(archive)
    assert again.dbt("run", "--select", "tag:stage", "--full-refresh") == {}
    assert sorted(again.values()) == before
