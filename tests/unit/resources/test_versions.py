"""Every version stays and is listed; one rule says which is the newest."""

import re
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicom_pipeline.catalog.objects import NEWEST, OBJECTS
from dicom_pipeline.resources.ledger import NEWEST_FIRST, Ledger
from dicom_pipeline.resources.versions import count_versions, list_versions
from tests.unit.resources.ledgers import arrival, loaded, moment, newer, record
from tests.unit.sources.memory_store import RawBucket

ROOT = Path(__file__).parents[3]
STAGE_RULE = ROOT / "dbt_project" / "macros" / "months" / "newest_rows.sql"


@pytest.fixture
def ledger():
    made = Ledger(RawBucket())
    record(made, loaded("a", "1", month="2024-01"), loaded("b", "2"))
    record(made, newer("c", "1", month="2024-02", modified_at=moment(3)))
    record(made, newer("d", "1", month="2024-03", modified_at=moment(2)))
    record(made, (arrival("e"), "identical", {"sop_instance_uid": "1"}))
    return made


def test_older_versions_are_counted_by_month(ledger):
    """Where they lie, not where the newest does."""
    counts = count_versions(ledger)

    assert (counts.instances, counts.corrected, counts.older) == (2, 1, 2)
    assert counts.older_by_month == {"2024-01": 1, "2024-03": 1}


def test_every_version_of_a_corrected_instance_is_listed(ledger):
    """Oldest first, the newest last; an instance of one version is not listed."""
    listed = [(row["arrival_id"], row["is_newest"]) for row in list_versions(ledger)]

    assert listed == [("a", False), ("d", False), ("c", True)]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from("xy"), st.sampled_from("AB")),
        min_size=1,
        max_size=6,
    )
)
def test_stage_and_ledger_choose_the_same_version(rows):
    """Ties of every kind: the SQL of the stage layer, and the ledger's."""
    schema = OBJECTS.schema
    table = pa.Table.from_pylist(
        [
            {
                "modified_at": datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC),
                "fingerprint": fingerprint,
                "batch_id": batch,
                "month": f"2024-0{number + 1}",
                "sop_instance_uid": "1",
            }
            for number, (second, fingerprint, batch) in enumerate(rows)
        ],
        schema=schema,
    )
    said = re.search(r"order by\n(.*?)\n\s*\) = 1", STAGE_RULE.read_text(), re.DOTALL)
    chosen = []
    with duckdb.connect() as connection:
        connection.register("versions", table)
        for order in (said[1], NEWEST_FIRST):
            sql = f"select month from versions order by {order} limit 1"
            chosen.append(connection.execute(sql).fetchone())

    assert chosen[0] == chosen[1]
    assert [line.split()[0] for line in said[1].strip().splitlines()] == [*NEWEST]
