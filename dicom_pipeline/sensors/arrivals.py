"""What starts work: new files in the provider bucket, and months that are due.

A cursor holds counts, digests and times. Keys, and listing tokens that may spell one,
stay in the raw zone.
"""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from dicom_pipeline.assets.loads import RUNNING, WAITING, unfinished
from dicom_pipeline.partitions import STUDY_MONTHS, add_months, range_tags, ranges
from dicom_pipeline.resources.months import Months
from dicom_pipeline.sources.arrivals import Scan, Watch

_FIRST_PAUSE_SECONDS = 30.0
_LONGEST_PAUSE_SECONDS = 3_600.0


def build_arrival_sensors(
    jobs: Mapping[str, Any],
    interval_seconds: int,
    budget_seconds: float,
) -> list[dg.SensorDefinition]:
    """Make both sensors.

    Args:
        jobs: The jobs ``load_files``, ``load_months`` and ``load_processed``.
        interval_seconds: Shortest time between two looks.
        budget_seconds: Longest time that one look may list a bucket.
    """

    @dg.sensor(
        name="provider_arrivals",
        job=jobs["load_files"],
        minimum_interval_seconds=interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Lists the provider bucket and has new files let in.",
    )
    def provider_arrivals(
        context: dg.SensorEvaluationContext, provider_watch: dg.ResourceParam[Watch]
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        yield from _let_in(context, provider_watch, budget_seconds)

    @dg.sensor(
        name="raw_arrivals",
        jobs=[jobs["load_files"], jobs["load_months"], jobs["load_processed"]],
        minimum_interval_seconds=interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Finds due months, and files that others put into the raw bucket.",
    )
    def raw_arrivals(
        context: dg.SensorEvaluationContext,
        raw_watch: dg.ResourceParam[Watch],
        months: dg.ResourceParam[Months],
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        due = months.due()
        if due or months.processed_is_behind():
            yield from _load(context, due, months)
        else:
            yield from _let_in(context, raw_watch, budget_seconds)

    return [provider_arrivals, raw_arrivals]


def _let_in(
    context: dg.SensorEvaluationContext, watch: Watch, budget_seconds: float
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Look for arrivals; ask for a run while any batch is pending.

    What is seen while a run lets files in is recorded for the next one.
    """
    scan = watch.look(budget_seconds)
    if _are_loading(context, "load_files"):
        yield dg.SkipReason(f"files are being let in; {_said(scan)}")
        return
    pending = watch.intake.ledger.pending()
    if not pending:
        yield dg.SkipReason(_said(scan))
    elif _may_ask(context, "\n".join(pending)):
        yield dg.RunRequest(job_name="load_files")
    else:
        yield dg.SkipReason("the last run on these files failed; waiting")


def _said(scan: Scan) -> str:
    told = scan.drained
    return (
        f"{scan.found} new on {scan.pages} pages,"
        f" {told.found} new in {told.messages} messages,"
        f" {told.unreadable} messages unreadable"
    ) + (f"; {told.error}" if told.error else "")


def _load(
    context: dg.SensorEvaluationContext, due: Mapping[str, str], months: Months
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Ask for one run per range of due months, or for the processed layer alone."""
    if _are_loading(context, "load_months", "load_processed"):
        yield dg.SkipReason("months are being loaded")
        return
    wanted = "\n".join(f"{m}={d}" for m, d in sorted(due.items()))
    if not _may_ask(context, wanted or months.staged_digest()):
        yield dg.SkipReason("the last run on these months failed; waiting")
        return
    if not due:
        yield dg.RunRequest(job_name="load_processed")
        return
    add_months(context.instance, due)
    order = context.instance.get_dynamic_partitions(str(STUDY_MONTHS.name))
    for first, last in ranges(order, due):
        yield dg.RunRequest(job_name="load_months", tags=range_tags(first, last))


def _are_loading(context: dg.SensorEvaluationContext, *jobs: str) -> bool:
    return unfinished(context.instance, jobs, (*WAITING, *RUNNING)) > 0


def _may_ask(context: dg.SensorEvaluationContext, work: str) -> bool:
    """Whether this work may be asked for now: at once, then ever more rarely.

    The same work comes up again only when its run failed or was killed.
    """
    digest = hashlib.sha256(work.encode()).hexdigest()[:32]
    asked = json.loads(context.cursor or "{}")
    again = asked.get("work") == digest
    if again and time.time() < asked["not_before"]:
        return False
    times = asked["times"] + 1 if again else 0
    pause = min(_FIRST_PAUSE_SECONDS * 2**times, _LONGEST_PAUSE_SECONDS)
    context.update_cursor(
        json.dumps({"work": digest, "times": times, "not_before": time.time() + pause})
    )
    return True
