"""Raw layer, upkeep: which patients are one person."""

import dagster as dg

from dicom_pipeline.resources.persons import Persons


@dg.asset(
    key=["raw", "persons"],
    group_name="persons",
    deps=[["raw", "patients"], ["raw", "images"], ["raw", "headers"]],
    kinds={"parquet"},
    pool="warehouse",
    description="Patients who are known under several ids, grouped by evidence.",
)
def raw_persons(persons: dg.ResourceParam[Persons]) -> dg.MaterializeResult[None]:
    """Group all patients; where that changes anything, their tables become due."""
    counts = persons.group()
    return dg.MaterializeResult(
        metadata={
            "patients": counts.patients,
            "persons": counts.persons,
            "persons_changed": counts.changed,
            "by_size": {str(size): count for size, count in counts.by_size.items()},
            "by_evidence": dict(counts.by_evidence),
            "held": dict(counts.held),
        }
    )
