"""Raw layer, upkeep: the batches of months that have gone quiet, in few files."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from dicom_pipeline.assets.loads import unfinished
from dicom_pipeline.resources.compaction import Compaction
from dicom_pipeline.resources.tables import RawTables


class Quiet(dg.Config):
    """When a month has gone quiet."""

    days: float = 7.0


@dg.asset(
    key=["raw", "compaction"],
    group_name="upkeep",
    deps=[["raw", "headers"]],
    kinds={"parquet"},
    pool="warehouse",
    description="Small files of quiet months and of the ledgers, made few.",
)
def raw_compaction(
    context: dg.AssetExecutionContext,
    config: Quiet,
    raw_tables: dg.ResourceParam[RawTables],
) -> dg.MaterializeResult[None]:
    """Compact what is quiet, unless a load runs: it may have listed what goes."""
    running = unfinished(context.instance)
    if running:
        return dg.MaterializeResult(metadata={"waits_for_loads": running})
    since = datetime.now(UTC) - timedelta(days=config.days)
    done = Compaction(raw_tables.bucket, since).compact()
    return dg.MaterializeResult(
        metadata={
            "folders_compacted": done.folders,
            "files_before": done.before,
            "files_after": done.after,
        }
    )
