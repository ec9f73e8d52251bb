"""Instances that the raw bucket holds in more than one version.

Every version stays; the tables show the newest.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from dicom_pipeline.resources.arrow_sql import ask
from dicom_pipeline.resources.ledger import NEWEST_FIRST, Ledger, Row
from dicom_pipeline.resources.outcomes import IS_STORED

_OF_SEVERAL = f"""
    select * from objects where {IS_STORED} and sop_instance_uid in (
        select sop_instance_uid from objects where outcome = 'new_version'
    )
"""  # noqa: S608  # made of the outcomes' names


def versions_in(objects: str) -> str:
    """Return a query of every stored version, and which is the newest of its instance.

    Args:
        objects: Table or query that has the rows of ``objects``.
    """
    return f"""
        select
            *,
            row_number() over (
                partition by sop_instance_uid order by {NEWEST_FIRST}
            ) = 1 as is_newest,
            count(*) over (partition by sop_instance_uid) as version_count
        from (
            select distinct on (arrival_id, batch_id) * from {objects}
            where {IS_STORED}
        )
    """  # noqa: S608


@dataclass(frozen=True)
class VersionCounts:
    """How many versions there are of how many instances.

    Attributes:
        instances: SOP instances that are stored.
        corrected: Those of more than one version.
        older: Versions that the tables do not show.
        older_by_month: The same by the month they lie in.
    """

    instances: int
    corrected: int
    older: int
    older_by_month: dict[str, int]


def count_versions(ledger: Ledger) -> VersionCounts:
    """Count, without a UID or a key."""
    rows = ask(
        f"""
            select month, is_newest, count(*)
            from ({versions_in(f"({_OF_SEVERAL})")}) group by all
        """,  # noqa: S608
        objects=ledger.objects.all(),
    )
    older: Counter[str] = Counter()
    corrected = 0
    for month, is_newest, files in rows:
        if is_newest:
            corrected += files
        else:
            older[month] += files
    return VersionCounts(
        ledger.instances(), corrected, older.total(), dict(sorted(older.items()))
    )


def list_versions(ledger: Ledger) -> Iterator[Row]:
    """Every version of the instances that have several, oldest first. Personal.

    Returns:
        Rows of the ledger with ``is_newest``.
    """
    every = versions_in(f"({_OF_SEVERAL})")
    sql = f"select batch_id, arrival_id, is_newest from ({every})"  # noqa: S608
    by_batch: dict[str, dict[str, bool]] = defaultdict(dict)
    for batch, arrival, is_newest in ask(sql, objects=ledger.objects.all()):
        by_batch[batch][arrival] = is_newest
    found = [
        {**row, "is_newest": wanted[row["arrival_id"]]}
        for batch, wanted in by_batch.items()
        for row in ledger.objects.read(batch).to_pylist()
        if row["arrival_id"] in wanted
    ]
    yield from sorted(found, key=_order)


def _order(row: Row) -> tuple[object, ...]:
    return row["sop_instance_uid"], row["is_newest"], row["modified_at"]
