"""Stage and processed layers, tables: the dbt models, built in this process.

The stage models are cut by month and built for all due months at once; the processed
models are whole tables over them.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets
from dagster_dbt.asset_utils import get_asset_check_key_for_test

from dicom_pipeline.partitions import AGAIN, STUDY_MONTHS
from dicom_pipeline.resources.dbt import Dbt, NodeResult
from dicom_pipeline.resources.months import Months, Step, Whole
from dicom_pipeline.resources.warehouse import Warehouse

STAGE, PROCESSED = "tag:stage", "tag:processed"

Reported = dg.MaterializeResult[None] | dg.AssetCheckResult

# eager() looks at the newest partition only; old months arrive here every day.
EAGER = dg.AutomationCondition.eager().without(
    dg.AutomationCondition.in_latest_time_window()
)


class Translator(DagsterDbtTranslator):
    """How a dbt model appears as an asset: described by its yml, never by its SQL."""

    def __init__(self) -> None:
        """Let dbt tests be asset checks."""
        super().__init__(DagsterDbtTranslatorSettings(enable_asset_checks=True))

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """Return the description of the model's yml."""
        return str(dbt_resource_props.get("description", ""))

    def get_automation_condition(
        self, dbt_resource_props: Mapping[str, Any]
    ) -> dg.AutomationCondition[Any] | None:
        """Follow the parents, whatever month they are of."""
        is_model = dbt_resource_props["resource_type"] == "model"
        return EAGER if is_model else None


def build_models(manifest: Path) -> list[dg.AssetsDefinition]:
    """Make the assets of both layers from dbt's manifest."""
    nodes = json.loads(manifest.read_text())

    @dbt_assets(
        manifest=nodes,
        name="stage_models",
        select=STAGE,
        partitions_def=STUDY_MONTHS,
        backfill_policy=dg.BackfillPolicy.single_run(),
        dagster_dbt_translator=Translator(),
        pool="warehouse",
    )
    def stage_models(
        context: dg.AssetExecutionContext,
        dbt: dg.ResourceParam[Dbt],
        months: dg.ResourceParam[Months],
        warehouse: dg.ResourceParam[Warehouse],
    ) -> Iterator[Reported]:
        seen = months.digests(context.partition_keys)
        due = months.behind(Step.STAGED, seen)
        if not due and _may_skip(context, warehouse):
            yield from _unchanged(context)
            return
        anew = months.models_changed or not warehouse.path.exists()
        build = partial(dbt.build, STAGE, None if anew else list(seen), anew=anew)
        yield from _built(context, build, nodes)
        months.staged(seen)

    @dbt_assets(
        manifest=nodes,
        name="processed_models",
        select=PROCESSED,
        dagster_dbt_translator=Translator(),
        pool="warehouse",
    )
    def processed_models(
        context: dg.AssetExecutionContext,
        dbt: dg.ResourceParam[Dbt],
        months: dg.ResourceParam[Months],
        warehouse: dg.ResourceParam[Warehouse],
    ) -> Iterator[Reported]:
        seen = months.staged_digest()
        if months.is_whole(Whole.PROCESSED) and _may_skip(context, warehouse):
            yield from _unchanged(context)
            return
        yield from _built(context, partial(dbt.build, PROCESSED, None), nodes)
        months.processed(seen)

    return [stage_models, processed_models]


def _may_skip(context: dg.AssetExecutionContext, warehouse: Warehouse) -> bool:
    return warehouse.path.exists() and AGAIN not in context.run.tags


def _unchanged(context: dg.AssetExecutionContext) -> Iterator[Reported]:
    """Say that the tables are as they should be: what follows may go on."""
    for key in sorted(context.selected_asset_keys):
        yield dg.MaterializeResult(asset_key=key, metadata={"unchanged": True})


def _built(
    context: dg.AssetExecutionContext,
    build: Callable[[], list[NodeResult]],
    manifest: Mapping[str, Any],
) -> Iterator[Reported]:
    """Build, report every node, and fail afterwards if one of them has."""
    results = build()
    for result in results:
        yield from _events(context, result, manifest)
    failed = [r.unique_id for r in results if not (r.passed or r.warned)]
    if failed:
        raise dg.Failure(
            f"dbt: {len(failed)} of {len(results)} nodes failed",
            metadata={"nodes": failed},
            allow_retries=False,
        )


def _events(
    context: dg.AssetExecutionContext, result: NodeResult, manifest: Mapping[str, Any]
) -> Iterator[Reported]:
    kind = result.unique_id.split(".", 1)[0]
    if kind == "test":
        key = get_asset_check_key_for_test(
            manifest, Translator(), result.unique_id, project=None
        )
        if key is not None and key in context.selected_asset_check_keys:
            yield _check(key, result)
        elif key is not None:
            context.log_event(_evaluation(key, result))
    elif kind == "model" and result.passed:
        spec = Translator().get_asset_spec(manifest, result.unique_id, None)
        facts: dict[str, Any] = {"seconds": result.seconds}
        if result.rows is not None:
            facts["dagster/partition_row_count"] = result.rows
        yield dg.MaterializeResult(asset_key=spec.key, metadata=facts)


def _evaluation(key: dg.AssetCheckKey, result: NodeResult) -> dg.AssetCheckEvaluation:
    """What a test says in a job that has not planned it.

    Planning some hundred checks costs a run 1.4 s before its first step (2026-11).
    """
    check = _check(key, result)
    return dg.AssetCheckEvaluation(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=check.passed,
        severity=check.severity,
        metadata=check.metadata,
    )


def _check(key: dg.AssetCheckKey, result: NodeResult) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=result.passed,
        severity=dg.AssetCheckSeverity.WARN
        if result.warned
        else dg.AssetCheckSeverity.ERROR,
        metadata={"failures": result.failures},
    )
