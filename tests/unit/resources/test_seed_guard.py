"""A rule that is changed in the warehouse is noticed before the next build."""

import shutil

import duckdb
import pytest

from dicom_pipeline.publish.dbt_sources import PROJECT
from dicom_pipeline.resources.seed_guard import (
    SEEDS,
    TamperedSeedError,
    hold_seeds,
    remember_seeds,
)
from dicom_pipeline.resources.tables import State
from tests.unit.sources.memory_store import RawBucket


@pytest.fixture
def warehouse(tmp_path):
    """A warehouse with the seeds that are released, as dbt loads them."""
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema stage")
        for seed in SEEDS:
            connection.execute(
                f"create table stage.{seed} as from read_csv("
                f"'{PROJECT}/seeds/{seed}.csv', all_varchar = true)"
            )
    return path


@pytest.fixture
def state():
    found = State(RawBucket())
    remember_seeds(PROJECT, found)
    return found


def change(warehouse, statement):
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(statement)


def test_what_a_build_has_loaded_holds(warehouse, state, tmp_path):
    """Before the first build, after it, and without the table, nothing is wrong."""
    hold_seeds(tmp_path / "none.duckdb", PROJECT, State(RawBucket()))
    hold_seeds(warehouse, PROJECT, state)
    change(warehouse, "drop table stage.code_lists")
    hold_seeds(warehouse, PROJECT, state)


@pytest.mark.parametrize(
    "statement",
    [
        """update stage.anonymization_mapping set target_function = 'keep_code'
        where column_name = 'patient_name'""",
        "insert into stage.code_lists values ('sex', null, '.*')",
        "delete from stage.anonymization_mapping",
    ],
    ids=["changed", "wider", "empty"],
)
def test_a_change_by_hand_stops(warehouse, state, statement):
    """It says which table, and what to do; no rule is quoted."""
    change(warehouse, statement)

    with pytest.raises(TamperedSeedError, match=r"stage\.\w+ .* drop that table") as e:
        hold_seeds(warehouse, PROJECT, state)
    assert "patient_name" not in str(e.value)


def test_a_build_that_died_before_it_was_remembered_holds(warehouse, tmp_path):
    """The warehouse has today's seeds, the state those of the release before."""
    older = shutil.copytree(PROJECT / "seeds", tmp_path / "older" / "seeds").parent
    mapping = older / "seeds" / "anonymization_mapping.csv"
    mapping.write_text(mapping.read_text().replace("age_cap", "null_out"))
    state = State(RawBucket())
    remember_seeds(older, state)

    hold_seeds(warehouse, PROJECT, state)
