"""How much of free text crosses the line, in counts."""

from typing import Annotated

import typer

from dicom_pipeline.cli.console import err, print_json, table
from dicom_pipeline.deid.kept_words import KeptWords
from dicom_pipeline.deid.rules import rules_from
from dicom_pipeline.places import Places
from dicom_pipeline.resources.kept_words import kept_words
from dicom_pipeline.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="One JSON object to stdout.")]


def register(group: typer.Typer) -> None:
    """Add the command to the group ``deid``."""
    group.command("words")(words)


def words(json: Json = False) -> None:
    """Count which share of the words in descriptions crosses the line; show none.

    Reads every text of the raw tables that a rule reduces to the imaging lexicon.
    """
    settings = Settings()
    mapping = settings.dbt_project / "seeds" / "anonymization_mapping.csv"
    rules = rules_from(mapping.read_text("utf-8").splitlines())
    numbers = not settings.profile.draws_names
    with Places(settings).open() as places, err.status("counting words"):
        found = kept_words(places.tables, rules, bare_numbers=numbers)
    said = [{**vars(each), "share": each.share} for each in found]
    if json:
        every = sum(each.words for each in found)
        kept = sum(each.kept for each in found)
        print_json({"columns": said, "share": kept / every if every else None})
    else:
        table(
            "words of descriptions",
            ["raw column", "texts", "words", "kept", "share", "emptied texts"],
            [_line(each) for each in found if each.values],
        )


def _line(each: KeptWords) -> list[object]:
    share = "—" if each.share is None else f"{each.share:.1%}"
    name = f"{each.table}.{each.column}"
    return [name, each.values, each.words, each.kept, share, each.emptied]
