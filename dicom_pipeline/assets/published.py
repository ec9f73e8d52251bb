"""What people open: a snapshot of the processed layer that no load ever locks."""

import dagster as dg

from dicom_pipeline.partitions import AGAIN
from dicom_pipeline.publish.snapshot import publish
from dicom_pipeline.resources.months import Months
from dicom_pipeline.resources.warehouse import Warehouse

PROCESSED = (
    "dim_devices",
    "dim_patients",
    "fct_images",
    "fct_series",
    "fct_studies",
    "processed_images",
)


@dg.asset(
    key=["published", "analytics"],
    group_name="processed",
    deps=[["processed", name] for name in PROCESSED],
    kinds={"duckdb"},
    description="Read-only DuckDB file of the processed layer, replaced as a whole.",
    automation_condition=dg.AutomationCondition.eager()
    & dg.AutomationCondition.all_deps_blocking_checks_passed(),
)
def analytics(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    months: dg.ResourceParam[Months],
) -> dg.MaterializeResult[None]:
    """Copy the processed layer and put the copy in the place of the last one."""
    seen = months.staged_digest()
    there = warehouse.snapshot.exists() and months.is_published()
    if there and AGAIN not in context.run.tags:
        return dg.MaterializeResult(metadata={"unchanged": True})
    rows = publish(warehouse.path, warehouse.snapshot)
    months.published(seen)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": sum(rows.values()),
            "rows": dict(rows),
            "bytes": warehouse.snapshot.stat().st_size,
        }
    )
