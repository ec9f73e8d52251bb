"""Raw layer: files filed by study month, their headers, and the five entity tables.

This module says when each is made and from what. What a row holds is said in
``catalog``; how it is read, in ``dicom``.
"""

from collections import Counter
from collections.abc import Iterator

import dagster as dg

from dicom_pipeline.catalog import ENTITIES
from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.partitions import STUDY_MONTHS
from dicom_pipeline.resources.ledger import STORED, Ledger
from dicom_pipeline.resources.months import hold_grain
from dicom_pipeline.resources.projection import Projection
from dicom_pipeline.resources.tables import RawTables
from dicom_pipeline.sources.door import Door

SINGLE_RUN = dg.BackfillPolicy.single_run()


@dg.asset(
    key=["raw", "files"],
    group_name="raw",
    deps=[["provider", "files"]],
    kinds={"s3", "dicom"},
    description="Immutable copies of the provider's files, by study month.",
    check_specs=[
        dg.AssetCheckSpec(
            "run_is_balanced",
            asset=["raw", "files"],
            blocking=True,
            description="What this run was handed has one outcome each.",
        )
    ],
)
def raw_files(
    context: dg.AssetExecutionContext, door: dg.ResourceParam[Door]
) -> Iterator[dg.MaterializeResult[None]]:
    """Let every pending batch in; report the balance."""
    hold_grain(door.ledger, door.grain)
    done: Counter[str] = Counter()
    pending = door.ledger.pending()
    for number, batch in enumerate(pending, start=1):
        done += door.admit(batch)
        context.log.info("batch %d of %d: %s", number, len(pending), dict(done))
    balance, this_run = door.ledger.balance(), door.ledger.accounts.balance_of(pending)
    yield dg.MaterializeResult(
        check_results=[
            dg.AssetCheckResult(
                passed=this_run.holds,
                metadata={"received": this_run.received, **this_run.outcomes},
            )
        ],
        metadata={
            "dagster/row_count": sum(balance.outcomes.values()),
            "this_run": dict(done),
            "balance": {"received": balance.received, **balance.outcomes},
            "reasons": balance.reasons,
        },
    )


@dg.asset(
    key=["raw", "headers"],
    group_name="raw",
    deps=[raw_files],
    partitions_def=STUDY_MONTHS,
    backfill_policy=SINGLE_RUN,
    kinds={"python", "parquet"},
    description=HEADERS.grain,
    metadata={"dicom_source": HEADERS.source},
)
def raw_headers(
    context: dg.AssetExecutionContext,
    ledger: dg.ResourceParam[Ledger],
    raw_tables: dg.ResourceParam[RawTables],
) -> dg.MaterializeResult[None]:
    """Check that the headers that the door has read are there, and count them."""
    batches = ledger.batches_by_month()
    gone = sum(
        len(set(batches.get(month, [])) - raw_tables.batches(HEADERS, month))
        for month in context.partition_keys
    )
    if gone:
        raise dg.Failure(
            f"headers of {gone} batches are gone from the raw bucket",
            allow_retries=False,
        )
    rows = sum(stored_in(ledger, month) for month in context.partition_keys)
    return dg.MaterializeResult(metadata={"dagster/row_count": rows})


def stored_in(ledger: Ledger, month: str) -> int:
    """Rows of headers of a month: one for each file that was stored, by the ledger."""
    outcomes = ledger.balance_by_month().get(month, {})
    return sum(outcomes.get(outcome, 0) for outcome in STORED)


@dg.multi_asset(
    name="raw_entities",
    specs=[
        dg.AssetSpec(
            key=["raw", table.name],
            deps=[raw_headers],
            group_name="raw",
            description=table.grain,
            kinds={"python", "parquet"},
            metadata={"dicom_source": table.source},
        )
        for table in ENTITIES
    ],
    partitions_def=STUDY_MONTHS,
    backfill_policy=SINGLE_RUN,
)
def raw_entities(
    context: dg.AssetExecutionContext,
    ledger: dg.ResourceParam[Ledger],
    raw_tables: dg.ResourceParam[RawTables],
) -> Iterator[dg.MaterializeResult[None]]:
    """Project the headers of each new batch into the five tables."""
    batches = ledger.batches_by_month()
    projection = Projection(raw_tables)
    rows: Counter[str] = Counter()
    for month in context.partition_keys:
        rows += projection.project(month, batches.get(month, []))
    for table in ENTITIES:
        yield dg.MaterializeResult(
            asset_key=["raw", table.name],
            metadata={"dagster/row_count": rows[table.name]},
        )
