"""Nothing is lost: everything that was seen has exactly one outcome."""

import dagster as dg

from dicom_pipeline.resources.ledger import Ledger


@dg.asset_check(
    asset=["raw", "files"],
    blocking=True,
    description="received = loaded + identical + new version + quarantined + ignored",
)
def everything_has_an_outcome(
    ledger: dg.ResourceParam[Ledger],
) -> dg.AssetCheckResult:
    """Hold what was seen against what became of it."""
    balance, unaccounted = ledger.balance(), ledger.unaccounted()
    return dg.AssetCheckResult(
        passed=unaccounted == 0,
        metadata={
            "unaccounted": unaccounted,
            "received": balance.received,
            "pending": balance.pending,
            **balance.outcomes,
        },
    )
