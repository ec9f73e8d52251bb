"""The check of each table warns of what is stale, by counts and words of ours."""

import dagster as dg

from dicom_pipeline.checks.stale import judge_rules, made_by_todays_rules
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.months import Months
from tests.unit.resources.ledgers import loaded, record
from tests.unit.resources.test_months import RECIPES, changed, run
from tests.unit.sources.memory_store import RawBucket


def judged(months):
    """What the job says of each asset; it succeeds whatever it says."""
    definitions = dg.Definitions(
        asset_checks=[made_by_todays_rules],
        jobs=[judge_rules],
        resources={"months": months},
    )
    done = definitions.resolve_job_def("judge_rules").execute_in_process()
    assert done.success
    return {
        each.asset_key.to_user_string(): (
            each.passed,
            each.severity,
            {name: value.value for name, value in each.metadata.items()},
        )
        for each in done.get_asset_check_evaluations()
    }


def test_a_stale_table_warns_with_months_and_classes():
    """Of the table that a rule has touched, and of what is made of it."""
    ledger = Ledger(RawBucket())
    record(ledger, loaded("a", "1.1", "2024-01"), loaded("b", "1.2", "2024-02"))
    months = Months(ledger, RECIPES)
    run(months)
    assert all(passed for passed, *_ in judged(months).values())

    found = judged(changed(months, "stg_devices"))

    assert found["stage/stg_devices"] == (
        False,
        dg.AssetCheckSeverity.WARN,
        {"months": 2, "causes": ["rules"]},
    )
    behind = {key for key, (passed, *_) in found.items() if not passed}
    assert behind == {"stage/stg_devices", "processed/dim_devices"}
