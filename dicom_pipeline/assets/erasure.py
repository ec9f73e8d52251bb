"""Upkeep: one patient erased, by his keyed token alone."""

import dagster as dg

from dicom_pipeline.assets.loads import unfinished
from dicom_pipeline.publish.erasure import Erasure


class Erased(dg.Config):
    """Who is to be erased.

    ``erase --dry-run`` shows the token; no id has a place in Dagster.
    """

    token: str
    provider_bucket: bool = False


@dg.asset(
    key=["raw", "erasure"],
    group_name="erasure",
    deps=[["raw", "headers"]],
    kinds={"s3", "parquet", "duckdb"},
    pool="warehouse",
    description="Erases one patient everywhere and writes a receipt.",
)
def raw_erasure(
    context: dg.AssetExecutionContext,
    config: Erased,
    erasure: dg.ResourceParam[Erasure],
) -> dg.MaterializeResult[None]:
    """Erase whom the token stands for, unless a load runs: it may hold rows of his."""
    if unfinished(context.instance):
        raise dg.Failure("a load is running: run the erasure again", allow_retries=True)
    identity = erasure.identity_of(config.token)
    if identity is None:
        raise dg.Failure(
            "the token is of nobody in the raw zone: see `erase --dry-run`",
            allow_retries=False,
        )
    receipt = erasure.erase(identity, provider_bucket=config.provider_bucket)
    if receipt["found_afterwards"]:
        raise dg.Failure(
            "something was found afterwards: run the erasure again",
            metadata={"found_afterwards": receipt["found_afterwards"]},
        )
    return dg.MaterializeResult(
        metadata={
            "removed": receipt["removed"],
            "seconds": receipt["seconds"],
            "receipt_sha256": receipt["sha256"],
        }
    )
