"""Commands that show what de-identification does, and prove that it did."""

from dataclasses import asdict
from typing import Annotated

import duckdb
import typer
from rich.markup import escape

from dicom_pipeline.cli import deid_keys, deid_vault, deid_words
from dicom_pipeline.cli.console import MISSING, err, fail, out, print_json, table
from dicom_pipeline.deid import nested_rules
from dicom_pipeline.deid.explain import about
from dicom_pipeline.deid.ps315 import EDITION
from dicom_pipeline.places import Places
from dicom_pipeline.publish.deid_docs import read_explanations
from dicom_pipeline.resources.leak_scan import Report
from dicom_pipeline.settings import Settings

LEAKED, BLIND = 5, 6

Json = Annotated[bool, typer.Option("--json", help="One JSON object to stdout.")]

deid = typer.Typer(help="What happens to identities, and whether any got out.")


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    deid_keys.register(deid)
    deid_vault.register(deid)
    deid_words.register(deid)
    app.add_typer(deid, name="deid")


@deid.command("check")
def check(json: Json = False) -> None:
    """Seek every identity of the raw zone in everything outside of it.

    Names in any order and case, ids, dates in six forms, addresses, UIDs and unkeyed
    hashes of them; in tables, JPEGs, keys, dbt's and Dagster's files, and logs. No
    value is ever shown. Ends with 5 if something was found, and with 6 if the scan
    did not find what must be there: the raw headers.
    """
    report = _report()
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


@deid.command("explain")
def explain(
    word: Annotated[
        str, typer.Argument(help="Column, keyword or tag; without it, every column.")
    ] = "",
    json: Json = False,
) -> None:
    """Say what happens to an attribute, by which rule, and what the standard wants."""
    rows, digest = read_explanations(Settings().dbt_project)
    found = list(about(word, rows))
    nested = list(nested_rules.about(word)) if word else []
    if not found and not nested:
        fail(
            "no raw column and no element of header exports has that name: it does not"
            " leave the raw zone; deid explain lists all columns",
            MISSING,
        )
    if json:
        named = [asdict(each) for each in found]
        said = {"rules_sha256": digest, "ps315": EDITION, "columns": named}
        print_json(said | {"header_exports": [asdict(each) for each in nested]})
    elif word:
        for rule in nested:
            told: list[list[object]] = [
                [k, escape(str(v)) if v else "—"] for k, v in asdict(rule).items()
            ]
            table(f"header exports: {rule.keyword}", ["what", "says"], told)
        for each in found:
            lines: list[list[object]] = [
                [k, escape(str(v)) if v else "—"] for k, v in asdict(each).items()
            ]
            table(f"{each.table}.{each.column}", ["what", "says"], lines)
    else:
        listed: list[list[object]] = [
            [f"{e.table}.{e.column}", e.function, e.becomes or "—", escape(e.ps315)]
            for e in found
        ]
        table("rules", ["raw column", "function", "stage column", "PS3.15"], listed)


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


def _report() -> Report:
    try:
        with Places(Settings()).open() as places:
            with err.status("reading identities"):
                known = places.leak_watch.known()
            with err.status("looking for them"):
                return places.leak_watch.whole(known)
    except duckdb.IOException:
        fail("a build has the warehouse open: try again once it is done")
