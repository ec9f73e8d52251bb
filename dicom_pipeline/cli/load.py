"""Commands that move files through the layers: demo, ingest, up."""

import logging
import time
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from dicom_pipeline.cli.console import FAILED, UNBALANCED, err, fail, out, print_json
from dicom_pipeline.cli.files import Json, Sources, push_into
from dicom_pipeline.cli.health import show_balance, show_tables, table_rows
from dicom_pipeline.places import Places
from dicom_pipeline.publish.hold_rules import hold_rules
from dicom_pipeline.settings import Settings


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command("demo")(demo)
    app.command("ingest")(ingest)
    app.command("up")(up)


def demo() -> None:
    """Run the whole graph on real sample DICOM, offline: tables, JPEGs, a report."""
    from dicom_pipeline.sources.hospital import write_hospital  # noqa: PLC0415

    began = time.monotonic()
    with TemporaryDirectory() as folder:
        hospital = Path(folder) / "hospital"
        made = write_hospital(hospital)
        err.print(f"{made} files of a made-up hospital, and those of pydicom's wheel")
        _ingest([str(hospital), str(_pydicom_files())], json=False)
    _where_to_look(time.monotonic() - began)


def ingest(sources: Sources, json: Json = False) -> None:
    """Push, then run everything that is due to its end; no daemon is needed."""
    _ingest(sources, json=json)


def up(
    port: Annotated[int, typer.Option(help="Port of the web page.")] = 0,
) -> None:
    """Start the local S3 server, the web page and the daemon; ctrl-C stops them."""
    from dicom_pipeline.cli.serve import serve  # noqa: PLC0415  # starts processes

    settings = Settings()
    hold_rules(settings.dbt_project)
    with Places(settings).open() as places:
        serve(places, port or settings.webserver_port)


def _ingest(sources: list[str], *, json: bool) -> None:
    settings = Settings()
    hold_rules(settings.dbt_project)
    with Places(settings).open() as places:
        sent = push_into(places, sources)
        run_all_due(places)
        balance = places.ledger.balance()
        rows = table_rows(places)
    if json:
        print_json({"pushed": sent.uploaded, "balance": vars(balance), "tables": rows})
    else:
        show_balance(balance)
        show_tables(rows)
    if not sent.ok:
        fail(f"{sum(sent.failed.values())} files could not be sent", FAILED)
    if not balance.holds:
        fail(f"{balance.pending} files have no outcome: run it again", UNBALANCED)


def run_all_due(places: Places) -> None:
    """Run the graph in this process and say how far it is.

    Raises:
        typer.Exit: A job failed.
    """
    with err.status("starting") as status:
        # Dagster and dbt take seconds to import, and say more than a user needs.
        warnings.filterwarnings("ignore")
        logging.getLogger("dagster").setLevel(logging.ERROR)
        from dicom_pipeline.engine import (  # noqa: PLC0415
            RunFailedError,
            open_engine,
        )

        try:
            with open_engine(places, status.update) as engine:
                engine.run_all_due()
        except RunFailedError as error:
            fail(f"{error}; what it owes stays due: see 'dicom-pipeline status'")


def _pydicom_files() -> Path:
    import pydicom.data  # noqa: PLC0415

    return Path(pydicom.data.__file__).parent


def _where_to_look(seconds: float) -> None:
    out.print(f"\ndone in {seconds:.0f} s. Where to look:")
    out.print(
        '  dicom-pipeline query "select modality, count(*) from fct_images'
        ' group by all"',
        soft_wrap=True,
    )
    out.print("  dicom-pipeline report report.html")
    out.print("  dicom-pipeline up        the graph, at http://127.0.0.1:3000")
