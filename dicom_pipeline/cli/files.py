"""Commands about files before they are loaded: push and validate."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from dicom_pipeline.cli.console import (
    FAILED,
    MISSING,
    REFUSED,
    err,
    fail,
    print_json,
    progress,
    table,
)
from dicom_pipeline.places import Places
from dicom_pipeline.resources.compressor import CompressorError
from dicom_pipeline.settings import Settings
from dicom_pipeline.sources.candidates import files_of
from dicom_pipeline.sources.dicomweb import DicomWeb
from dicom_pipeline.sources.dicomweb_client import Credentials
from dicom_pipeline.sources.push import (
    AmbiguousSourceError,
    Progress,
    PushResult,
    push,
    survey,
)
from dicom_pipeline.sources.source import Below, Source, SourceError
from dicom_pipeline.sources.validate import validate, write_csv
from dicom_pipeline.sources.words import KNOWN, UnknownSourceError, source_of

Sources = Annotated[list[str], typer.Argument(help=f"Any of: {', '.join(KNOWN)}.")]
Paths = Annotated[list[Path], typer.Argument(help="Files or folders.", exists=True)]
Json = Annotated[bool, typer.Option("--json", help="One JSON object to stdout.")]


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command("push")(push_command)
    app.command("validate")(validate_command)


def push_command(
    sources: Sources,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count files and bytes; send nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Send files to the provider bucket; what is there already is not sent again.

    Exit code 0: all of it is there. 1: some files failed, counted by reason. 3: a
    source is unknown.
    """
    if dry_run:
        _survey(sources, json=json)
        return
    with Places(Settings()).open() as places:
        result = push_into(places, sources)
    if json:
        print_json(_facts(result))
    else:
        _tell(result)
    if not result.ok:
        raise typer.Exit(FAILED)


def _survey(words: Sequence[str], *, json: bool) -> None:
    """Say what each source holds; an archive counts as the file that it is."""
    settings = Settings()
    try:
        found = [survey(source) for source in _named(words, settings)]
    except SourceError as error:
        fail(str(error))
    if json:
        print_json({"sources": [asdict(each) for each in found]})
        return
    rows: list[list[object]] = [
        [number, each.series, each.files, each.bytes]
        for number, each in enumerate(found, 1)
    ]
    table("would be sent", ["source", "series", "files", "bytes"], rows)


def _tell(result: PushResult) -> None:
    opened = f" from {result.archives} archives" if result.archives else ""
    err.print(
        f"{result.uploaded} sent{opened}, {result.unchanged} there already,"
        f" {sum(result.failed.values())} failed"
    )
    if result.failed or result.skipped:
        counts = [*result.failed.items(), *result.skipped.items()]
        table("not sent", ["reason", "files"], [[code, n] for code, n in counts])
    if result.failed:
        err.print("docs/sources.md says what each reason means; run it again to retry")


def push_into(places: Places, words: Sequence[str]) -> PushResult:
    """Send what ``words`` name, with a progress bar."""
    sources = _named(words, places.settings)
    with progress("files") as bar:
        task = bar.add_task("sending", total=None)

        def show(now: Progress) -> None:
            bar.update(task, completed=now.files, total=now.files_total)

        try:
            return push(sources, places.provider, progress=show)
        except (AmbiguousSourceError, SourceError) as error:
            fail(str(error))


def _named(words: Sequence[str], settings: Settings) -> list[Source]:
    try:
        below = settings.provider_prefix
        return [Below(_asking(source_of(word), settings), below) for word in words]
    except (UnknownSourceError, SourceError) as error:
        fail(str(error), MISSING)


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
    paths: Paths,
    report: Annotated[Path, typer.Option(help="CSV file, one row per file.")],
    json: Json = False,
) -> None:
    """Check files without loading them: readable, decodable, complete.

    Exit code 0: every file would be loaded and its pixels seen, or is an index of
    others. 1: the check itself failed. 4: something would be refused.
    """
    compressor = Places(Settings()).local_compressor
    try:
        with progress("files") as bar:
            task = bar.add_task("checking", total=sum(1 for _ in files_of(paths)))
            shown = bar.track(validate(paths, compressor), task_id=task)
            summary = write_csv(shown, report)
    except (CompressorError, OSError) as error:
        fail(str(error))
    if json:
        print_json({"report": str(report), **vars(summary)})
    else:
        counts: list[list[object]] = [list(p) for p in sorted(summary.verdicts.items())]
        table("verdicts", ["verdict", "files"], counts)
        err.print(f"a row per file: {report}")
    if summary.refused:
        raise typer.Exit(REFUSED)


def _facts(result: PushResult) -> dict[str, object]:
    return {
        "uploaded": result.uploaded,
        "unchanged": result.unchanged,
        "uploaded_bytes": result.uploaded_bytes,
        "archives": result.archives,
        "failed": dict(result.failed),
        "skipped": dict(result.skipped),
    }
