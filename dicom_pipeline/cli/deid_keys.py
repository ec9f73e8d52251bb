"""Commands about keys: a new one, a rotation, a release under a recipient's own."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import duckdb
import typer

from dicom_pipeline.cli.console import REFUSED, err, fail, out, print_json, table
from dicom_pipeline.deid.keys import create_key_file
from dicom_pipeline.deid.rotation import (
    Mode,
    RecipientError,
    for_recipient,
    held_by_name,
)
from dicom_pipeline.deid.rules import Rule, rules_from
from dicom_pipeline.places import Places
from dicom_pipeline.publish.k_anonymity import K, small_groups
from dicom_pipeline.publish.release import Release, ReleaseError
from dicom_pipeline.publish.release_record import Releasing
from dicom_pipeline.publish.snapshot import publish
from dicom_pipeline.resources.dbt import DbtError
from dicom_pipeline.resources.key_sources import KeyAddresses, load_key
from dicom_pipeline.resources.local_s3_reclaim import reclaim
from dicom_pipeline.resources.rotation import Counts, Rotation, Say, Side
from dicom_pipeline.resources.rotation_plan import addresses_before
from dicom_pipeline.resources.rotation_record import KeyRecord
from dicom_pipeline.resources.rotation_sql import RenamingError
from dicom_pipeline.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="One JSON object to stdout.")]
ModeOption = Annotated[
    Mode,
    typer.Option(
        help="chained: names follow from the old names, raw may be gone. rederive:"
        " names are made anew from raw, since the old key is known to others."
    ),
]


def register(group: typer.Typer) -> None:
    """Add these commands to the group ``deid``."""
    group.command("new-key")(new_key)
    group.command("rotate-key")(rotate_key)
    group.command("release")(release)


def new_key(
    file: Annotated[Path, typer.Argument(help="Where it is written, mode 0600.")],
) -> None:
    """Write a new random key that only its owner can read; it is not used yet."""
    try:
        create_key_file(file.absolute())
    except FileExistsError:
        fail("there is a file of that name, and a key is never overwritten")
    except OSError as error:
        fail(f"the key cannot be written: {type(error).__name__}")
    uri = file.absolute().as_uri()
    out.print(f"the new key is at {uri}", soft_wrap=True)
    err.print("copy it to where the other keys are kept, then see docs/keys.md")


def rotate_key(
    mode: ModeOption,
    drop_exports: Annotated[
        bool,
        typer.Option("--drop-exports", help="Delete exports in the stage bucket."),
    ] = False,
    json: Json = False,
) -> None:
    """Take everything behind the line to the key that is set, from the one before.

    Set the new key, its version and the earlier keys first (docs/keys.md); stop `up`
    and other commands. Killed and run again, it goes on where it stopped.
    """
    settings = Settings()
    _refuse(mode, settings)
    try:
        with Rotated(settings).open() as places:
            with err.status("rotating") as status:
                work = rotation_of(places, mode, status.update)
                done = replace(work, drop_exports=drop_exports).run()
                if places.is_embedded:
                    status.update("disk")
                    reclaim(settings.s3_home)  # deleted keys stay in its journal
            if mode is Mode.REDERIVE:
                from dicom_pipeline.cli.load import run_all_due  # noqa: PLC0415

                run_all_due(places)
            links = KeyRecord.of(places.raw).links
    except duckdb.IOException:
        fail("another process has the warehouse open: stop it, run the rotation again")
    except (RenamingError, DbtError) as error:
        fail(f"{error}; nothing is mixed: mend it and run the rotation again")
    _say(mode, done, [asdict(link) for link in links], json=json)


def _refuse(mode: Mode, settings: Settings) -> None:
    if mode is Mode.FIRST:
        fail("a rotation is chained or rederive")
    if settings.profile.draws_names:
        fail(
            "under this profile names are random and kept in the vault: no key gives"
            " them, so none is rotated (docs/keys.md)",
            REFUSED,
        )


def release(
    recipient: Annotated[
        str, typer.Option(help="His name, always the same: a-z, digits, hyphens.")
    ],
    folder: Annotated[Path, typer.Option("--out", help="A folder that is made.")],
    jpegs: Annotated[bool, typer.Option("--jpegs", help="Copy JPEGs as well.")] = False,
    new_history: Annotated[
        bool,
        typer.Option("--new-history", help="Let his names change, after a rotation."),
    ] = False,
    k: Annotated[
        int, typer.Option("--k", help="Patients that must look alike; 1: no matter.")
    ] = K,
    json: Json = False,
) -> None:
    """Write the processed tables for one recipient, under names of his own.

    Two recipients cannot join what they have; one can join all that he was given.
    """
    settings = Settings()
    try:
        _hold_k(settings.snapshot, k)
        with Places(settings).open() as places, err.status("releasing"):
            work = _releasing(places, recipient, jpegs=jpegs)
            said = work.run(folder.absolute(), new_history=new_history)
    except (RecipientError, RenamingError, ReleaseError) as error:
        fail(str(error), REFUSED)
    if json:
        print_json(said)
        return
    rows = [[t, f["rows"], f["columns"], f["file"]] for t, f in said["tables"].items()]
    table(f"release {said['number']}", ["table", "rows", "columns", "file"], rows)
    left: list[list[object]] = [[name, why] for name, why in said["left_out"].items()]
    table("left out", ["column", "why"], left)


def _hold_k(snapshot: Path, k: int) -> None:
    """Refuse what shows patients who stand out.

    Raises:
        ReleaseError: Some do.
    """
    found = small_groups(snapshot, k) if snapshot.exists() else None
    if found and found.groups:
        raise ReleaseError(
            f"{found.patients} of {found.every} patients are in {found.groups} groups"
            f" of fewer than {k} by age, sex, institution, year and body part: release"
            " more patients together, drop columns, or decide with --k that it is safe"
        )


def _releasing(places: Places, recipient: str, *, jpegs: bool) -> Releasing:
    settings = places.settings
    key_file = settings.home.absolute() / "release.key"
    if not settings.release_key_uri and not key_file.exists():
        create_key_file(key_file)
    by = for_recipient(
        load_key(settings.release_key),
        recipient,
        places.pseudonyms,
        shifts_dates=settings.profile.shifts_dates,
    )
    held = held_by_name(_rules(settings))
    snapshot = places.warehouse.snapshot
    return Releasing(
        recipient, Release(snapshot, held, by, jpegs), places.raw, places.stage
    )


def _rules(settings: Settings) -> tuple[Rule, ...]:
    mapping = settings.dbt_project / "seeds" / "anonymization_mapping.csv"
    with mapping.open(encoding="utf-8", newline="") as lines:
        return rules_from(lines)


class Rotated(Places):
    """An installation whose keys are changing: they are not held against raw yet."""

    def _hold_key(self) -> None:
        """Let the rotation itself look at the keys."""


def rotation_of(places: Places, mode: Mode, say: Say) -> Rotation:
    """Return the rotation of an open installation to the key that is set.

    Raises:
        KeyRefusedError: The settings are not those of a rotation.
    """
    before = addresses_before(KeyRecord.of(places.raw), places.key_addresses, mode)
    old = Rotated(places.settings.model_copy(update=_settings(before)))
    warehouse = places.warehouse
    return Rotation(
        ledger=places.ledger,
        stage=places.stage,
        warehouse=warehouse,
        dbt=places.dbt,
        rules=_rules(places.settings),
        old=_side(old),
        new=_side(places),
        mode=mode,
        uri=places.settings.key,
        shifts_dates=places.settings.profile.shifts_dates,
        publish=lambda: publish(warehouse.path, warehouse.snapshot),
        say=say,
    )


def _settings(keys: KeyAddresses) -> dict[str, object]:
    return {
        "key_uri": keys.key,
        "key_version": keys.version,
        "previous_key_uris": " ".join(keys.previous),
        "retired_key_uris": " ".join(keys.retired),
    }


def _side(places: Places) -> Side:
    return Side(places.pseudonyms, places.jpegs, places.months)


def _say(
    mode: Mode, done: Counts, links: list[dict[str, object]], *, json: bool
) -> None:
    if json:
        print_json({"mode": mode, "done": done, "keys": links})
        return
    table("rotated", ["what", "count"], [[k, n] for k, n in done.items()])
    shown = [[k["version"], k["mode"], k["check_value"], k["uri"]] for k in links]
    table("keys", ["version", "took over", "check value", "address"], shown)
    err.print(
        "keep the earlier keys and their settings: names are known by all of them"
    )
    if mode is Mode.REDERIVE:
        err.print(
            "withdraw what was released before: its names are those of a lost key"
        )
