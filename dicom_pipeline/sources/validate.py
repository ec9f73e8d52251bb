"""Whether files could be loaded, told without loading them.

This is the one output with paths in it: they are of the asker's own machine, and the
report stays there.
"""

import csv
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Final

from dicom_pipeline.dicom.header import (
    FIRST_RANGE,
    Header,
    Ignored,
    NeedMore,
    Outcome,
    Refused,
    extract,
)
from dicom_pipeline.dicom.reasons import IgnoredReason, QuarantineReason
from dicom_pipeline.resources.compressor import Answer, Compressor, Job
from dicom_pipeline.sources.candidates import (
    UNREADABLE_FILE,
    Candidate,
    candidates_of,
)
from dicom_pipeline.sources.requirements import identifiers, missing

_AT_ONCE: Final = 200  # files that one process of the decoder gets
_COPIED_BYTES: Final = 1024**3  # of members that wait on disk for the decoder


@dataclass(frozen=True)
class FileReport:
    """One row of the report; its fields are the columns, in this order.

    Attributes:
        path: As given, or below the folder or archive that was given.
        bytes: Size; empty where the file cannot be opened.
        readable: Whether its header can be read to its end.
        reason: Why it would be set aside or passed over; a file that is readable may
            lack a name, or be an index of others.
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
        if self.reason:
            return self.reason
        if self.decodable is False:
            return "undecodable"
        return "incomplete" if self.missing_type_1 or self.missing_type_2 else "ok"

    @property
    def is_refused(self) -> bool:
        """Whether it would not be loaded, or not be seen."""
        passed_over = self.reason in list(IgnoredReason)
        return bool(self.reason and not passed_over) or self.decodable is False


COLUMNS: Final = tuple(each.name for each in fields(FileReport))


def validate(
    paths: Iterable[Path], decoder: Compressor | None = None
) -> Iterator[FileReport]:
    """Report on files, on those below folders and in archives, in order of path.

    One process reads: a header takes a millisecond, and the decoder has all cores.

    Args:
        paths: Files and folders; links to folders are not followed.
        decoder: Decodes every frame into a temporary folder; without it
            ``decodable`` stays empty.

    Raises:
        CompressorError: The decoder cannot be started.
    """
    with tempfile.TemporaryDirectory() as copies:
        for batch in _batches(candidates_of(paths, Path(copies))):
            reports = [_read(candidate) for candidate in batch]
            if decoder is not None:
                reports = _decoded(batch, reports, decoder)
            for candidate in batch:
                if candidate.is_copy and candidate.file is not None:
                    candidate.file.unlink()
            yield from reports


@dataclass
class Summary:
    """What a whole report says.

    Attributes:
        files: Rows of the report.
        bytes: Bytes of the files that could be opened.
        refused: Files that would not be loaded, or whose pixels would not be seen.
        verdicts: Files by verdict.
    """

    files: int = 0
    bytes: int = 0
    refused: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)

    def add(self, report: FileReport) -> None:
        """Count one row."""
        self.files += 1
        self.bytes += report.bytes or 0
        self.refused += report.is_refused
        self.verdicts[report.verdict] += 1


def write_csv(reports: Iterable[FileReport], out: Path) -> Summary:
    """Write reports as CSV with a header and return what they say together."""
    summary = Summary()
    with out.open("w", encoding="utf-8", newline="", errors="backslashreplace") as file:
        lines = csv.writer(file)
        lines.writerow(COLUMNS)
        for report in reports:
            lines.writerow(_cell(getattr(report, column)) for column in COLUMNS)
            summary.add(report)
    return summary


def _batches(candidates: Iterator[Candidate]) -> Iterator[list[Candidate]]:
    """Cut where a process of the decoder, or the disk with the copies, has enough."""
    batch: list[Candidate] = []
    copied = 0
    for candidate in candidates:
        batch.append(candidate)
        if candidate.is_copy and candidate.file is not None:
            copied += candidate.file.stat().st_size
        if len(batch) == _AT_ONCE or copied > _COPIED_BYTES:
            yield batch
            batch, copied = [], 0
    if batch:
        yield batch


def _read(candidate: Candidate) -> FileReport:
    if candidate.file is None:
        return FileReport(candidate.path, reason=candidate.reason)
    try:
        size = candidate.file.stat().st_size
        outcome = _outcome(candidate.file, size)
    except OSError:
        return FileReport(candidate.path, reason=UNREADABLE_FILE)
    report = FileReport(candidate.path, size, reason=_reason(outcome))
    if isinstance(outcome, Ignored):
        return replace(report, readable=True)
    header = outcome.header if isinstance(outcome, Refused) else outcome
    return _described(report, header) if isinstance(header, Header) else report


def _described(report: FileReport, header: Header) -> FileReport:
    return replace(
        report,
        readable=True,
        modality=header.modality,
        sop_class_uid=header.sop_class_uid,
        transfer_syntax_uid=header.transfer_syntax_uid,
        identifiers=tuple(identifiers(header)),
        missing_type_1=tuple(missing(header, 1)),
        missing_type_2=tuple(missing(header, 2)),
        frames=_frames(header),
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
    batch: Sequence[Candidate], reports: Sequence[FileReport], decoder: Compressor
) -> list[FileReport]:
    """Decode the files that have pixels, all in one process."""
    with tempfile.TemporaryDirectory() as folder:
        jobs = [
            Job(str(number), str(candidate.file.absolute()), f"{folder}/{number}")
            for number, candidate in enumerate(batch)
            if candidate.file is not None and reports[number].frames is not None
        ]
        answers: dict[str, list[Answer]] = {job.id: [] for job in jobs}
        for answer in decoder.render(jobs):
            answers[answer["id"]].append(answer)
    return [
        _with_answers(report, answers.get(str(number), []))
        for number, report in enumerate(reports)
    ]


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
