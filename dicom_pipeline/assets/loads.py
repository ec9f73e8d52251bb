"""Whether a load runs: who rewrites what loads read asks first."""

from collections.abc import Iterable

import dagster as dg

LOADS = ("load_files", "load_months", "load_processed")
WAITING = (dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED)
RUNNING = (
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)


def unfinished(
    instance: dg.DagsterInstance,
    jobs: Iterable[str] = LOADS,
    statuses: Iterable[dg.DagsterRunStatus] = RUNNING,
) -> int:
    """Count the jobs that have a run in one of these states."""
    wanted = [dg.RunsFilter(job_name=job, statuses=list(statuses)) for job in jobs]
    return sum(bool(instance.get_runs(each, limit=1)) for each in wanted)
