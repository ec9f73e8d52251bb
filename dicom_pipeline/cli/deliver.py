"""Commands that hand out the processed layer: query, export, report."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from dicom_pipeline.cli.console import err, fail, table
from dicom_pipeline.cli.headers import Fields, index_fields
from dicom_pipeline.dicom.nested.choice import UnknownFieldError
from dicom_pipeline.places import Places
from dicom_pipeline.publish.query import (
    Format,
    QueryError,
    raw_connection,
    run,
    run_raw,
)
from dicom_pipeline.publish.report import write_report
from dicom_pipeline.publish.sqlite import export_sqlite
from dicom_pipeline.settings import Settings

export_app = typer.Typer(help="Hand out the processed layer.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command("query")(query)
    app.command("report")(report)
    export_app.command("sqlite")(to_sqlite)
    app.add_typer(export_app, name="export")


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT.")],
    layer: Annotated[str, typer.Option(help="processed, or raw.")] = "processed",
    form: Annotated[Format, typer.Option("--format")] = Format.TABLE,
    field: Fields = None,
) -> None:
    """Ask the published snapshot; a running load never makes it wait.

    With --layer raw, dicom_index has a row per SOP instance and a column per --field,
    or per line of DICOM_PIPELINE_INDEX_FIELDS.
    """
    settings = Settings()
    try:
        if layer == "raw":
            with Places(settings).open() as places:
                index = index_fields(places, field or ())
                connection = raw_connection(places.store, places.raw.name, index)
                result = run_raw(connection, sql)
        elif layer == "processed":
            result = run(_snapshot(settings), sql)
        else:
            fail("--layer is processed or raw")
        sys.stdout.buffer.write(result.written(form))
    except (QueryError, UnknownFieldError) as error:
        fail(str(error))


def report(out: Annotated[Path, typer.Argument(help="HTML file.")]) -> None:
    """Write one HTML page: totals, distributions, gaps, quarantine."""
    settings = Settings()
    snapshot = _snapshot(settings)
    with Places(settings).open() as places:
        balance = places.ledger.balance()
    write_report(snapshot, balance, out)
    err.print(f"written: {out}")


def to_sqlite(file: Annotated[Path, typer.Argument(help="SQLite file.")]) -> None:
    """Write the processed layer as typed SQLite, indexed on keys and UIDs."""
    rows = export_sqlite(_snapshot(Settings()), file)
    table(str(file), ["table", "rows"], [[name, n] for name, n in rows.items()])


def _snapshot(settings: Settings) -> Path:
    if not settings.snapshot.exists():
        fail("nothing is published yet: run 'dicom-pipeline ingest FOLDER' first")
    return settings.snapshot
