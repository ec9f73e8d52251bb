"""What people open is whole: every processed table, as many rows as were built."""

import dagster as dg
from dagster_duckdb import DuckDBResource

from dicom_pipeline.assets.published import PROCESSED


@dg.asset_check(
    asset=["published", "analytics"],
    description="The snapshot opens read-only and no table of the layer is missing.",
)
def snapshot_has_every_table(snapshot: DuckDBResource) -> dg.AssetCheckResult:
    """Open it as a reader does and count."""
    with snapshot.get_connection() as connection:
        found = connection.execute(
            "select table_name, estimated_size from duckdb_tables() where not internal"
        ).fetchall()
    rows = dict(found)
    missing = sorted(set(PROCESSED) - set(rows))
    return dg.AssetCheckResult(
        passed=not missing, metadata={"missing": missing, "rows": rows}
    )
