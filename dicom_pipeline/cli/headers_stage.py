"""The de-identified export of headers, in words."""

from collections.abc import Callable, Iterable, Sequence

from dicom_pipeline.cli.console import REFUSED, err, fail, print_json, table
from dicom_pipeline.deid.nested_fields import nested_fields
from dicom_pipeline.deid.nested_rules import nested_rules
from dicom_pipeline.deid.nested_values import UnfitProfileError
from dicom_pipeline.dicom.nested.keys import spelled
from dicom_pipeline.dicom.nested.seen import Level
from dicom_pipeline.dicom.nested.types import Field
from dicom_pipeline.layout import HEADERS_PREFIX
from dicom_pipeline.places import Places
from dicom_pipeline.publish.header_export import Plan
from dicom_pipeline.publish.header_export_deid import (
    Deidentified,
    Line,
    export_deidentified,
)
from dicom_pipeline.publish.header_export_folders import check_folders
from dicom_pipeline.publish.header_export_places import empty_place

_MOST = 12  # keywords that are listed; --json has all

Counted = tuple[tuple[str, ...], int]


def line_of(places: Places) -> Line:
    """Return how this installation brings headers over the line."""
    settings = places.settings
    if settings.profile.draws_names:
        fail(str(UnfitProfileError()), REFUSED)
    return Line(places.pseudonyms, settings.profile, settings.safe_private)


def stage_plan(
    level: Level, line: Line, keys: Sequence[str], folders: Sequence[str]
) -> Plan:
    """Return columns and folders of the list: those asked for, or all there are."""
    rules = nested_rules(private=line.private)
    refused = [key for key in (*keys, *folders) if key not in rules]
    if refused:
        fail(
            f"{', '.join(map(spelled, refused))}: not on the list of what may leave the"
            " raw zone (docs/headers.md)"
        )
    fields = {field.key: field for field in nested_fields(level, rules)}
    partition_by = _some(fields, folders)
    check_folders(partition_by)
    wanted = _some(fields, keys) if keys else tuple(fields.values())
    return Plan(tuple(f for f in wanted if f.key not in folders), partition_by)


def write_stage(
    places: Places, plan: Plan, out: str, told: Callable[[int], None]
) -> Deidentified:
    """Write the export."""
    owned = f"s3://{places.stage.name}/"
    if out.startswith(owned) and not out.startswith(f"{owned}{HEADERS_PREFIX}"):
        fail(
            f"exports in the stage bucket lie below {owned}{HEADERS_PREFIX}: there"
            " erasure and the leak scan look for them"
        )
    raw = (places.tables, places.ledger)
    place = empty_place(out, places.store)
    return export_deidentified(raw, line_of(places), plan, place, told)


def say_stage(out: str, done: Deidentified, *, json: bool) -> None:
    """Tell what was written and what was not, by counts."""
    if json:
        print_json({**done.facts(), "out": out})
        return
    err.print(
        f"{done.rows:,} headers, {done.columns:,} columns, {done.files:,} files,"
        f" {done.bytes / 1e6:,.1f} MB in {out} (profile {done.profile})"
    )
    _most(
        "null, though the header has a value", ["keyword", "why"], done.nulled.items()
    )
    left = (((keyword,), count) for keyword, count in done.not_listed.items())
    _most("not on the list", ["keyword"], left)
    dropped: list[list[object]] = [[why, n] for why, n in sorted(done.dropped.items())]
    table("without a column", ["why", "elements"], dropped)


def _some(fields: dict[str, Field], keys: Sequence[str]) -> tuple[Field, ...]:
    return tuple(fields[key] for key in keys if key in fields)


def _most(title: str, names: list[str], counts: Iterable[Counted]) -> None:
    most = sorted(counts, key=lambda item: (-item[1], item[0]))[:_MOST]
    rows: list[list[object]] = [[*what, count] for what, count in most]
    if rows:
        table(title, [*names, "values"], rows)
