"""Nothing is lost: what was seen has one outcome, and what was stored is there."""

from collections.abc import Sequence

import dagster as dg

from dicom_pipeline.partitions import STUDY_MONTHS, months_of
from dicom_pipeline.resources.audit import Audit, Findings
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.tables import RawTables
from dicom_pipeline.sources.quarantine import Quarantine


@dg.asset_check(
    asset=["raw", "files"],
    blocking=True,
    description="received = loaded + identical + new version + quarantined + ignored",
)
def everything_has_an_outcome(
    ledger: dg.ResourceParam[Ledger], raw_tables: dg.ResourceParam[RawTables]
) -> dg.AssetCheckResult:
    """Hold what was seen, what became of it and what is stored against each other.

    Of all months and files, after the run has done what was pending: a header batch
    that no outcome speaks of is then one that the ledger has lost.
    """
    balance, unaccounted = ledger.balance(), ledger.unaccounted()
    waiting_without_copy = Quarantine(ledger, 1, "").lost()
    found = Audit(ledger, raw_tables).batches()
    return dg.AssetCheckResult(
        passed=found.holds
        and not unaccounted
        and not waiting_without_copy
        and balance.pending >= 0,
        metadata={
            "unaccounted": unaccounted,
            "quarantined_without_copy": waiting_without_copy,
            "header_batches_missing": found.batches_missing,
            "header_batches_unknown": found.batches_unknown,
            "received": balance.received,
            "pending": balance.pending,
            **balance.outcomes,
        },
    )


@dg.asset_check(
    asset=["raw", "headers"],
    blocking=True,
    description="Each month has the header rows and the files that the ledger says.",
)
def months_are_whole(
    context: dg.AssetCheckExecutionContext,
    ledger: dg.ResourceParam[Ledger],
    raw_tables: dg.ResourceParam[RawTables],
) -> dg.AssetCheckResult:
    """Count header rows of this run's months, and look for some of their files."""
    by_month = ledger.balance_by_month()
    order = context.instance.get_dynamic_partitions(str(STUDY_MONTHS.name))
    months = months_of(context.run.tags, order) or ledger.accounts.stored()
    found = Audit(ledger, raw_tables).months(months)
    return dg.AssetCheckResult(
        passed=all(each.holds for each in found.values()),
        metadata={
            "months": len(found),
            "months_wrong": sum(not each.holds for each in found.values()),
            **_sums(list(found.values())),
            "by_month": {m: by_month.get(m, {}) for m in found},
        },
    )


def _sums(found: Sequence[Findings]) -> dict[str, int]:
    return {
        "header_rows_wrong": sum(each.rows_wrong for each in found),
        "files_looked_for": sum(each.files_looked_for for each in found),
        "files_missing": sum(each.files_missing for each in found),
    }
