"""Tells of failed runs, at least once.

Dagster's own run-failure sensors move on when Slack is down, and the message is lost
(measured). Here the cursor moves after the delivery.
"""

import json
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

import dagster as dg

from dicom_pipeline.partitions import RANGE_START
from dicom_pipeline.resources.alerts import AlertNotDeliveredError, Alerts, Failure

_AT_ONCE = 200
_OVERLAP_SECONDS = 1.0
_ALIVE_SECONDS = 60.0


@dg.sensor(
    name="run_failures",
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells Slack and Healthchecks of each failed run, at least once.",
)
def run_failures(
    context: dg.SensorEvaluationContext, alerts: dg.ResourceParam[Alerts]
) -> dg.SkipReason:
    """Deliver what has failed since the last delivery, oldest first."""
    if not alerts.is_on:
        return dg.SkipReason("no alert channel is set")
    told = _Told.read(context.cursor)
    count = 0
    try:
        for record in _failed_since(context.instance, told):
            alerts.run_failed(_failure(context.instance, record.dagster_run))
            told = told.after(record)
            context.update_cursor(told.written())
            count += 1
        if time.time() - told.alive_at > _ALIVE_SECONDS:
            alerts.alive()
            context.update_cursor(replace(told, alive_at=time.time()).written())
    except AlertNotDeliveredError as error:
        return dg.SkipReason(f"{count} failures told; will try again: {error}")
    return dg.SkipReason(f"{count} failures told")


@dataclass(frozen=True)
class _Told:
    """How far the telling has come: a time, and the runs told around it."""

    at: float = 0.0
    runs: tuple[str, ...] = ()
    alive_at: float = 0.0

    @classmethod
    def read(cls, cursor: str | None) -> "_Told":
        """Read a cursor back."""
        found = json.loads(cursor) if cursor else {}
        return cls(**{**found, "runs": tuple(found.get("runs", ()))})

    def written(self) -> str:
        """Return the cursor: times and Dagster's own ids, nothing else."""
        return json.dumps(asdict(self))

    def after(self, record: dg.RunRecord) -> "_Told":
        """Count one more run as told."""
        at = record.update_timestamp.timestamp()
        near = at - self.at <= _OVERLAP_SECONDS
        runs = (*(self.runs if near else ()), record.dagster_run.run_id)
        return replace(self, at=at, runs=runs)


def _failed_since(instance: dg.DagsterInstance, told: _Told) -> list[dg.RunRecord]:
    """Failed runs from a second before the last told one; told ones left out."""
    after = datetime.fromtimestamp(max(told.at - _OVERLAP_SECONDS, 0), UTC)
    found = instance.get_run_records(
        dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=after),
        order_by="update_timestamp",
        ascending=True,
        limit=_AT_ONCE,
    )
    return [each for each in found if each.dagster_run.run_id not in told.runs]


def _failure(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Failure:
    """Say what failed by kinds and counts: error texts may hold values."""
    steps = [
        entry
        for entry in instance.all_logs(
            run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE
        )
        if entry.dagster_event is not None
    ]
    event = steps[0].dagster_event if steps else None
    return Failure(
        job=run.job_name,
        run_id=run.run_id,
        step=(event and event.step_key) or "",
        cause=_cause(event),
        is_range=RANGE_START in run.tags,
    )


def _cause(event: dg.DagsterEvent | None) -> str:
    """The text of our own ``Failure``, which holds none, or the error's kind."""
    if event is None:
        return "the run's process ended"
    failure = event.step_failure_data
    if failure.user_failure_data and failure.user_failure_data.description:
        return str(failure.user_failure_data.description)
    error = failure.error
    while error is not None and error.cause is not None:
        error = error.cause
    return (error and error.cls_name) or "unknown"
