"""The only place where assets meet resources."""

from collections.abc import Sequence

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)
from dagster_duckdb import DuckDBResource

from dicom_pipeline.assets.compaction import raw_compaction
from dicom_pipeline.assets.erasure import raw_erasure
from dicom_pipeline.assets.images import compressed_images
from dicom_pipeline.assets.models import build_models
from dicom_pipeline.assets.persons import raw_persons
from dicom_pipeline.assets.provider import PROVIDER_FILES
from dicom_pipeline.assets.published import analytics
from dicom_pipeline.assets.raw import raw_entities, raw_files, raw_headers
from dicom_pipeline.checks.balance import (
    everything_has_an_outcome,
    months_are_whole,
)
from dicom_pipeline.checks.dead_letters import no_notification_is_dead
from dicom_pipeline.checks.drift import headers_are_as_before
from dicom_pipeline.checks.images import every_image_has_frames_or_a_reason
from dicom_pipeline.checks.leaks import no_identity_leaves_the_raw_zone, seek_leaks
from dicom_pipeline.checks.snapshot import snapshot_has_every_table
from dicom_pipeline.checks.stale import judge_rules, made_by_todays_rules
from dicom_pipeline.partitions import STUDY_MONTHS
from dicom_pipeline.places import Places
from dicom_pipeline.sensors.arrivals import build_arrival_sensors
from dicom_pipeline.sensors.failures import run_failures
from dicom_pipeline.settings import Settings

FOLLOWERS = dg.AssetSelection.groups("stage", "processed")
CHECKS = [
    everything_has_an_outcome,
    months_are_whole,
    no_notification_is_dead,
    headers_are_as_before,
    every_image_has_frames_or_a_reason,
    no_identity_leaves_the_raw_zone,
    snapshot_has_every_table,
    made_by_todays_rules,
]


def build_defs(settings: Settings, **overrides: object) -> dg.Definitions:
    """Wire everything; ``overrides`` replace resources by name in tests."""
    places = Places(settings)
    models = build_models(places.dbt.prepare())
    jobs = _jobs(models)
    return dg.Definitions(
        assets=[
            PROVIDER_FILES,
            raw_files,
            raw_headers,
            raw_entities,
            compressed_images,
            *models,
            analytics,
            raw_compaction,
            raw_erasure,
            raw_persons,
        ],
        asset_checks=CHECKS,
        jobs=[*jobs.values(), seek_leaks, judge_rules],
        schedules=[
            _regularly("compact_weekly", jobs["compact_raw"], "0 3 * * 0"),
            _regularly("group_persons_weekly", jobs["group_persons"], "0 2 * * 0"),
            _regularly("seek_leaks_weekly", seek_leaks, "0 4 * * 0"),
            _regularly("judge_rules_daily", judge_rules, "0 5 * * *"),
        ],
        sensors=[
            *build_arrival_sensors(
                jobs, settings.sensor_interval_seconds, settings.sensor_budget_seconds
            ),
            run_failures,
            dg.AutomationConditionSensorDefinition(
                "follow_parents",
                target=FOLLOWERS,
                default_status=dg.DefaultSensorStatus.RUNNING,
                minimum_interval_seconds=30,
            ),
        ],
        resources={
            **places.resources(),
            "snapshot": DuckDBResource(
                database=str(settings.snapshot),
                connection_config={"access_mode": "READ_ONLY"},
            ),
            **overrides,
        },
        # A process per step costs 6 to 10 s here; parallel work is inside the assets.
        executor=dg.in_process_executor,
    )


def _regularly(
    name: str, job: UnresolvedAssetJobDefinition | dg.JobDefinition, cron: str
) -> dg.ScheduleDefinition:
    """Run a job by the clock without being switched on."""
    running = dg.DefaultScheduleStatus.RUNNING
    return dg.ScheduleDefinition(
        name, job=job, cron_schedule=cron, default_status=running
    )


def _jobs(
    models: Sequence[dg.AssetsDefinition],
) -> dict[str, UnresolvedAssetJobDefinition]:
    """The jobs; dbt's tests run in them without being planned one by one."""
    search = dg.AssetSelection.checks(no_identity_leaves_the_raw_zone)
    judged = dg.AssetSelection.checks(made_by_todays_rules)
    tests = dg.AssetSelection.checks_for_assets(*models) - search - judged
    files = dg.AssetSelection.assets(["raw", "files"])
    upkeep = dg.AssetSelection.groups("upkeep")
    whole = dg.AssetSelection.key_prefixes(["processed"], ["published"])
    return {
        "load_files": dg.define_asset_job(
            "load_files",
            selection=files,
            description="Lets pending files into the raw bucket.",
        ),
        "load_months": dg.define_asset_job(
            "load_months",
            selection=dg.AssetSelection.groups("raw", "stage", "processed")
            - files
            - tests,
            partitions_def=STUDY_MONTHS,
            description="Carries the due study months from raw to published.",
        ),
        "compact_raw": dg.define_asset_job(
            "compact_raw",
            selection=upkeep,
            description="Makes the files of quiet months few.",
        ),
        "group_persons": dg.define_asset_job(
            "group_persons",
            selection=dg.AssetSelection.groups("persons"),
            description="Finds patients who are known under several ids.",
        ),
        "erase": dg.define_asset_job(
            "erase",
            selection=dg.AssetSelection.groups("erasure"),
            description="Erases one patient, named by his token.",
        ),
        "load_processed": dg.define_asset_job(
            "load_processed",
            selection=whole - tests - judged,  # it also judges stage: one step
            description="Builds the processed layer again and publishes it.",
        ),
    }


defs = build_defs(Settings())
