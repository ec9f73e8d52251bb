"""No identity leaves the raw zone: sought after a build, before it is published."""

import dagster as dg

from dicom_pipeline.resources.leak_scan import Report
from dicom_pipeline.resources.leak_watch import LeakWatch

_LAST = "processed_images"
_OTHERS = ("dim_devices", "dim_patients", "fct_images", "fct_series", "fct_studies")


@dg.asset_check(
    asset=["processed", _LAST],
    additional_deps=[["processed", name] for name in _OTHERS],
    blocking=True,
    description="No name, id, date or UID of the months that were built is outside.",
)
def no_identity_leaves_the_raw_zone(
    leak_watch: dg.ResourceParam[LeakWatch],
) -> dg.AssetCheckResult:
    """Seek the people of new months; a hit keeps the tables from being published.

    `dicom-pipeline deid check` seeks everyone everywhere.
    """
    months, report = leak_watch.new()
    return dg.AssetCheckResult(
        passed=report.hits == 0 and report.control.sees,
        metadata={"months": months, **facts(report)},
    )


def facts(report: Report) -> dict[str, dict[str, int] | int]:
    """Counts by class and place; no value has a way in here."""
    return {
        "found": report.hits,
        "found_at": {
            f"{place}: {kind}": count
            for haystack in report.haystacks
            for place, found in haystack.hits.items()
            for kind, count in found.items()
        },
        "values": report.values,
        "not_sought": report.left_out,
        "letters": {each.name: each.letters for each in report.haystacks},
        "missed_in_raw": report.control.missed,
    }


@dg.op(description="Seeks everyone of the raw zone in everything outside of it.")
def seek_everyone(
    context: dg.OpExecutionContext, leak_watch: dg.ResourceParam[LeakWatch]
) -> None:
    """Fail the run, and so raise the alarm, if anything was found."""
    report = leak_watch.whole(leak_watch.known())
    context.add_output_metadata(facts(report))
    if report.hits or not report.control.sees:
        raise dg.Failure("identities outside of the raw zone", metadata=facts(report))


@dg.job(description="The whole leak scan.")
def seek_leaks() -> None:
    """Run it once a week: the check after each build sees what is new alone."""
    seek_everyone()
