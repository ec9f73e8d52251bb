"""The command about instances that came in more than one version."""

from typing import Annotated

import typer

from dicom_pipeline.cli.console import fail, out, print_json, table
from dicom_pipeline.cli.health import Json
from dicom_pipeline.places import Places
from dicom_pipeline.resources.versions import count_versions, list_versions
from dicom_pipeline.settings import Settings

_SHOWN = ("sop_instance_uid", "is_newest", "modified_at", "month", "bytes", "raw_key")

Layer = Annotated[
    str, typer.Option(help="raw: with keys and UIDs, for those allowed to see them.")
]


def register(group: typer.Typer) -> None:
    """Add this group's commands."""
    group.command("versions")(versions)


def versions(layer: Layer = "", json: Json = False) -> None:
    """Count instances of several versions; the tables show the newest of each.

    Older versions stay in the raw bucket: --layer raw lists them, and so does the
    view raw.versions of query --layer raw.
    """
    if layer not in {"", "raw"}:
        fail("--layer is raw, or left out")
    with Places(Settings()).open() as places:
        counts = count_versions(places.ledger)
        listed = list(list_versions(places.ledger)) if layer else []
    rows = [{name: row[name] for name in _SHOWN} for row in listed]
    if json:
        print_json({**vars(counts), **({"versions": rows} if layer else {})})
        return
    out.print(
        f"{counts.instances} instances, {counts.corrected} of them in several"
        f" versions; {counts.older} older versions are kept",
        soft_wrap=True,
    )
    by_month: list[list[object]] = [
        list(pair) for pair in counts.older_by_month.items()
    ]
    if by_month:
        table("older versions", ["month", "files"], by_month)
    if rows:
        table("versions", list(_SHOWN), [list(row.values()) for row in rows])
