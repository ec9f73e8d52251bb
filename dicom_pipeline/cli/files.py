"""Commands about files before they are loaded: push and validate."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from dicom_pipeline.cli.console import (
    FAILED,
    MISSING,
    err,
    fail,
    print_json,
    progress,
    table,
)
from dicom_pipeline.places import Places
from dicom_pipeline.settings import Settings
from dicom_pipeline.sources.dicomweb import DicomWeb
from dicom_pipeline.sources.dicomweb_client import Credentials
from dicom_pipeline.sources.push import (
    AmbiguousSourceError,
    Progress,
    PushResult,
    push,
)
from dicom_pipeline.sources.source import Source, SourceError
from dicom_pipeline.sources.validate import validate, write_csv
from dicom_pipeline.sources.words import KNOWN, UnknownSourceError, source_of

Sources = Annotated[list[str], typer.Argument(help=f"Any of: {', '.join(KNOWN)}.")]
Paths = Annotated[list[Path], typer.Argument(help="Files or folders.", exists=True)]
Json = Annotated[bool, typer.Option("--json", help="One JSON object to stdout.")]


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command("push")(push_command)
    app.command("validate")(validate_command)


def push_command(sources: Sources, json: Json = False) -> None:
    """Send files to the provider bucket; what is there already is not sent again."""
    with Places(Settings()).open() as places:
        result = push_into(places, sources)
    if json:
        print_json(_facts(result))
    else:
        err.print(
            f"{result.uploaded} sent, {result.unchanged} there already,"
            f" {sum(result.failed.values())} failed"
        )
    if not result.ok:
        raise typer.Exit(FAILED)


def push_into(places: Places, words: Sequence[str]) -> PushResult:
    """Send what ``words`` name, with a progress bar."""
    try:
        named = [source_of(word) for word in words]
    except (UnknownSourceError, SourceError) as error:
        fail(str(error), MISSING)
    sources = [_asking(source, places.settings) for source in named]
    with progress("files") as bar:
        task = bar.add_task("sending", total=None)

        def show(now: Progress) -> None:
            bar.update(task, completed=now.files, total=now.files_total)

        try:
            return push(sources, places.provider, progress=show)
        except (AmbiguousSourceError, SourceError) as error:
            fail(str(error))


def _asking(source: Source, settings: Settings) -> Source:
    """Give a server the credentials of the settings; the others need none."""
    if not isinstance(source, DicomWeb):
        return source
    password, token = settings.dicomweb_password, settings.dicomweb_token
    return source.asking_as(
        Credentials(
            settings.dicomweb_user,
            password.get_secret_value(),
            token.get_secret_value(),
        )
    )


def validate_command(
    sources: Paths,
    report: Annotated[Path, typer.Option(help="CSV file, one row per file.")],
    json: Json = False,
) -> None:
    """Check files without loading them: readable, decodable, complete."""
    compressor = Places(Settings()).compressor
    counts = write_csv(validate(sources, compressor), report)
    if json:
        print_json({"report": str(report), "verdicts": dict(counts)})
    else:
        rows: list[list[object]] = [list(pair) for pair in sorted(counts.items())]
        table("verdicts", ["verdict", "files"], rows)
        err.print(f"a row per file: {report}")


def _facts(result: PushResult) -> dict[str, object]:
    return {
        "uploaded": result.uploaded,
        "unchanged": result.unchanged,
        "uploaded_bytes": result.uploaded_bytes,
        "failed": dict(result.failed),
        "skipped": dict(result.skipped),
    }
