"""How time is cut: a partition per study month that exists, and one for no date."""

from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

STUDY_MONTHS = dg.DynamicPartitionsDefinition(name="study_month")

AGAIN = "dicom_pipeline/again"
"""Tag of a run that does its work although nothing has changed; any value."""

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
_PARTITION = "dagster/partition"


def add_months(instance: dg.DagsterInstance, months: Iterable[str]) -> None:
    """Make partitions of the months that have none yet."""
    name = str(STUDY_MONTHS.name)
    known = set(instance.get_dynamic_partitions(name))
    new = sorted(set(months) - known)
    if new:
        instance.add_dynamic_partitions(name, new)


def ranges(order: Sequence[str], due: Iterable[str]) -> list[tuple[str, str]]:
    """Group due partitions into runs of neighbours.

    Args:
        order: All partitions in Dagster's order: that of their making.
        due: The partitions that are to be run; each is in ``order``.

    Returns:
        First and last partition of each run of neighbours, in order. One Dagster run
        serves one of them, however many months it spans.
    """
    wanted = set(due)
    found: list[tuple[str, str]] = []
    last = None
    for position, month in enumerate(order):
        if month not in wanted:
            continue
        if found and last == position - 1:
            found[-1] = (found[-1][0], month)
        else:
            found.append((month, month))
        last = position
    return found


def range_tags(first: str, last: str) -> dict[str, str]:
    """Tags that make a run serve the partitions from ``first`` to ``last``."""
    return {RANGE_START: first, RANGE_END: last}


def months_of(tags: Mapping[str, str], order: Sequence[str]) -> list[str]:
    """Partitions that a run of these tags serves; none where it serves no partition.

    Args:
        tags: Of the run.
        order: All partitions in Dagster's order.
    """
    first = tags.get(RANGE_START, tags.get(_PARTITION, ""))
    last = tags.get(RANGE_END, first)
    if first not in order or last not in order:
        return []
    return list(order[order.index(first) : order.index(last) + 1])
