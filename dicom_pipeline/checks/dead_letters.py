"""No notification is lost from sight: none lies in the dead-letter queue."""

import dagster as dg

from dicom_pipeline.resources.queue import QueueError
from dicom_pipeline.sources.arrivals import Watch


@dg.asset_check(
    asset=["raw", "files"],
    description="Every notification of the provider bucket could be read.",
)
def no_notification_is_dead(
    provider_watch: dg.ResourceParam[Watch],
) -> dg.AssetCheckResult:
    """Count dead letters; the listing finds their files all the same, but later."""
    severity = dg.AssetCheckSeverity.WARN
    if provider_watch.events is None:
        return dg.AssetCheckResult(passed=True, metadata={"queue": "none is set"})
    try:
        depth = provider_watch.events.queue.depth()
    except QueueError as error:
        told = {"queue": str(error)}
        return dg.AssetCheckResult(passed=False, severity=severity, metadata=told)
    return dg.AssetCheckResult(
        passed=depth.dead == 0,
        severity=severity,
        metadata={"queue": depth.text, "dead": depth.dead, "waiting": depth.waiting},
    )
