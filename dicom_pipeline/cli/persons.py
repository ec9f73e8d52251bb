"""Commands about patients who are known under several ids.

Patients are named by their patient key, as in dim_patients; nothing here prints an id.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from dicom_pipeline.cli.console import err, fail, out, print_json, table
from dicom_pipeline.cli.health import Json
from dicom_pipeline.cli.load import run_all_due
from dicom_pipeline.deid.person_counts import PersonCounts
from dicom_pipeline.deid.person_rules import PersonRules, PersonRulesError
from dicom_pipeline.places import Places
from dicom_pipeline.settings import Settings

app = typer.Typer(
    help="Patients known under several ids: how many, why, and what people say.",
    invoke_without_command=True,
)

One = Annotated[str, typer.Argument(help="patient_key, as in dim_patients.")]
Other = Annotated[str, typer.Argument(help="patient_key of the other.")]
Later = Annotated[
    bool, typer.Option("--later", help="Leave the tables to a running daemon.")
]
Rules = Annotated[
    Path | None, typer.Argument(help="YAML; takes the place of what was said before.")
]


def register(group: typer.Typer) -> None:
    """Add this group's commands."""
    app.callback()(persons)
    app.command("group")(group_command)
    app.command("held")(held)
    app.command("link")(link)
    app.command("unlink")(unlink)
    app.command("rules")(rules_command)
    app.command("history")(history)
    group.add_typer(app, name="persons")


def persons(context: typer.Context, json: Json = False) -> None:
    """Count persons by the number of their patients, and say what joins them."""
    if context.invoked_subcommand:
        return
    with Places(Settings()).open() as places:
        counts, _ = places.persons.look()
    _show(counts, json=json)
    if counts.changed and not json:
        err.print(
            f"{counts.changed} patients are to change: 'dicom-pipeline persons group'"
        )


def group_command(later: Later = False, json: Json = False) -> None:
    """Group now, as the weekly schedule does, and build the tables again."""
    with Places(Settings()).open() as places:
        _group(places, later=later, json=json)


def held(json: Json = False) -> None:
    """List patients who may be one, with the doubt; link or unlink decides."""
    with Places(Settings()).open() as places:
        _, found = places.persons.look()
        key = places.persons.key
        rows = [
            {"doubt": each.doubt.value, "patient_keys": [*map(key, each.members)]}
            for each in found.held
        ]
    if json:
        print_json({"held": rows})
        return
    for row in rows:
        out.print(row["doubt"], *row["patient_keys"], sep="\n  ", soft_wrap=True)
    err.print(f"{len(rows)} wait; 'dicom-pipeline persons link' joins two of them")


def link(one: One, other: Other, later: Later = False, json: Json = False) -> None:
    """Say that two patients are one person, whatever their headers say."""
    _say(lambda rules: rules.linked(one, other), later=later, json=json)


def unlink(one: One, other: Other, later: Later = False, json: Json = False) -> None:
    """Say that two patients are not one person; others that connect them wait."""
    _say(lambda rules: rules.unlinked(one, other), later=later, json=json)


def rules_command(file: Rules = None, later: Later = False, json: Json = False) -> None:
    """Print what people have said, as YAML; or take it from a file."""
    if file is not None:
        said = _read(file)
        _say(lambda _: said, later=later, json=json)
        return
    with Places(Settings()).open() as places:
        facts = places.persons.rules_by_key.facts()
    if json:
        print_json(facts)
    else:
        typer.echo(yaml.safe_dump(facts, sort_keys=False, allow_unicode=True), nl=False)


def history(json: Json = False) -> None:
    """List when which patient became part of which person, and why."""
    with Places(Settings()).open() as places:
        key = places.persons.key
        rows = [_told(row, key) for row in places.persons.history()]
    if json:
        print_json({"history": rows})
    else:
        table("history", [*_TOLD], [[row[name] for name in _TOLD] for row in rows])


_TOLD = ("changed_at", "patient_key", "person_before", "person_after", "reason")


def _told(row: Mapping[str, Any], key: Callable[[str], str]) -> dict[str, object]:
    named = {"patient_key": row["patient_identity"]}
    named |= {name: row[name] for name in ("person_before", "person_after")}
    keys = {name: key(one) if one else None for name, one in named.items()}
    when = row["changed_at"].isoformat(timespec="seconds")
    return {"changed_at": when, **keys, "reason": row["reason"]}


def _say(
    change: Callable[[PersonRules], PersonRules], *, later: bool, json: bool
) -> None:
    with Places(Settings()).open() as places:
        try:
            places.persons.say(change(places.persons.rules_by_key))
        except PersonRulesError as error:
            fail(str(error))
        _group(places, later=later, json=json)


def _group(places: Places, *, later: bool, json: bool) -> None:
    counts = places.persons.group()
    if counts.changed and not later:
        run_all_due(places)
    _show(counts, json=json)
    if not json:
        err.print(f"{counts.changed} patients have another person now")


def _read(file: Path) -> PersonRules:
    try:
        return PersonRules.read(yaml.safe_load(file.read_text("utf-8")))
    except OSError:
        fail("the file of rules cannot be read")
    except (yaml.YAMLError, UnicodeDecodeError):
        fail("the file of rules is not YAML")
    except PersonRulesError as error:
        fail(str(error))


def _show(counts: PersonCounts, *, json: bool) -> None:
    if json:
        print_json(vars(counts))
        return
    out.print(f"{counts.patients} patients are {counts.persons} persons")
    for title, found in (
        ("patients of a person", counts.by_size),
        ("evidence", counts.by_evidence),
        ("held", counts.held),
    ):
        rows: list[list[object]] = [[name, count] for name, count in found.items()]
        if rows:
            table(title, [title, "count"], rows)
    if counts.strangers:
        err.print(f"{counts.strangers} patients of links are not there")
