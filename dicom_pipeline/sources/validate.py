"""Whether files could be loaded, told without loading them.

This is the one output with paths in it: they are of the asker's own machine, and the
report stays there.
"""

import csv
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import islice
from pathlib import Path
from typing import Final

from dicom_pipeline.dicom.header import (
    FIRST_RANGE,
    Header,
    NeedMore,
    Outcome,
    Refused,
    extract,
)
from dicom_pipeline.dicom.reasons import QuarantineReason
from dicom_pipeline.resources.compressor import Answer, Compressor, Job
from dicom_pipeline.sources.requirements import identifiers, missing

_AT_ONCE: Final = 200  # files that one process of the decoder gets
_UNREADABLE_FILE: Final = "no_permission_or_gone"


@dataclass(frozen=True)
class FileReport:
    """One row of the report; its fields are the columns, in this order.

    Attributes:
        path: As given, or below the folder that was given.
        bytes: Size; empty where the file cannot be opened.
        readable: Whether its header can be read to its end.
        reason: Why not, or why it would be passed over.
        modality: Modality (0008,0060).
        sop_class_uid: What kind of object it is.
        transfer_syntax_uid: How it is encoded.
        identifiers: Keywords of the identifiers that have a value.
        missing_type_1: Keywords of attributes that must have a value and have none.
        missing_type_2: Keywords of attributes that must be there and are not.
        frames: Number of frames; empty for an object without pixels.
        decodable: Whether every frame can be decoded; empty where nobody tried.
        decode_reason: Why not.
    """

    path: str
    bytes: int | None = None
    readable: bool = False
    reason: str = ""
    modality: str = ""
    sop_class_uid: str = ""
    transfer_syntax_uid: str = ""
    identifiers: tuple[str, ...] = ()
    missing_type_1: tuple[str, ...] = ()
    missing_type_2: tuple[str, ...] = ()
    frames: int | None = None
    decodable: bool | None = None
    decode_reason: str = ""

    @property
    def verdict(self) -> str:
        """One word: the worst that is to be said of the file."""
        if not self.readable:
            return self.reason
        if self.decodable is False:
            return "undecodable"
        return "incomplete" if self.missing_type_1 or self.missing_type_2 else "ok"


COLUMNS: Final = tuple(field.name for field in fields(FileReport))


def validate(
    paths: Iterable[Path], decoder: Compressor | None = None
) -> Iterator[FileReport]:
    """Report on files and on the files below folders, in order of path.

    Args:
        paths: Files and folders; links to folders are not followed.
        decoder: Decodes every frame into a temporary folder; without it
            ``decodable`` stays empty.

    Raises:
        CompressorError: The decoder cannot be started.
    """
    files = _files(paths)
    while some := list(islice(files, _AT_ONCE)):
        reports = [_read(path) for path in some]
        yield from _decoded(reports, decoder) if decoder is not None else reports


def write_csv(reports: Iterable[FileReport], out: Path) -> Counter[str]:
    """Write reports as CSV with a header and return how many had which verdict."""
    verdicts: Counter[str] = Counter()
    with out.open("w", encoding="utf-8", newline="", errors="backslashreplace") as file:
        lines = csv.writer(file)
        lines.writerow(COLUMNS)
        for report in reports:
            lines.writerow(_cell(getattr(report, column)) for column in COLUMNS)
            verdicts[report.verdict] += 1
    return verdicts


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if not file.is_dir())
        else:
            yield path


def _read(path: Path) -> FileReport:
    try:
        size = path.stat().st_size
        outcome = _outcome(path, size)
    except OSError:
        return FileReport(str(path), reason=_UNREADABLE_FILE)
    if not isinstance(outcome, Header):
        return FileReport(str(path), size, reason=_reason(outcome))
    return FileReport(
        path=str(path),
        bytes=size,
        readable=True,
        modality=outcome.modality,
        sop_class_uid=outcome.sop_class_uid,
        transfer_syntax_uid=outcome.transfer_syntax_uid,
        identifiers=tuple(identifiers(outcome)),
        missing_type_1=tuple(missing(outcome, 1)),
        missing_type_2=tuple(missing(outcome, 2)),
        frames=_frames(outcome),
    )


def _outcome(path: Path, size: int) -> Outcome:
    """Read no more of the file than its header needs."""
    with path.open("rb") as file:
        prefix = file.read(FIRST_RANGE)
        outcome = extract(prefix, size)
        while isinstance(outcome, NeedMore):
            more = file.read(min(outcome.wanted, size) - len(prefix))
            if not more:  # it became shorter meanwhile
                return Refused(QuarantineReason.TRUNCATED)
            prefix += more
            outcome = extract(prefix, size)
    return outcome


def _reason(outcome: Outcome) -> str:
    return str(getattr(outcome, "reason", ""))


def _frames(header: Header) -> int | None:
    if not header.has_pixel_data:
        return None
    said = header.text("00280008")
    return int(said) if said.isdecimal() else 1


def _decoded(
    reports: Sequence[FileReport], decoder: Compressor
) -> Iterator[FileReport]:
    """Decode the files that have pixels, all in one process."""
    with tempfile.TemporaryDirectory() as folder:
        jobs = [
            Job(str(number), str(Path(report.path).absolute()), f"{folder}/{number}")
            for number, report in enumerate(reports)
            if report.frames is not None
        ]
        answers: dict[str, list[Answer]] = {job.id: [] for job in jobs}
        for answer in decoder.render(jobs):
            answers[answer["id"]].append(answer)
    for number, report in enumerate(reports):
        yield _with_answers(report, answers.get(str(number), []))


def _with_answers(report: FileReport, answers: Sequence[Answer]) -> FileReport:
    failed = [answer for answer in answers if answer["status"] != "ok"]
    if not answers:
        return report
    if not failed:
        return replace(report, decodable=True)
    return replace(
        report, decodable=False, decode_reason=str(failed[0].get("reason") or "unknown")
    )


def _cell(value: object) -> object:
    """A list is joined by blanks, as keywords have none; false and true in words."""
    if isinstance(value, tuple):
        return " ".join(value)
    return str(value).lower() if isinstance(value, bool) else value
