"""Commands about the vault of random names: what it holds, and the way back."""

from dataclasses import asdict
from typing import Annotated

import typer

from dicom_pipeline.cli.console import MISSING, err, fail, print_json, table
from dicom_pipeline.places import Places
from dicom_pipeline.resources.vault import VaultStatus
from dicom_pipeline.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="One JSON object to stdout.")]

_NONE = "there is no vault: only the profile safe_harbor names from one"


def register(group: typer.Typer) -> None:
    """Add these commands to the group ``deid``."""
    group.command("vault")(vault)
    group.command("reidentify")(reidentify)


def vault(json: Json = False) -> None:
    """Count what the vault of random names holds; no identifier is opened.

    Ends with 3 if there is none.
    """
    with Places(Settings()).open() as places, err.status("reading the vault"):
        found = places.vault.status() if places.vault.exists else None
    if found is None:
        fail(_NONE, MISSING)
    if json:
        print_json(asdict(found))
    else:
        _show(found)


def reidentify(
    names: Annotated[
        list[str], typer.Argument(help="Patient keys or UIDs, as the tables have them.")
    ],
    why: Annotated[
        str, typer.Option(help="A few words for the record, without a value.")
    ],
    json: Json = False,
) -> None:
    """Say whom random names stand for. Shows identities; who asks is on record.

    Ends with 3 if one of them is not in the vault.
    """
    with Places(Settings()).open() as places, err.status("reading the vault"):
        if not places.vault.exists:
            fail(_NONE, MISSING)
        found = places.vault.named(names, why)
    said = [
        {"name": name, "class": found[name].domain, "identifier": found[name].text}
        for name in names
        if name in found
    ]
    if json:
        print_json({"identities": said})
    else:
        rows: list[list[object]] = [[*each.values()] for each in said]
        table("identities", ["name", "class", "identifier"], rows)
    if len(said) < len(names):
        fail("not every name is in the vault", MISSING)


def _show(found: VaultStatus) -> None:
    rows: list[list[object]] = [[name, n] for name, n in found.surrogates.items()]
    rows += [
        ["objects", found.slots],
        ["bytes", found.bytes],
        ["openings on record", found.reads],
        ["check value", found.check_value],
    ]
    table("vault", ["what", "count"], rows)
