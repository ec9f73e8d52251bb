"""The numbers of the report, asked of a snapshot; counts and codes only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import duckdb

from dicom_pipeline.publish.dictionary import grain_of, key_of
from dicom_pipeline.publish.snapshot import tables_of

Connection = duckdb.DuckDBPyConnection
Counts = list[tuple[str, int]]

UNDATED: Final = "no date"
NO_MODALITY: Final = "none"
_ALWAYS_NULL: Final = "always null"  # as the dictionary says of a rule
_SIZES: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)


@dataclass(frozen=True)
class Totals:
    """How much there is."""

    patients: int
    studies: int
    undated: int
    series: int
    objects: int
    images: int
    devices: int
    jpegs: int
    jpeg_bytes: int


@dataclass(frozen=True)
class Fill:
    """How often a column has a value, 0 to 1."""

    column: str
    description: str
    share: float


@dataclass(frozen=True)
class TableFill:
    """The columns of one table by how often they have a value.

    Attributes:
        name: Table.
        grain: What a row is.
        rows: Number of rows.
        fills: Its columns, the emptiest first, but those that a rule empties.
        emptied: Number of columns that a rule of de-identification empties.
    """

    name: str
    grain: str
    rows: int
    fills: Sequence[Fill]
    emptied: int

    @property
    def full(self) -> int:
        """Columns with a value in every row."""
        return sum(fill.share == 1 for fill in self.fills)

    @property
    def empty(self) -> int:
        """Columns without any value."""
        return sum(fill.share == 0 for fill in self.fills)

    @property
    def partial(self) -> list[Fill]:
        """Columns with a value in some rows."""
        return [fill for fill in self.fills if 0 < fill.share < 1]


@dataclass(frozen=True)
class Facts:
    """Everything that the report shows but the balance.

    Attributes:
        profiles: Privacy profiles of the rows.
        modality_by_month: ``(month, modality, images)``, in order of month.
        thickness: ``(mm, series)``, in order of thickness.
        without_thickness: Series that tell none.
        slices: ``(range of instances, series)``, in order.
        completeness: Series by judgement and its evidence.
        decisions: Images by pixel decision.
        pixel_reasons: Images by decision and reason.
        fills: How full the tables are.
    """

    profiles: list[str]
    totals: Totals
    modality_by_month: list[tuple[str, str, int]]
    thickness: list[tuple[float, int]]
    without_thickness: int
    slices: Counts
    completeness: Counts
    decisions: Counts
    pixel_reasons: Counts
    fills: list[TableFill]


def facts_of(connection: Connection) -> Facts:
    """Ask a snapshot that is open for all that the report shows."""
    thickness = _rows(
        connection,
        "select slice_thickness_mm::double, count(*) from fct_series"
        " group by 1 order by 1",
    )
    return Facts(
        profiles=[name for (name,) in _rows(connection, _PROFILES)],
        totals=Totals(*_rows(connection, _TOTALS)[0]),
        modality_by_month=_rows(connection, _MODALITY_BY_MONTH),
        thickness=[(mm, series) for mm, series in thickness if mm is not None],
        without_thickness=sum(series for mm, series in thickness if mm is None),
        slices=_ranges(_rows(connection, _SLICES)),
        completeness=_rows(connection, _COMPLETENESS),
        decisions=_rows(connection, _DECISIONS),
        pixel_reasons=_rows(connection, _PIXEL_REASONS),
        fills=[_fill_of(connection, table) for table in _tables(connection)],
    )


_PROFILES: Final = (
    "select distinct deid_profile from fct_images where deid_profile is not null"
    " order by 1"
)
_TOTALS: Final = """
    select
        (select count(*) from dim_patients),
        (select count(*) from fct_studies),
        (select count(*) from fct_studies where study_date is null),
        (select count(*) from fct_series),
        (select count(*) from fct_images),
        (select count(*) from fct_images where has_pixel_data),
        (select count(*) from dim_devices),
        (select count(*) from processed_images),
        (select coalesce(sum(jpeg_bytes), 0)::bigint from processed_images)"""
_MODALITY_BY_MONTH: Final = f"""
    select
        coalesce(left(studies.study_date::varchar, 7), '{UNDATED}'),
        coalesce(series.modality, '{NO_MODALITY}'),
        count(*)
    from fct_images as images
    left join fct_series as series using (series_instance_uid)
    left join fct_studies as studies
        on images.study_instance_uid = studies.study_instance_uid
    group by 1, 2 order by 1, 2"""  # noqa: S608  # names of ours
_SLICES: Final = (
    "select number_of_instances, count(*) from fct_series group by 1 order by 1"
)
_COMPLETENESS: Final = """
    select completeness || ': ' || completeness_reason, count(*) from fct_series
    where completeness is not null group by 1 order by 2 desc, 1"""
_DECISIONS: Final = """
    select coalesce(pixel_decision, 'undecided'), count(*) from fct_images
    where has_pixel_data group by 1 order by 2 desc, 1"""
_PIXEL_REASONS: Final = """
    select pixel_decision || ': ' || pixel_reason, count(*) from fct_images
    where pixel_reason is not null and has_pixel_data group by 1 order by 2 desc, 1"""


def _rows(connection: Connection, sql: str) -> list[Any]:
    return connection.execute(sql).fetchall()


def _tables(connection: Connection) -> list[str]:
    """Tables with columns of their own; the wide one repeats them."""
    name = _rows(connection, "select current_database()")[0][0]
    return [t for t in tables_of(connection, name) if t != "processed_images"]


def _ranges(counts: Sequence[tuple[int, int]]) -> Counts:
    """Sum counts up by size, in ranges that grow."""
    found: Counts = []
    for low, high in zip((0, *_SIZES), (*_SIZES, None), strict=True):
        series = sum(
            n for size, n in counts if low < size and (high is None or size <= high)
        )
        words = f"over {low}" if high is None else _range(low + 1, high)
        found.append((words, series))
    return _trimmed(found)


def _range(low: int, high: int) -> str:
    return f"{low}" if low == high else f"{low}-{high}"


def _trimmed(counts: Counts) -> Counts:
    """Leave out the empty ranges at both ends."""
    filled = [place for place, (_, count) in enumerate(counts) if count]
    return counts[filled[0] : filled[-1] + 1] if filled else []


def _fill_of(connection: Connection, table: str) -> TableFill:
    columns = connection.execute(
        "select column_name, description from data_dictionary"
        " where table_name = ? order by position",
        [table],
    ).fetchall()
    asked = ", ".join(f'count("{name}")' for name, _ in columns)
    rows, *counts = _rows(connection, f'select count(*), {asked} from "{table}"')[0]  # noqa: S608
    fills = [
        Fill(name, about, count / rows if rows else 0.0)
        for (name, about), count in zip(columns, counts, strict=True)
        if name != key_of(table) and not name.startswith("deid_")
    ]
    shown = [fill for fill in fills if _ALWAYS_NULL not in fill.description]
    return TableFill(
        name=table,
        grain=grain_of(table),
        rows=rows,
        fills=sorted(shown, key=lambda fill: fill.share),
        emptied=len(fills) - len(shown),
    )
