"""The console script: one typer application, one module per group of commands.

Dagster and dbt take seconds to import, so nothing here imports them at the top.
"""

import typer

from dicom_pipeline.cli import (
    arrivals,
    deid,
    deliver,
    erase,
    files,
    headers,
    health,
    load,
    persons,
    quarantine,
    receive,
    review,
    versions,
)
from dicom_pipeline.cli.stops import Commands

app = typer.Typer(
    name="dicom-pipeline",
    cls=Commands,
    help="DICOM files in S3 become de-identified tables and right-looking JPEGs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for group in (
    *(load, files, arrivals, receive, quarantine, review, versions),
    *(deliver, headers, health, erase, deid, persons),
):
    group.register(app)
