"""Commands about refused files: which wait, and once more through the door."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from dicom_pipeline.cli.console import (
    UNBALANCED,
    err,
    fail,
    print_json,
    table,
)
from dicom_pipeline.cli.health import Json, by_reason, show_balance, show_waiting
from dicom_pipeline.cli.load import run_all_due
from dicom_pipeline.dicom.reasons import QuarantineReason
from dicom_pipeline.places import Places
from dicom_pipeline.settings import Settings
from dicom_pipeline.sources.quarantine import Choice, Quarantine, Replay, Waiting
from dicom_pipeline.sources.versions import CONFLICTS

app = typer.Typer(
    help="Files that were refused: which, why, and once more through the door.",
    no_args_is_help=True,
)
_PERSONAL = ("source_key", "modified_at", "bytes", "sop_instance_uid")

Reason = Annotated[
    QuarantineReason | None, typer.Option(help="Only what was refused for this.")
]
Month = Annotated[
    str,
    typer.Option(help="Only this study month; of arrival where there is no header."),
]
Files = Annotated[bool, typer.Option("--files", help="A line per file: its keyed id.")]
Layer = Annotated[
    str, typer.Option(help="raw: with keys and UIDs, for those allowed to see them.")
]


def register(group: typer.Typer) -> None:
    """Add this group's commands."""
    app.command("list")(list_command)
    app.command("replay")(replay_command)
    group.add_typer(app, name="quarantine")


def list_command(
    reason: Reason = None,
    month: Month = "",
    files: Files = False,
    layer: Layer = "",
    json: Json = False,
) -> None:
    """Count the files that wait, by reason; say which a newer reader may read."""
    if layer not in {"", "raw"}:
        fail("--layer is raw, or left out")
    with Places(Settings()).open() as places:
        quarantine = places.quarantine
        choice = Choice(reason or "", month)
        waiting, reasons = quarantine.waiting(choice), by_reason(quarantine, choice)
        rows = _lines(quarantine, waiting, layer) if files or layer else []
    if json:
        print_json({"waiting": len(waiting), "reasons": reasons, "files": rows})
        return
    show_waiting(reasons)
    if rows:
        columns = list(rows[0])
        table("files", columns, [[row[name] for name in columns] for row in rows])


def replay_command(
    reason: Reason = None,
    month: Month = "",
    every: Annotated[
        bool, typer.Option("--all", help="Every file that waits.")
    ] = False,
    accept: Annotated[
        bool,
        typer.Option("--accept", help="Let conflicting files in as newer versions."),
    ] = False,
    later: Annotated[
        bool, typer.Option("--later", help="Leave the work to a running daemon.")
    ] = False,
    json: Json = False,
) -> None:
    """Read waiting files again, and carry to the tables what can be read now."""
    if not (reason or month or every):
        fail("say which files: --reason, --month or --all")
    if accept and reason not in CONFLICTS:
        fail(f"--accept needs --reason {' or '.join(CONFLICTS)}")
    with Places(Settings()).open() as places:
        quarantine = places.quarantine
        before = quarantine.waiting()
        done = quarantine.replay(Choice(reason or "", month), accept=accept)
        if not later:
            run_all_due(places)
            quarantine.sweep()
        left = quarantine.waiting()
        balance = places.ledger.balance()
    facts = _facts(done, before, left)
    if json:
        print_json({**facts, "balance": vars(balance)})
    else:
        _say(facts, later=later)
        show_balance(balance)
    if not (later or balance.holds):
        fail(f"{balance.pending} files have no outcome: run it again", UNBALANCED)


def _lines(
    quarantine: Quarantine, waiting: list[Waiting], layer: str
) -> list[dict[str, Any]]:
    """A line per file; what may name a person, for the raw layer alone."""
    personal = {
        row["arrival_id"]: {name: row[name] for name in _PERSONAL}
        for row in (quarantine.details(waiting) if layer else ())
    }
    return [
        {
            "id": file.arrival_id,
            "reason": file.reason,
            "month": file.month,
            "attempts": file.attempts,
            "reader": file.reader_version,
            **personal.get(file.arrival_id, {}),
            **({"waits_at": file.key} if layer else {}),
        }
        for file in waiting
    ]


def _facts(done: Replay, before: list[Waiting], left: list[Waiting]) -> dict[str, int]:
    return {
        "replayed": done.files,
        "batches": len(done.batches),
        "copies_missing": done.missing,
        "waited": len(before),
        "wait": len(left),
    }


def _say(facts: Mapping[str, int], *, later: bool) -> None:
    err.print(f"{facts['replayed']} files handed out again")
    if facts["copies_missing"]:
        err.print(f"{facts['copies_missing']} have no copy: ask the provider for them")
    if later:
        err.print("the sensors will take them through the door")
    else:
        err.print(f"{facts['waited']} waited, {facts['wait']} wait now")
