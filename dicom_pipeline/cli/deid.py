"""Commands that show what de-identification does, and prove that it did."""

from dataclasses import asdict
from typing import Annotated

import duckdb
import typer

from dicom_pipeline.cli.console import err, fail, out, print_json, table
from dicom_pipeline.places import Places
from dicom_pipeline.resources.known_identities import Known
from dicom_pipeline.resources.leak_scan import Report
from dicom_pipeline.settings import Settings

LEAKED, BLIND = 5, 6

Json = Annotated[bool, typer.Option("--json", help="One JSON object to stdout.")]

deid = typer.Typer(help="What happens to identities, and whether any got out.")


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.add_typer(deid, name="deid")


@deid.command("check")
def check(json: Json = False) -> None:
    """Seek every identity of the raw zone in everything outside of it.

    Names in any order and case, ids, dates in six forms, addresses, UIDs and unkeyed
    hashes of them; in tables, JPEGs, keys, dbt's and Dagster's files, and logs. No
    value is ever shown. Ends with 5 if something was found, and with 6 if the scan
    did not find what must be there: the raw headers.
    """
    with Places(Settings()).open() as places:
        with err.status("reading identities"):
            known = places.leak_watch.known()
        with err.status("looking for them"):
            report = _report(places, known)
    if json:
        print_json({**asdict(report), "hits": report.hits, "sees": report.control.sees})
    else:
        show(report)
    if not report.control.sees:
        fail("the scan is blind: it misses identities that the raw zone shows", BLIND)
    if report.hits:
        fail(
            "identities stand outside of the raw zone: keep people away from the"
            " places above, and see docs/deidentification.md, incident",
            LEAKED,
        )


def show(report: Report) -> None:
    """Print what was sought, where, and what was found."""
    kinds = [*report.spellings]
    rows: list[list[object]] = [
        [
            kind,
            report.values.get(kind, 0),
            report.spellings[kind],
            report.control.sought.get(kind, 0),
            report.control.missed.get(kind, 0),
        ]
        for kind in kinds
    ]
    columns = ["class", "values", "spellings", "in raw sample", "missed there"]
    table("sought", columns, rows)
    left: list[list[object]] = [[why, n] for why, n in report.left_out.items()]
    left += [["spellings not sought in noise", report.left_out_of_noise]]
    table("not sought", ["why", "values"], left)
    searched: list[list[object]] = [
        [h.name, h.pieces, h.letters, sum(sum(f.values()) for f in h.hits.values())]
        for h in report.haystacks
    ]
    table("searched", ["where", "pieces", "letters", "found"], searched)
    found: list[list[object]] = [
        [place, kind, count]
        for haystack in report.haystacks
        for place, kinds_ in haystack.hits.items()
        for kind, count in kinds_.items()
    ]
    if found:
        table("found", ["place", "class", "needles"], found)
    out.print(f"{report.hits} found, {report.seconds:.0f} s")


def _report(places: Places, known: Known) -> Report:
    try:
        return places.leak_watch.whole(known)
    except duckdb.IOException:
        fail("a build has the warehouse open: try again once it is done")
