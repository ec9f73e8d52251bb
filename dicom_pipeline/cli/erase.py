"""The command that erases a patient: everything of him, and a receipt."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from dicom_pipeline.cli.console import MISSING, err, fail, print_json, table
from dicom_pipeline.deid.keys import KeyUnavailableError
from dicom_pipeline.dicom.identity import is_named, patient_identity
from dicom_pipeline.places import Places
from dicom_pipeline.resources.bucket import BucketError
from dicom_pipeline.resources.local_s3 import LocalS3Error
from dicom_pipeline.settings import Settings

LEAKS = 5
"""Exit code where something of the patient was found afterwards."""

PatientId = Annotated[
    str,
    typer.Option(help="(0010,0020); '-' or left out: asked for, so no shell keeps it."),
]
IdFile = Annotated[
    Path | None, typer.Option(help="Read the Patient ID from the file's first line.")
]
Issuer = Annotated[
    str, typer.Option(help="(0010,0021) of his files; left out: they have none.")
]
Provider = Annotated[
    str, typer.Option(help="Provider who gave the id; left out: the one that is set.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Count; change nothing.")]
ProviderBucket = Annotated[
    bool,
    typer.Option(
        "--provider-bucket", help="Delete the provider's own files, which are his."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask once more.")]
Json = Annotated[bool, typer.Option("--json", help="The receipt, for machines.")]


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command("erase")(erase)


def erase(  # noqa: PLR0913, PLR0917  # each is an option of the command
    patient_id: PatientId = "-",
    id_file: IdFile = None,
    issuer: Issuer = "",
    provider: Provider = "",
    dry_run: DryRun = False,
    provider_bucket: ProviderBucket = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Erase one patient everywhere, refuse him from now on, write a receipt."""
    settings = Settings()
    given = _given(patient_id, id_file)
    identity = patient_identity(issuer, provider or settings.provider, given, "")
    if not is_named(identity):
        fail("this is no id of one person: many patients have it")
    places = Places(settings)
    try:
        with places.open():
            facts = places.erasure.look(identity)
            if not dry_run:
                _agree(facts, yes=yes, json=json)
                with err.status("erasing") as status:
                    work = replace(places.erasure, say=status.update)
                    facts = work.erase(
                        identity, provider_bucket=provider_bucket, store_forgets=True
                    )
        if not dry_run:
            _forget(places)
    except (BucketError, LocalS3Error, KeyUnavailableError) as error:
        fail(f"{error}; run it again: it goes on where it stopped")
    _show(facts, json=json)
    _judge(facts, dry_run=dry_run)


def _forget(places: Places) -> None:
    """Let the embedded store forget the bytes as well, once it has stopped."""
    if places.is_embedded and not places.local_s3.forget():
        err.print("the store is in use: its files forget him when it starts again")


def _given(patient_id: str, file: Path | None) -> str:
    """The Patient ID: from a file, the command line, a pipe or a prompt."""
    if file is not None:
        try:
            return file.read_text("utf-8").partition("\n")[0]
        except (OSError, UnicodeDecodeError):
            fail("the file with the Patient ID cannot be read")
    if patient_id != "-":
        return patient_id
    if sys.stdin.isatty():
        return str(typer.prompt("Patient ID", hide_input=True))
    return sys.stdin.readline().rstrip("\r\n")


def _agree(facts: Mapping[str, Any], *, yes: bool, json: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        fail("nothing was erased: say --yes, or --dry-run to count")
    if not json:
        _show(facts, json=False)
    typer.confirm("Erase all of it? There is no way back", abort=True, err=True)


def _show(facts: Mapping[str, Any], *, json: bool) -> None:
    if json:
        print_json(facts)
        return
    flat = {name: value for name, value in facts.items() if not _is_group(value)}
    for name, group in facts.items():
        if _is_group(group):
            flat |= {f"{name}: {place}": count for place, count in group.items()}
    table("erasure", ["what", ""], [[name, value] for name, value in flat.items()])


def _is_group(value: object) -> bool:
    return isinstance(value, Mapping)


def _judge(facts: Mapping[str, Any], *, dry_run: bool) -> None:
    if others := facts.get("same_id_of_other_issuers"):
        err.print(f"{others} other patients have this id: their issuer is another")
    if dry_run and not facts["files_received"]:
        fail("nobody of this id is here: try --issuer or --provider", MISSING)
    if facts.get("found_afterwards"):
        fail("something was found afterwards: stop the loads, run it again", LEAKS)
    if facts.get("left_with_the_provider"):
        err.print("the provider's files stay: --provider-bucket, or ask the provider")
