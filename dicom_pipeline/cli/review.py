"""Commands for people who look at withheld images and decide what becomes of them."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated, Any

import typer

from dicom_pipeline.cli.console import (
    FAILED,
    MISSING,
    REFUSED,
    err,
    fail,
    out,
    print_json,
    table,
)
from dicom_pipeline.cli.health import Json
from dicom_pipeline.cli.load import run_all_due
from dicom_pipeline.dicom.pixel_decision import Decision
from dicom_pipeline.dicom.pixel_review import REASONS, Review, Verdict, Why
from dicom_pipeline.dicom.ultrasound import Box
from dicom_pipeline.places import Places
from dicom_pipeline.resources.review_queue import PSEUDONYM, Image
from dicom_pipeline.settings import Settings

_SHOWN = ("image", "reason", "modality", "frames", "rows", "columns")
_LISTED = 50
_SIDES = 4

app = typer.Typer(
    help="Images that the pixel policy withholds: look, then release or refuse.",
    no_args_is_help=True,
)

ImageId = Annotated[
    str, typer.Argument(help="Id as list shows it; or 2.25.…, the name of a JPEG.")
]
Masks = Annotated[
    list[str] | None,
    typer.Option("--mask", help="x,y,width,height in pixels: painted black. Repeat."),
]
By = Annotated[str, typer.Option("--by", help="Who has looked; stays in the raw zone.")]
Note = Annotated[str, typer.Option(help="In your words; stays in the raw zone.")]
Now = Annotated[bool, typer.Option("--now", help="Carry it to the tables at once.")]


def register(group: typer.Typer) -> None:
    """Add this group's commands."""
    app.command("list")(list_command)
    app.command("show")(show)
    app.command("release")(release)
    app.command("refuse")(refuse)
    group.add_typer(app, name="review")


def list_command(
    reason: Annotated[str, typer.Option(help="Only what begins with this.")] = "",
    modality: Annotated[str, typer.Option(help="Only this modality.")] = "",
    json: Json = False,
) -> None:
    """Count what is withheld by reason and modality, and name the images."""
    with Places(Settings()).open() as places, err.status("looking"):
        waiting = [
            each
            for each in places.review_queue.waiting()
            if each.reason.startswith(reason) and modality in {"", each.modality}
        ]
    counts = Counter((each.reason, each.modality) for each in waiting)
    rows = [{name: getattr(each, name) for name in _SHOWN} for each in waiting]
    if json:
        groups = [
            {"reason": why, "modality": kind, "images": count}
            for (why, kind), count in sorted(counts.items())
        ]
        print_json({"waiting": len(waiting), "groups": groups, "images": rows})
        return
    lines: list[list[object]] = [[*key, n] for key, n in counts.most_common()]
    table("withheld", ["reason", "modality", "images"], lines)
    some = [[row[name] for name in _SHOWN] for row in rows[:_LISTED]]
    table("images", list(_SHOWN), some)
    if len(rows) > _LISTED:
        err.print(f"{len(rows) - _LISTED} more: --json, --reason or --modality")
    err.print("look at one: dicom-pipeline review show IMAGE")


def show(
    image: ImageId,
    to: Annotated[
        Path | None, typer.Option(help="New folder for the frames; else one in /tmp.")
    ] = None,
    mask: Masks = None,
    json: Json = False,
) -> None:
    """Render an image onto this machine, for you alone; masks as you give them.

    The files are identified data: nobody else can read them, and you delete them.
    """
    masks = _boxes(mask)
    folder = _private(to)
    with Places(Settings()).open() as places:
        found = _found(places, image)
        _hold(found, masks)
        answers = places.review_queue.render(found, folder, masks)
        seen = _texts(places, found)
    drawn = [answer for answer in answers if answer["status"] == "ok"]
    facts = {name: getattr(found, name) for name in _SHOWN}
    if json:
        where = {"folder": str(folder), "rendered": len(drawn), "texts": seen}
        print_json({**facts, **where})
    else:
        rows: list[list[object]] = [[name, value] for name, value in facts.items()]
        table("image", ["what", ""], rows)
        out.print(str(folder), soft_wrap=True, highlight=False)
        for box in seen:
            err.print(f"words were seen: --mask {','.join(map(str, box))}")
        err.print("delete that folder when you have looked: it is identified data")
    if not drawn:
        why = next((str(answer["reason"]) for answer in answers), "no answer")
        fail(f"it cannot be rendered: {why}", REFUSED)


def release(  # noqa: PLR0913, PLR0917  # each is an option of the command
    image: ImageId,
    by: By,
    why: Annotated[Why, typer.Option(help="no_text, harmless_text or text_masked.")],
    mask: Masks = None,
    note: Note = "",
    now: Now = False,
    json: Json = False,
) -> None:
    """Let an image go that you have looked at, with what you mask painted black.

    It is rendered by the next run. A new version of the image, or of the pixel
    policy, ends the release: someone has to look again.
    """
    masks = _boxes(mask)
    if image.startswith(PSEUDONYM):
        fail("release what you have looked at: the id that show gives, not a name")
    if bool(masks) != (why is Why.TEXT_MASKED):
        fail("--why text_masked needs a --mask, and a --mask needs it")
    _record(image, Verdict.RELEASED, (why, by, note, masks), now=now, json=json)


def refuse(
    image: ImageId,
    by: By,
    why: Annotated[Why, typer.Option(help="names_someone, shows_someone or not_sure.")],
    note: Note = "",
    now: Now = False,
    json: Json = False,
) -> None:
    """Keep an image back, also one that is shown: the next run deletes its JPEGs.

    It holds for every later version and policy, until someone releases it.
    """
    _record(image, Verdict.REFUSED, (why, by, note, ()), now=now, json=json)


def _record(
    image: str,
    verdict: Verdict,
    said: tuple[Why, str, str, tuple[Box, ...]],
    *,
    now: bool,
    json: bool,
) -> None:
    why, by, note, masks = said
    if why not in REASONS[verdict]:
        fail(f"--why is one of {', '.join(REASONS[verdict])}")
    if not by.strip():
        fail("say who has looked: --by")
    with Places(Settings()).open() as places:
        found = _found(places, image)
        _hold(found, masks)
        review = Review(
            sop_instance_uid=found.sop_instance_uid,
            fingerprint=found.fingerprint,
            month=found.month,
            verdict=verdict,
            why=why,
            reviewer=by.strip(),
            masks=masks,
            note=note,
            withheld_for=found.reason,
        )
        stands = places.reviews.record(review)
        if now:
            run_all_due(places)
    facts: dict[str, Any] = {
        "image": found.image,
        "verdict": stands.verdict,
        "why": stands.why,
        "masks": stands.masks,
        "number": stands.number,
    }
    if json:
        print_json(facts)
    else:
        err.print(f"{found.image} is {stands.verdict}: {stands.why}")
        if not now:
            err.print("the next run renders it: up does so by itself, or say --now")


def _found(places: Places, image: str) -> Image:
    with err.status("looking for it"):
        found = places.review_queue.find(image)
    if found is None:
        fail("no such image: a newer version has another id; see list", MISSING)
    if found.decision == Decision.REJECT:
        fail("there is nothing to render in it", REFUSED)
    return found


def _texts(places: Places, image: Image) -> tuple[Box, ...]:
    """Where text recognition has seen words, where it is on."""
    texts = places.pixel_texts
    return texts.boxes(image.sop_instance_uid, image.fingerprint) if texts else ()


def _hold(image: Image, masks: Sequence[Box]) -> None:
    if not all(map(image.holds, masks)):
        fail(f"a mask is not inside of {image.columns} x {image.rows} pixels")


def _boxes(masks: list[str] | None) -> tuple[Box, ...]:
    boxes = []
    for text in masks or ():
        sides = text.split(",")
        if len(sides) != _SIDES or not all(side.strip().isdecimal() for side in sides):
            fail("--mask is x,y,width,height: four whole numbers")
        boxes.append(Box(*map(int, sides)))
    return tuple(boxes)


def _private(to: Path | None) -> Path:
    """A folder that only this user can look into."""
    if to is None:
        return Path(mkdtemp(prefix="dicom-review-"))
    try:
        to.mkdir(mode=0o700)
    except OSError:
        fail("--to is a folder that is not there yet, in one that is", FAILED)
    return to
