"""Tables and JPEGs are made by rules of today; what is not, is counted by its cause."""

from collections.abc import Iterator

import dagster as dg

from dicom_pipeline.publish.dbt_models import MODELS
from dicom_pipeline.resources.months import Months
from dicom_pipeline.resources.stale import JPEGS, Stale, stale_outputs

NAME = "made_by_todays_rules"
_ASSETS = {model.name: [model.layer, model.name] for model in MODELS} | {
    JPEGS: ["stage", "compressed_images"]
}
_FRESH = Stale(0, [])


@dg.multi_asset_check(
    name=NAME,
    specs=[
        dg.AssetCheckSpec(
            NAME,
            asset=key,
            description="No rule, lexicon, profile, key or file is newer than this.",
        )
        for key in _ASSETS.values()
    ],
)
def made_by_todays_rules(
    months: dg.ResourceParam[Months],
) -> Iterator[dg.AssetCheckResult]:
    """Warn of what is stale: a load makes it again, so nothing is blocked."""
    stale = stale_outputs(months)
    for name, key in _ASSETS.items():
        found = stale.get(name, _FRESH)
        yield dg.AssetCheckResult(
            asset_key=key,
            check_name=NAME,
            passed=not found.causes,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"months": found.months, "causes": found.causes},
        )


judge_rules = dg.define_asset_job(
    "judge_rules",
    selection=dg.AssetSelection.checks(made_by_todays_rules),
    description="Says which tables and JPEGs other rules have made than today's.",
)
