"""A run over some months: reruns, late rows, changed rows, rows that are gone."""

import datetime as dt
from dataclasses import replace

from dbt.contracts.graph.manifest import Manifest


def test_a_rerun_changes_nothing(archive):
    """The same months again, and everything again, give the same rows."""
    before = sorted(archive.values())

    assert archive.dbt("build", months=["2024-01", "unknown"]) == {}
    assert sorted(archive.values()) == before
    assert archive.dbt("build", "--select", "tag:stage") == {}
    assert sorted(archive.values()) == before


def test_a_ready_manifest_builds_as_well(archive):
    """Dagster hands the parsed project in: 0.3 s of start-up instead of 4."""
    archive.dbt("ls")  # parses, with this home's places in it
    parsed = (archive.home / "target" / "partial_parse.msgpack").read_bytes()
    ready = replace(archive, manifest=Manifest.from_msgpack(parsed))
    before = sorted(archive.values())

    assert ready.dbt("build", "--select", "tag:stage", months=["2024-02"]) == {}
    assert ready.dbt("build", "--select", "tag:processed") == {}
    assert sorted(archive.values()) == before


def test_a_text_that_is_no_month_is_refused(archive):
    """Months become SQL literals and file names; nothing else may."""
    failed = archive.dbt("run", "--select", "stg_series", months=["2024-1') or 1=1"])

    assert "YYYY-MM or unknown" in failed["stg_series"]


def test_a_month_that_changed_replaces_its_rows(archive):
    """Changed rows change, a removed study goes, others stay; the month is enough."""
    archive.write_month("2024-02", visit=1, people=range(1, 5), patient_sex="M")

    assert archive.dbt("build", months=["2024-02"]) == {}
    sexes = archive.rows(
        "select patient_sex, count(*) from processed.dim_patients group by 1 order by 1"
    )
    # The removed visit of the first person was their newest; the older one is back.
    assert sexes == [("F", 1), ("M", 4)]
    assert archive.rows("select count(*) from processed.fct_studies") == [(9,)]
    images = 9 * 15
    assert archive.rows("select count(*) from stage.stg_images") == [(images,)]
    assert archive.rows("select count(*) from processed.processed_images") == [
        (images,)
    ]


def test_the_newest_version_wins_over_all_months(archive):
    """A late copy of an old month does not overwrite what a newer month says."""
    older = {"modified_at": dt.datetime(2024, 5, 1, tzinfo=dt.UTC), "patient_sex": "M"}
    archive.write_month("2024-01", visit=0, **older)

    assert archive.dbt("build", "--select", "tag:stage", months=["2024-01"]) == {}
    found = archive.rows(
        "select patient_sex, count(*) from stage.stg_patients group by 1"
    )
    assert found == [("F", 5)]


def test_a_run_that_died_is_mended_by_the_next(archive):
    """Rows that lost their token and were not replaced come back, whatever is due."""
    before = sorted(archive.values())
    for model in ("stg_patients", "stg_images", "stg_compressed_images"):
        archive.change(f"update stage.{model} set batch_token = null")

    assert archive.dbt("run", "--select", "tag:stage", months=["unknown"]) == {}
    assert sorted(archive.values()) == before
