"""Commands about what has arrived: a first load from an inventory, and the queue."""

from dataclasses import asdict
from typing import Annotated
from urllib.parse import urlsplit

import typer

from dicom_pipeline.cli.console import (
    FAILED,
    MISSING,
    err,
    fail,
    print_json,
    progress,
)
from dicom_pipeline.places import Places
from dicom_pipeline.resources.bucket import Bucket, BucketError
from dicom_pipeline.resources.local_s3 import LocalS3Error
from dicom_pipeline.resources.queue import QueueError
from dicom_pipeline.settings import Settings
from dicom_pipeline.sources.intake import PROVIDER
from dicom_pipeline.sources.inventory import Inventory, Progress
from dicom_pipeline.sources.inventory_files import InventoryError

arrivals_app = typer.Typer(
    help="What has arrived, and who tells.", no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help="One JSON object to stdout.")]
Report = Annotated[
    str, typer.Argument(help="s3://bucket/…/manifest.json of an inventory report.")
]


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    arrivals_app.command("inventory")(inventory)
    arrivals_app.command("queue")(queue)
    app.add_typer(arrivals_app, name="arrivals")


def inventory(manifest: Report, json: Json = False) -> None:
    """Record every object of an S3 inventory report, without listing the bucket.

    The sensors (or the next ingest) load them. Ended early and run again, it goes on
    where it was left; an object that is known already counts once.
    """
    parts = urlsplit(manifest)
    if parts.scheme != "s3" or not parts.path.endswith("/manifest.json"):
        fail("give the report as s3://bucket/…/manifest.json", MISSING)
    try:
        with Places(Settings()).open() as places:
            done = _load(places, parts.netloc, parts.path.removeprefix("/"))
            places.provider_watch.rest()
    except InventoryError as error:
        fail(str(error))
    except (BucketError, LocalS3Error) as error:
        fail(f"{error}; what was recorded stays: run it again")
    if json:
        print_json(asdict(done))
    else:
        err.print(
            f"{done.rows} rows in {done.files} files read; {done.found} objects are"
            f" new, in {done.batches} batches. The sensors load them."
        )


def queue(json: Json = False) -> None:
    """How many notifications wait, and how many could not be read (dead letters)."""
    waiting = Places(Settings()).queue
    if waiting is None:
        fail(
            "no queue is set: see DICOM_PIPELINE_QUEUE_URL in docs/arrivals.md", MISSING
        )
    try:
        depth = waiting.depth()
    except QueueError as error:
        fail(str(error))
    if json:
        print_json(asdict(depth))
    else:
        err.print(depth.text)
    if depth.dead != 0:
        raise typer.Exit(FAILED)


def _load(places: Places, bucket: str, key: str) -> Progress:
    """Load the report with a progress bar."""
    report = Inventory(
        reports=Bucket(bucket, places.store),
        intake=places.intake,
        source=PROVIDER,
        bucket_name=places.settings.provider_bucket,
        prefix=places.settings.provider_prefix,
    )
    with progress("report files") as bar:
        task = bar.add_task("reading", total=None)

        def show(now: Progress) -> None:
            bar.update(
                task,
                completed=now.files,
                total=now.files_total,
                description=f"{now.rows} rows, {now.found} new",
            )

        return report.load(key, show)
