"""What must become of each attribute of each instance, as a SQLite file."""

import csv
import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

TABLE = "answer_data"
IDENTITY = (
    "Modality",
    "SOPClassUID",
    "PatientID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SOPInstanceUID",
)


_LEVELS = {
    "Series": "SeriesInstanceUID",
    "Study": "StudyInstanceUID",
    "Patient": "StudyInstanceUID",  # MIDI-B names a patient's rows by the study
}


class Action(StrEnum):
    """What is asked; the words are MIDI-B's."""

    TAG_RETAINED = "tag_retained"
    TEXT_NOTNULL = "text_notnull"
    TEXT_RETAINED = "text_retained"
    TEXT_REMOVED = "text_removed"
    DATE_SHIFTED = "date_shifted"
    UID_CHANGED = "uid_changed"
    UID_CONSISTENT = "uid_consistent"
    PATID_CONSISTENT = "patid_consistent"
    PIXELS_HIDDEN = "pixels_hidden"
    PIXELS_RETAINED = "pixels_retained"


REMOVALS = frozenset(
    {
        Action.TEXT_REMOVED,
        Action.DATE_SHIFTED,
        Action.UID_CHANGED,
        Action.PIXELS_HIDDEN,
    }
)
RETENTIONS = frozenset(
    {
        Action.TAG_RETAINED,
        Action.TEXT_NOTNULL,
        Action.TEXT_RETAINED,
        Action.PIXELS_RETAINED,
    }
)


@dataclass(frozen=True)
class Answer:
    """One thing that is asked of one attribute.

    Attributes:
        tag: Path of the attribute: ``(0040,0275)[0000](0040,0007)``; the low byte of a
            private element after its creator: ``(0009,"MAKER",01)``. ``path`` is the
            name of the file, ``preamble`` its first 128 bytes.
        value: As planted; for ``pixels_hidden`` the box as ``x,y,width,height``.
        action: What is asked.
        text: The part of the value that it is asked of; for ``pixels_retained`` the
            SHA-256 of the pixels.
        name: Name of the attribute, for people.
        category: Where it was planted: ``header``, ``nested``, ``private``, ...
    """

    tag: str
    value: str
    action: Action
    text: str = ""
    name: str = ""
    category: str = ""


@dataclass
class InstanceKey:
    """The answers of one instance.

    Attributes:
        identity: Texts of ``IDENTITY``, as planted.
        answers: In the order of planting.
    """

    identity: dict[str, str]
    answers: list[Answer] = field(default_factory=list)

    @property
    def uid(self) -> str:
        """SOP Instance UID as planted."""
        return self.identity["SOPInstanceUID"]


def write_answers(file: Path, keys: Iterable[InstanceKey]) -> None:
    """Write one row per instance; the file must not be there yet."""
    columns = ", ".join(f'"{name}" text' for name in (*IDENTITY, "AnswerData"))
    marks = ", ".join("?" * (len(IDENTITY) + 1))
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"create table {TABLE} ({columns})")
        connection.executemany(
            f"insert into {TABLE} values ({marks})",
            ([*(k.identity[n] for n in IDENTITY), _data(k.answers)] for k in keys),
        )
        connection.commit()


def read_answers(file: Path) -> Iterator[InstanceKey]:
    """Read a key, ours or MIDI-B's.

    What a row asks of a whole series, study or patient (column ``scope``) is asked of
    each of its instances that the key knows.
    """
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        rows = connection.execute(f"select * from {TABLE}").fetchall()
    keys, shared = {}, defaultdict[tuple[str, str], list[Answer]](list)
    for row in rows:
        identity = {name: _bare(row[name]) for name in IDENTITY}
        answers = list(_answers(row["AnswerData"]))
        level = _LEVELS.get(_bare(row["scope"])) if "scope" in row.keys() else None  # noqa: SIM118  # `in` a row asks values
        if level:
            shared[level, identity[level]] += answers
        else:
            keys[identity["SOPInstanceUID"]] = InstanceKey(identity, answers)
    for key in keys.values():
        for level in sorted(set(_LEVELS.values())):
            key.answers += shared[level, key.identity[level]]
        yield key


def write_mapping(file: Path, pairs: Iterable[tuple[str, str]]) -> None:
    """Write what each identifier has become: ``id_old,id_new``."""
    with file.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines)
        writer.writerow(("id_old", "id_new"))
        writer.writerows(sorted(pairs))


def read_mapping(file: Path) -> list[tuple[str, str]]:
    """Read ``id_old,id_new``; two hospitals may have issued the same old id."""
    with file.open(newline="", encoding="utf-8") as lines:
        return [(row["id_old"], row["id_new"]) for row in csv.DictReader(lines)]


def _data(answers: Iterable[Answer]) -> str:
    return json.dumps(
        {
            str(number): {
                "tag": f"<{answer.tag.rpartition(']')[2]}>",
                "tag_ds": spelled(answer.tag),
                "tag_name": f"<{answer.name}>",
                "value": f"<{answer.value}>",
                "action": f"<{answer.action}>",
                "action_text": f"<{answer.text}>",
                "answer_category": answer.category,
            }
            for number, answer in enumerate(answers)
        }
    )


def _answers(data: str) -> Iterator[Answer]:
    for each in json.loads(data).values():
        yield Answer(
            tag=_path(each["tag_ds"]),
            value=_bare(each["value"]),
            action=Action(_bare(each["action"])),
            text=_bare(each.get("action_text")),
            name=_bare(each.get("tag_name")),
            category=str(each.get("answer_category", "")),
        )


def spelled(tag: str) -> str:
    """Return a path as the key spells it: ``<(0040,0275)>[<0000>]<(0040,0007)>``."""
    parts = tag.replace("[", "]").split("]")
    return "".join(
        f"[<{part}>]" if number % 2 else f"<{part}>"
        for number, part in enumerate(parts)
    )


def _path(tag_ds: str) -> str:
    return tag_ds.replace("<", "").replace(">", "")


def _bare(text: str | None) -> str:
    text = str(text) if text is not None else ""
    return text[1:-1] if text.startswith("<") and text.endswith(">") else text
