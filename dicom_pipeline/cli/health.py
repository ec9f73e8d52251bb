"""Commands about the installation itself: status and doctor."""

import importlib.metadata
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any

import duckdb
import typer

from dicom_pipeline.cli.console import (
    FAILED,
    UNBALANCED,
    err,
    fail,
    out,
    print_json,
    table,
)
from dicom_pipeline.deid.keys import KeyUnavailableError
from dicom_pipeline.places import Places
from dicom_pipeline.publish.hold_rules import RulesRefusedError, hold_rules
from dicom_pipeline.resources.audit import Audit
from dicom_pipeline.resources.bucket import BucketError
from dicom_pipeline.resources.compressor import CompressorError
from dicom_pipeline.resources.ledger import Balance, Outcome
from dicom_pipeline.resources.local_s3 import LocalS3Error
from dicom_pipeline.resources.queue import QueueError
from dicom_pipeline.resources.stale import stale_outputs
from dicom_pipeline.settings import Settings
from dicom_pipeline.sources.quarantine import EVERY, Choice, Quarantine

Json = Annotated[bool, typer.Option("--json", help="One JSON object to stdout.")]
Problem = (
    BucketError,
    CompressorError,
    KeyUnavailableError,
    LocalS3Error,
    OSError,
    QueueError,
    RulesRefusedError,
)
_PACKAGES = ("dagster", "dbt-core", "dbt-duckdb", "duckdb", "pydicom", "pyarrow")


def register(app: typer.Typer) -> None:
    """Add this group's commands."""
    app.command("status")(status)
    app.command("doctor")(doctor)


def status(
    json: Json = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="List every file of the raw bucket.")
    ] = False,
) -> None:
    """What has come in, what became of it, and what is owed, by study month."""
    rules_hold, rules = _tried(_rules)
    with Places(Settings()).open() as places:
        balance = places.ledger.balance()
        found = _found(places, balance, verify=verify) | {"rules": rules}
    if json:
        print_json(found)
    else:
        _show_found(balance, found)
    pairs = found.get("files", {}).values()
    wrong = sum(stored != known for stored, known in pairs)
    if wrong or balance.pending < 0:
        fail(f"{wrong} months have other files than the ledger says", UNBALANCED)
    if not rules_hold:
        fail(rules)


def _found(places: Places, balance: Balance, *, verify: bool) -> dict[str, Any]:
    """Everything that `status --json` says of an installation."""
    stale = stale_outputs(places.months)
    facts = {
        "balance": vars(balance),
        "months": places.ledger.balance_by_month(),
        "due": sorted(places.months.due()),
        "stale": {name: vars(each) for name, each in stale.items()},
        "freshness": vars(places.ledger.accounts.freshness()),
        "quarantine": by_reason(places.quarantine),
        "tables": table_rows(places),
        "queue": _tried(lambda: _queue(places))[1],
    }
    files = {"files": Audit(places.ledger, places.tables).files()} if verify else {}
    return facts | files


def _show_found(balance: Balance, found: Mapping[str, Any]) -> None:
    show_balance(balance)
    err.print(f"notifications: {found['queue']}")
    _show_months(found["months"], found["due"])
    _show_stale(found["stale"])
    freshness = found["freshness"].items()
    table("freshness", ["files", "at"], [[*pair] for pair in freshness])
    show_waiting(found["quarantine"])
    show_tables(found["tables"])


def _show_months(
    by_month: Mapping[str, Mapping[str, int]], due: Collection[str]
) -> None:
    outcomes = list(Outcome)
    rows: list[list[object]] = [
        [
            month,
            sum(counts.values()),
            *(counts.get(each, 0) for each in outcomes),
            "yes" if month in due else "",
        ]
        for month, counts in by_month.items()
    ]
    table("by study month", ["month", "files", *outcomes, "owed"], rows)


def _show_stale(stale: Mapping[str, Mapping[str, Any]]) -> None:
    """Print what files or rules have left behind, and what brings it up to date."""
    if not stale:
        out.print("every table and JPEG is made by today's rules")
        return
    rows: list[list[object]] = [
        [name, each["months"], ", ".join(each["causes"])]
        for name, each in stale.items()
    ]
    table("stale", ["what", "months", "why"], rows)
    err.print("one load makes it again: dicom-pipeline ingest, or the job load_months")


def by_reason(
    quarantine: Quarantine, choice: Choice = EVERY
) -> dict[str, dict[str, int]]:
    """Count the files that wait, and those that an older reader has refused."""
    waiting = quarantine.waiting(choice)
    files = Counter(file.reason for file in waiting)
    older = Counter(file.reason for file in waiting if quarantine.is_outdated(file))
    return {
        reason: {"files": files[reason], "older_reader": older[reason]}
        for reason in sorted(files)
    }


def show_waiting(reasons: Mapping[str, Mapping[str, int]]) -> None:
    """Print what waits in the quarantine, by reason."""
    if not reasons:
        out.print("nothing waits in the quarantine")
        return
    rows: list[list[object]] = [
        [reason, counts["files"], counts["older_reader"]]
        for reason, counts in reasons.items()
    ]
    table("quarantine", ["reason", "files", "refused by an older reader"], rows)
    if any(counts["older_reader"] for counts in reasons.values()):
        out.print("the reader is newer now: dicom-pipeline quarantine replay --all")


def doctor(json: Json = False) -> None:
    """Check versions, store, key and compressor; say what to do where one fails."""
    places = Places(Settings())
    checks: Mapping[str, Callable[[], str]] = {
        **{name: _version(name) for name in _PACKAGES},
        "compressor": places.compressor.identify,
        "text": lambda: _text(places),
        "store": lambda: _store(places),
        "queue": lambda: _queue(places),
        "rules": _rules,
        "key": lambda: f"check value {places.pseudonyms.check_value}",
        "disk": lambda: _disk(places),
    }
    found = [(name, *_tried(check)) for name, check in checks.items()]
    if json:
        print_json({name: {"ok": ok, "says": says} for name, ok, says in found})
    else:
        rows: list[list[object]] = [
            [name, "ok" if ok else "FAILS", says] for name, ok, says in found
        ]
        table("doctor", ["what", "state", "says"], rows)
    if not all(ok for _, ok, _ in found):
        raise typer.Exit(FAILED)


def show_balance(balance: Balance) -> None:
    """Print the equation that must hold."""
    parts = " + ".join(
        f"{n} {o.replace('_', ' ')}" for o, n in balance.outcomes.items()
    )
    sign = "=" if balance.holds else "≠"
    out.print(f"received {balance.received} {sign} {parts}", soft_wrap=True)
    if balance.pending:
        err.print(f"{balance.pending} are pending")
    if balance.reasons:
        rows: list[list[object]] = [[k, n] for k, n in balance.reasons.items()]
        table("set aside", ["reason", "files"], rows)


def show_tables(rows: Mapping[str, int]) -> None:
    """Print what each processed table and the stage bucket hold."""
    table("processed", ["table", "rows"], [[k, n] for k, n in rows.items()])
    out.print(f"{rows.get('processed_images', 0)} JPEGs in the stage bucket")


def table_rows(places: Places) -> dict[str, int]:
    """Rows of each table of the snapshot; none before the first load."""
    snapshot = places.settings.snapshot
    if not snapshot.exists():
        return {}
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        names = connection.execute(
            "select table_name from duckdb_tables() where not internal order by 1"
        ).fetchall()
        counts = [connection.table(name).count("*").fetchall() for (name,) in names]
    return {name: count for (name,), [(count,)] in zip(names, counts, strict=True)}


def _tried(check: Callable[[], str]) -> tuple[bool, str]:
    try:
        return True, check()
    except Problem as error:
        return False, str(error)


def _rules() -> str:
    hold_rules(Settings().dbt_project)
    return "as released"


def _version(name: str) -> Callable[[], str]:
    return lambda: importlib.metadata.version(name)


def _store(places: Places) -> str:
    with places.open():
        for bucket in (places.provider, places.raw, places.stage):
            bucket.list_page()
    return places.store.endpoint or "AWS"


def _queue(places: Places) -> str:
    """How full the queue is; dead letters are a fault."""
    if places.queue is None:
        return "no queue is set, buckets are listed"
    depth = places.queue.depth()
    if depth.dead:
        raise QueueError(f"{depth.text}: see docs/arrivals.md")
    return depth.text


def _text(places: Places) -> str:
    """What reads text on images, if anything does."""
    texts = places.pixel_texts
    return f"{texts.reader.version}, {texts.scope}" if texts else "no image is read"


def _disk(places: Places) -> str:
    home = places.settings.home.absolute()
    free = shutil.disk_usage(home if home.exists() else home.parent).free
    return f"{free / 1024**3:.0f} GiB free"
