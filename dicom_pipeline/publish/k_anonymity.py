"""Groups of patients who stand out: too few share what others may know of them.

Names are gone, but the only man over 80 of a small hospital is found without one.
The build warns of such groups; a release to others is refused.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb

QUASI_IDENTIFIERS = (
    "patient_age",
    "patient_sex",
    "institution_name",
    "study_date",
    "body_part_examined",
)
"""Columns of ``processed_images``; an age counts by ten years, a date by its year."""

K = 5


@dataclass(frozen=True)
class SmallGroups:
    """What is below k.

    Attributes:
        groups: Groups of fewer than k patients.
        patients: Patients who are in one.
        every: All patients.
    """

    groups: int
    patients: int
    every: int


def small_groups(snapshot: Path, k: int = K) -> SmallGroups:
    """Count in the published tables; nothing of a group is told."""
    known = ", ".join(f"{_known(name)} as {name}" for name in QUASI_IDENTIFIERS)
    sql = f"""
        with known as (select patient_key, {known} from processed.processed_images),
        groups as (
            select * exclude (patient_key), list(distinct patient_key) as patients
            from known group by all
        )
        select
            count(*) filter (len(patients) < $k),
            (
                select count(distinct patient)
                from (select unnest(patients) as patient from groups
                      where len(patients) < $k)
            ),
            (select count(distinct patient_key) from known)
        from groups
    """  # noqa: S608  # names of our own columns
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        [(groups, patients, every)] = connection.execute(sql, {"k": k}).fetchall()
    return SmallGroups(groups, patients, every)


def _known(column: str) -> str:
    if column.endswith("_age"):
        return f"case when {column} like '%Y' then left({column}, 2) else '' end"
    if column.endswith("_date"):
        return f"left(cast({column} as varchar), 4)"
    return column
