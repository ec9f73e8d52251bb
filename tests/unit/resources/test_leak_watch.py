"""A build is looked at once, and again until it is clean."""

import json

import numpy as np
import pyarrow as pa
import pytest

from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.layout import table_key
from dicom_pipeline.resources.leak_scan import LeakScan
from dicom_pipeline.resources.leak_watch import LeakWatch
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.months import Months
from dicom_pipeline.resources.outside import Outside
from dicom_pipeline.resources.tables import parquet
from tests.unit.resources.ledgers import loaded, record
from tests.unit.sources.memory_store import RawBucket

PEOPLE = {"2024-01": "QUISTGAARD^SIOBHAN", "2024-02": "THISTLEWOOD^AMBROSE"}


@pytest.fixture
def watch(tmp_path):
    """Two months, of which none is built yet."""
    raw = RawBucket()
    raw.metadata = lambda _: {}
    for month, person in PEOPLE.items():
        names = {"00100010": {"vr": "PN", "Value": [{"Alphabetic": person}]}}
        row = {"study_instance_uid": f"1.{month[-1]}", "header": json.dumps(names)}
        rows = pa.Table.from_pylist([row], schema=HEADERS.schema)
        raw.bodies[table_key("headers", month, "b1")] = parquet(HEADERS, rows)
    ledger = Ledger(raw)
    record(ledger, loaded("a", "1.1", "2024-01"), loaded("b", "1.2", "2024-02"))
    for place in ("dagster", "dbt", "published", "logs"):
        (tmp_path / place).mkdir()
    return LeakWatch(
        scan=LeakScan(
            raw, frozenset(), lambda: np.empty(0, np.int64), tmp_path / "dagster"
        ),
        outside=Outside(
            stage=RawBucket(),
            warehouse=tmp_path / "warehouse.duckdb",
            published=tmp_path / "published",
            dagster_home=tmp_path / "dagster",
            dbt_home=tmp_path / "dbt",
            logs=(tmp_path / "logs",),
        ),
        months=Months(ledger),
        pseudonyms=Pseudonyms(bytes(32)),
        shifts_dates=True,
    )


def build(watch, *months):
    watch.months.staged(watch.months.digests(months), {})


def log(watch, text):
    (watch.outside.logs[0] / "a.log").write_text(text)


def test_only_months_that_are_built_count_as_seen(watch):
    """What is built later is looked at later."""
    assert watch.new()[0] == 0
    build(watch, "2024-01")
    assert watch.new()[0] == 1
    build(watch, "2024-02")
    assert watch.new()[0] == 1
    assert watch.new()[0] == 0


def test_a_month_is_looked_at_until_it_is_clean(watch):
    """A hit is no less a hit when the run is tried again."""
    build(watch, "2024-01")
    log(watch, "cannot read Quistgaard")

    assert [watch.new()[1].hits, watch.new()[1].hits] == [1, 1]
    log(watch, "cannot read [removed]")
    assert watch.new()[1].hits == 0
    assert watch.new()[0] == 0


def test_the_whole_scan_seeks_everyone_whatever_was_seen(watch):
    """A build looks for its own people; the weekly scan for all."""
    build(watch, *PEOPLE)
    watch.new()
    log(watch, "Thistlewood and Quistgaard")

    assert watch.new()[1].hits == 0
    assert watch.whole(watch.known()).hits == 2


def test_conditions_name_no_month(watch):
    """SQL may be logged: it shows keyed tokens."""
    conditions = " ".join(watch._rows_of({"2024-01"}).values())  # noqa: SLF001

    assert "2024" not in conditions
    assert Pseudonyms(bytes(32)).batch_token("images", "2024-01") in conditions
    assert Pseudonyms(bytes(32)).batch_token("persons", "unknown") in conditions
