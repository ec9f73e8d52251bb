"""The report: one HTML file that a browser shows without any network."""

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from dicom_pipeline.publish.charts import WIDE, Columns, Part, columns, parts
from dicom_pipeline.publish.report_facts import UNDATED, Facts, facts_of
from dicom_pipeline.publish.snapshot import replaced

if TYPE_CHECKING:
    from dicom_pipeline.resources.ledger import Balance

_OUTCOMES: Final = ("loaded", "new_version", "identical", "ignored", "quarantined")
_MOST_BARS: Final = 30  # more thicknesses than that are rounded to whole mm
_MOST_MONTHS: Final = 120
_UNITS: Final = ("bytes", "kB", "MB", "GB", "TB")
_THOUSAND: Final = 1000


def write_report(snapshot: Path, balance: "Balance", out: Path) -> None:
    """Write the report as one file: no request, no script, light and dark, printable.

    Args:
        snapshot: The published processed layer.
        balance: What came in and what became of it.
        out: Replaced when the new report is complete.
    """
    with duckdb.connect(snapshot, read_only=True) as connection:
        facts = facts_of(connection)
    cut, months = _months(facts)
    published = dt.datetime.fromtimestamp(snapshot.stat().st_mtime, tz=dt.UTC)
    page = _template().render(
        facts=facts,
        published=f"{published:%Y-%m-%d %H:%M} UTC",
        tiles=_tiles(facts),
        balance=balance,
        outcomes=_outcomes(balance),
        reasons=[
            (outcome, _reasons(balance, outcome))
            for outcome in ("quarantined", "ignored")
        ],
        months=months,
        cut=cut,
        thickness=_thickness(facts),
        slices=columns([(words, "", n) for words, n in facts.slices], "series"),
        completeness=_shares(facts.completeness),
        decisions=_shares(facts.decisions),
        pixel_reasons=_shares(facts.pixel_reasons),
    )
    with replaced(out) as beside:
        beside.write_text(page, "utf-8")


def _template() -> Template:
    found = Environment(
        loader=PackageLoader("dicom_pipeline.publish"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    found.filters["number"] = lambda value: f"{value:,}"
    return found.get_template("report.html")


def _tiles(facts: Facts) -> list[tuple[str, str, str]]:
    """Number, word and what to know of it, for each tile."""
    totals = facts.totals
    return [
        (f"{totals.patients:,}", "patients", _each(totals.studies, totals.patients)),
        (f"{totals.studies:,}", "studies", f"{totals.undated:,} without a date"),
        (f"{totals.series:,}", "series", f"{totals.devices:,} devices"),
        (f"{totals.objects:,}", "objects", f"{totals.images:,} with pixels"),
        (f"{totals.jpegs:,}", "JPEGs", size_of(totals.jpeg_bytes)),
    ]


def _each(studies: int, patients: int) -> str:
    return f"{studies / patients:.1f} studies each" if patients else ""


def size_of(count: int) -> str:
    """Bytes in the largest decimal unit that leaves a number of one or more."""
    size, unit = float(count), 0
    while size >= _THOUSAND and unit < len(_UNITS) - 1:
        size, unit = size / _THOUSAND, unit + 1
    return f"{size:.{1 if unit else 0}f} {_UNITS[unit]}"


def _outcomes(balance: "Balance") -> list[Part]:
    named = [
        (outcome.replace("_", " "), balance.outcomes.get(outcome, 0), colour)
        for colour, outcome in enumerate(_OUTCOMES, start=1)
    ]
    return parts([*named, ("pending", balance.pending, 6)], balance.received)


def _reasons(balance: "Balance", outcome: str) -> list[Part]:
    start = f"{outcome}: "
    found = {
        reason.removeprefix(start): count
        for reason, count in balance.reasons.items()
        if reason.startswith(start)
    }
    return _shares(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _shares(counts: list[tuple[str, int]]) -> list[Part]:
    """Bars against the longest one."""
    most = max((count for _, count in counts), default=0)
    return parts([(name, count, 1) for name, count in counts], most)


def _months(facts: Facts) -> tuple[str, Columns]:
    """Modalities over time, without gaps: by month, or by year where that is long."""
    found = facts.modality_by_month
    dated = [month for month, _, _ in found if month != UNDATED]
    every = _months_between(dated[0], dated[-1]) if dated else []
    letters, cut = (4, "year") if len(every) > _MOST_MONTHS else (7, "month")
    sizes: Counter[str] = Counter()
    counts = Counter({(month[:letters], ""): 0 for month in every})
    for month, modality, images in found:
        sizes[modality] += images
        place = month if month == UNDATED else month[:letters]
        counts[place, modality] += images
    order = [modality for modality, _ in sizes.most_common()]
    rows = [(place, modality, number) for (place, modality), number in counts.items()]
    return cut, columns(rows, "objects", order, WIDE)


def _months_between(first: str, last: str) -> list[str]:
    """Every month from the first to the last, as ``YYYY-MM``."""
    low, high = (int(month[:4]) * 12 + int(month[5:]) - 1 for month in (first, last))
    return [f"{n // 12:04d}-{n % 12 + 1:02d}" for n in range(low, high + 1)]


def _thickness(facts: Facts) -> Columns:
    counts: Counter[str] = Counter()
    rounded = len(facts.thickness) > _MOST_BARS
    for mm, series in facts.thickness:
        counts[f"{mm:.0f}" if rounded else f"{mm:g}"] += series
    return columns([(mm, "", series) for mm, series in counts.items()], "series")
