"""Stage and processed layers, tables: the dbt models, built in this process.

The stage models are cut by month and built for all due months at once; the processed
models are whole tables over them.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets
from dagster_dbt.asset_utils import get_asset_check_key_for_test

from dicom_pipeline.partitions import AGAIN, STUDY_MONTHS
from dicom_pipeline.resources.dbt import Dbt, NodeResult
from dicom_pipeline.resources.due import StagePlan, stage_plan
from dicom_pipeline.resources.months import Months
from dicom_pipeline.resources.seed_guard import (
    TamperedSeedError,
    hold_seeds,
    remember_seeds,
)
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
        """Follow the parents, whatever month they are of.

        Of persons no month is newer than another: a change makes their table due.
        """
        is_model = dbt_resource_props["resource_type"] == "model"
        is_cut = dbt_resource_props["name"] != "stg_persons"
        return EAGER if is_model and is_cut else None


def build_models(manifest: Path) -> list[dg.AssetsDefinition]:
    """Make the assets of both layers from dbt's manifest."""
    nodes = json.loads(manifest.read_text())
    return [_stage_models(nodes), _processed_models(nodes)]


def _stage_models(nodes: Mapping[str, Any]) -> dg.AssetsDefinition:
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
        drawn = months.drawn(seen)
        gone = not warehouse.path.exists()
        again = AGAIN in context.run.tags
        plan = stage_plan(months, seen, gone=gone, again=again)
        _hold_seeds(warehouse, dbt, months)
        yield from _unchanged(context, {*plan.anew, *plan.behind}, nodes)
        yield from _built(context, _stage_builds(dbt, plan), nodes)
        if gone:
            months.forget_processed()
        remember_seeds(dbt.project, months.state)
        months.staged(seen, drawn, plan.anew)

    return stage_models


def _processed_models(nodes: Mapping[str, Any]) -> dg.AssetsDefinition:
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
        todo = months.processed_behind()
        if AGAIN in context.run.tags or not warehouse.path.exists():
            todo = months.processed_digests()
        builds = [dbt.build(" ".join(sorted(todo)), None)] if todo else []
        yield from _unchanged(context, todo, nodes)
        yield from _built(context, builds, nodes)
        months.processed(todo)

    return processed_models


def _hold_seeds(warehouse: Warehouse, dbt: Dbt, months: Months) -> None:
    try:
        hold_seeds(warehouse.path, dbt.project, months.state)
    except TamperedSeedError as error:
        raise dg.Failure(str(error), allow_retries=False) from None


def _stage_builds(dbt: Dbt, plan: StagePlan) -> Iterator[list[NodeResult]]:
    """Tables of other rules from all months, then the others from their months.

    A table of the one kind may name rows that one of the other has not yet: what is
    tested across waits for the second.
    """
    if plan.anew:
        cautious = bool(plan.behind)
        yield dbt.build(plan.select(plan.anew), None, anew=True, cautious=cautious)
    if plan.behind:
        yield dbt.build(plan.select(plan.behind), plan.months)


def _unchanged(
    context: dg.AssetExecutionContext,
    todo: Collection[str],
    manifest: Mapping[str, Any],
) -> Iterator[Reported]:
    """Say that tables which are not built are as they should be: what follows may run.

    They come first, the seeds among them: Dagster takes parents before children.
    """
    order = [each.split(".")[-1] for each in _parents_first(manifest)]
    left = {
        k.path[-1]: k for k in context.selected_asset_keys if k.path[-1] not in todo
    }
    for name in order:
        if key := left.get(name):
            yield dg.MaterializeResult(asset_key=key, metadata={"unchanged": True})


def _parents_first(manifest: Mapping[str, Any]) -> Iterable[str]:
    order: Iterable[str] = TopologicalSorter(manifest["parent_map"]).static_order()
    return order


def _built(
    context: dg.AssetExecutionContext,
    builds: Iterable[list[NodeResult]],
    manifest: Mapping[str, Any],
) -> Iterator[Reported]:
    """Build, report every node, and fail afterwards if one of them has."""
    for results in builds:
        for result in results:
            yield from _events(context, result, manifest)
        failed = [r.unique_id for r in results if not (r.passed or r.warned)]
        if failed:
            said = sorted({f"; {result.said}" for result in results if result.said})
            raise dg.Failure(
                f"dbt: {len(failed)} of {len(results)} nodes failed{''.join(said)}",
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
