"""Commands about whole headers: their schema as a tree, and nested Parquet."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from dicom_pipeline.cli.console import err, fail, print_json, progress, table
from dicom_pipeline.cli.files import Json
from dicom_pipeline.cli.headers_stage import (
    line_of,
    say_stage,
    stage_plan,
    write_stage,
)
from dicom_pipeline.cli.headers_tree import print_tree
from dicom_pipeline.dicom.nested.choice import UnknownFieldError, chosen, keys_of
from dicom_pipeline.dicom.nested.seen import Level, level_of
from dicom_pipeline.dicom.nested.types import COLUMN_LIMIT, Field, fields_of, within
from dicom_pipeline.places import Places
from dicom_pipeline.publish.header_export import Exported, Plan, export_headers
from dicom_pipeline.publish.header_export_folders import NoFolderError, check_folders
from dicom_pipeline.publish.header_export_places import NotEmptyError, empty_place
from dicom_pipeline.publish.header_fields import DEFAULT, keys_for
from dicom_pipeline.publish.header_tree import tree_of
from dicom_pipeline.resources.bucket import BucketError
from dicom_pipeline.resources.header_schemas import HeaderSchemas
from dicom_pipeline.resources.local_s3 import LocalS3Error
from dicom_pipeline.settings import Settings

headers_app = typer.Typer(help="Whole headers: every element.", no_args_is_help=True)

Layer = Annotated[
    str,
    typer.Option(
        help="'stage' is de-identified; 'raw' says that you know: it names patients."
    ),
]
Fields = Annotated[
    list[str] | None,
    typer.Option(
        "--field", help='Keyword, or (0029,"SIEMENS CSA HEADER",10); more than once.'
    ),
]
FieldFile = Annotated[
    Path | None, typer.Option("--fields", help="YAML list of the same.")
]


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    headers_app.command("schema")(schema)
    headers_app.command("export")(export)
    app.add_typer(headers_app, name="headers")


def schema(
    depth: Annotated[int, typer.Option(help="Sequences to open.", min=0)] = 16,
    find: Annotated[str, typer.Option(help="Only names with this in them.")] = "",
    layer: Annotated[
        str, typer.Option(help="'raw' shows private creators of no dictionary, too.")
    ] = "",
    json: Json = False,
) -> None:
    """Show every element of all headers: type, mode, and how often it is filled."""
    with _opened() as places:
        level = _level(places)
    nodes = tree_of(level, with_creators=layer == "raw")
    if json:
        elements = [node.facts() for node in nodes]
        print_json({"headers": level.count, "elements": elements})
    else:
        print_tree(nodes, level.count, depth, find)


def export(
    out: Annotated[str, typer.Argument(help="Empty folder, or s3://bucket/prefix.")],
    partition_by: Annotated[
        str, typer.Option(help="Keywords that become folders, with commas between.")
    ] = "",
    field: Fields = None,
    fields: FieldFile = None,
    layer: Layer = "",
    json: Json = False,
) -> None:
    """Write nested, typed Parquet, a row per SOP instance.

    With --layer stage, what the allow-list lets over the line, at every depth; with
    --layer raw, everything: it names patients.
    """
    if layer not in {"raw", "stage"}:
        fail(
            "headers hold names, dates and numbers of patients: say --layer stage for"
            f" an export without them, --layer raw if {out} may hold them, too"
        )
    with _worded():
        folders = keys_of(filter(None, partition_by.split(",")))
        keys = keys_for(field or (), fields)
    with _opened() as places:
        level = _level(places)
        if layer == "stage":
            _stage(places, level, (keys, folders), out, json=json)
            return
        plan, given_up = _plan(level, keys, folders)
        _tell_unseen(level, (*keys, *folders))
        place = empty_place(out, places.store)
        with _bar(places) as told:
            done = export_headers(places.tables, places.ledger, plan, place, told)
    _say(out, done, given_up, json=json)


def _stage(
    places: Places,
    level: Level,
    wanted: tuple[tuple[str, ...], tuple[str, ...]],
    out: str,
    *,
    json: bool,
) -> None:
    plan = stage_plan(level, line_of(places), *wanted)
    with _bar(places) as told:
        done = write_stage(places, plan, out, told)
    say_stage(out, done, json=json)


def index_fields(places: Places, words: Sequence[str]) -> tuple[Field, ...]:
    """Return the columns of ``dicom_index``: those asked for, or those of the setting.

    Raises:
        UnknownFieldError: A word is no element.
    """
    listed = places.settings.index_fields
    keys = keys_for(words, Path(listed) if listed and not words else None)
    level = HeaderSchemas(places.tables, places.ledger).known()
    fields = chosen(level, keys or keys_of(DEFAULT))
    _check_names(fields)
    return fields


def _plan(
    level: Level, keys: tuple[str, ...], folders: tuple[str, ...]
) -> tuple[Plan, int]:
    partition_by = chosen(level, folders)
    check_folders(partition_by)
    fields = chosen(level, keys) if keys else fields_of(level)
    stay = tuple(each for each in fields if each.key not in folders)
    stay, given_up = within(stay, COLUMN_LIMIT)
    _check_names((*stay, *partition_by))
    return Plan(stay, partition_by), given_up


def _check_names(fields: tuple[Field, ...]) -> None:
    """Refuse two columns of one name: creators that differ in odd letters alone."""
    names = [each.name.lower() for each in fields]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        fail(f"two elements would share the column {twice[0]}: choose one of them")


def _level(places: Places) -> Level:
    schemas = HeaderSchemas(places.tables, places.ledger)
    with progress("batches") as bar:
        task = bar.add_task("looking at headers", total=None)
        schemas.complete(
            lambda done, total: bar.update(task, completed=done, total=total)
        )
    level = level_of(schemas.merged())
    if not level.count:
        fail("no header is loaded yet: run 'dicom-pipeline ingest FOLDER' first")
    return level


def _tell_unseen(level: Level, keys: tuple[str, ...]) -> None:
    unseen = [key for key in dict.fromkeys(keys) if key not in level.elements]
    if unseen:
        err.print(f"{len(unseen)} of the fields are in no header; they will be null")


@contextmanager
def _opened() -> Iterator[Places]:
    with _worded(), Places(Settings()).open() as places:
        yield places


@contextmanager
def _worded() -> Iterator[None]:
    """Say what goes wrong in words."""
    try:
        yield
    except NotEmptyError as error:
        fail(f"{error}: choose another place, or empty it")
    except (UnknownFieldError, NoFolderError, BucketError, LocalS3Error) as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.strerror}: {error.filename}")


@contextmanager
def _bar(places: Places) -> Iterator[Callable[[int], None]]:
    with progress("headers") as bar:
        task = bar.add_task("writing", total=places.ledger.instances())
        yield lambda rows: bar.update(task, completed=rows)


def _say(out: str, done: Exported, given_up: int, *, json: bool) -> None:
    lost = _lost(done)
    if json:
        facts = {**vars(done), "columns_given_up": given_up, "out": out}
        print_json(facts | {"lost": [list(row) for row in lost]})
        return
    err.print(
        f"{done.rows:,} headers, {done.columns:,} columns, {done.files:,} files,"
        f" {done.bytes / 1e6:,.1f} MB in {out}"
    )
    if given_up:
        err.print(
            f"{given_up} columns are in OtherElements: {COLUMN_LIMIT} is the limit"
        )
    if lost:
        rows: list[list[object]] = [list(row) for row in lost]
        table("null, though the header has a value", ["column", "why", "values"], rows)
    err.print("[yellow]This names patients:[/yellow] guard it like the files.")


def _lost(done: Exported) -> list[tuple[str, str, int]]:
    return [(name, why, n) for (name, why), n in sorted(done.lost.items())]
