"""Dagster's storage, made once before several processes open it.

Two processes that find no database both make one, and their migrations collide
(measured: ``alembic_version has more than one head``).
"""

from pathlib import Path

import dagster as dg


def make_storage(home: Path) -> None:
    """Make the databases of runs, events and schedules where there are none."""
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.get_runs(limit=1)
        instance.all_instigator_state()
        instance.get_asset_keys()
