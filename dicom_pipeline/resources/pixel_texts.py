"""What text recognition makes of images: read once per version, kept without the text.

Findings lie in the raw zone, so that neither another JPEG quality nor a killed run
makes anyone read an image again.
"""

import hashlib
import json
import shutil
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dicom_pipeline.catalog.pixel_reviews import PIXEL_TEXTS
from dicom_pipeline.deid.identities import identities
from dicom_pipeline.deid.needles import Kind
from dicom_pipeline.dicom.burned_in import (
    UNREAD,
    ReadingScope,
    TextFinding,
    TextLine,
    TextOutcome,
    after_reading,
    is_flagged,
    is_readable,
    reasons_to_read,
    spellings,
    weigh,
)
from dicom_pipeline.dicom.outcome import Json
from dicom_pipeline.dicom.pixel_decision import PixelDecision
from dicom_pipeline.dicom.ultrasound import Box, number
from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.compressor import Compressor, Job
from dicom_pipeline.resources.ledger_table import LedgerTable
from dicom_pipeline.resources.ocr import TextReader
from dicom_pipeline.resources.parquet_files import BATCH
from dicom_pipeline.resources.pixel_judge import Progress

Row = dict[str, Any]
_Version = tuple[str, str]  # SOP Instance UID, fingerprint
_Asked = tuple[Row, tuple[Box, ...]]  # what is read, below which masks

_LEFT_SECONDS = 86_400.0  # longer than a few objects are read
_AT_ONCE = 8  # objects rendered to disk before they are read


@dataclass(frozen=True)
class PixelTexts:
    """Reads images whose header does not say enough.

    Attributes:
        bucket: The raw bucket.
        compressor: Renders frames as PNM onto this machine.
        reader: Reads them.
        scope: Which images are read.
        folder: Where frames lie while they are read, for this user alone.
    """

    bucket: Bucket
    compressor: Compressor
    reader: TextReader
    scope: ReadingScope
    folder: Path

    @cached_property
    def table(self) -> LedgerTable:
        """The findings."""
        names = tuple(column.name for column in PIXEL_TEXTS.columns)
        return LedgerTable(self.bucket, PIXEL_TEXTS, names, words=("text_reader",))

    def settle(
        self,
        rows: Sequence[Row],
        decisions: Sequence[PixelDecision],
        progress: Progress,
    ) -> list[PixelDecision]:
        """Read what has to be read and was not yet; return the decisions after it."""
        reasons = reasons_to_read(self.scope)
        asked = [
            row
            for row, decision in zip(rows, decisions, strict=True)
            if decision.reason in reasons and not is_flagged(_header(row))
        ]
        known = self._known(row["sop_instance_uid"] for row in asked)
        todo = [row for row in asked if _version(row) not in known]
        todo = [row for row in todo if is_readable(_header(row))]
        if todo:
            _clear(self.folder)
        for start in range(0, len(todo), _AT_ONCE):
            known |= self._read(todo[start : start + _AT_ONCE])
            progress(min(start + _AT_ONCE, len(todo)), len(todo))
        settled = {_version(row): known.get(_version(row), UNREAD) for row in asked}
        return [
            after_reading(decision, settled[_version(row)])
            if _version(row) in settled
            else decision
            for row, decision in zip(rows, decisions, strict=True)
        ]

    def boxes(self, sop_instance_uid: str, fingerprint: str) -> tuple[Box, ...]:
        """Where words were found on a version of an instance."""
        known = self._known([sop_instance_uid])
        found = known.get((sop_instance_uid, fingerprint), UNREAD)
        return found.boxes

    def _known(self, sops: Iterable[str]) -> dict[_Version, TextFinding]:
        rows = self.table.all()
        wanted = pa.array(sorted(set(sops)), pa.string())
        mine = rows.filter(pc.is_in(rows["sop_instance_uid"], value_set=wanted))
        return {
            _version(row): TextFinding(
                TextOutcome(row["outcome"]), tuple(Box(*box) for box in row["boxes"])
            )
            for row in mine.to_pylist()
            if row["text_reader"] == self.reader.version
        }

    def _read(self, some: Sequence[Row]) -> dict[_Version, TextFinding]:
        """Read a few objects and keep what they came to; no answer is not kept.

        Below masks, nothing but harmless text may be left: that is read, too.
        """
        weighed = self._weighed([(row, ()) for row in some])
        masked = [
            (row, weighed[row["raw_key"]].boxes)
            for row in some
            if weighed.get(row["raw_key"], UNREAD).outcome is TextOutcome.OWN
        ]
        again = self._weighed(masked)
        for row, boxes in masked:
            left = again.get(row["raw_key"], UNREAD)
            if left.outcome is not TextOutcome.NONE:
                weighed[row["raw_key"]] = TextFinding(TextOutcome.OTHER, boxes)
        rows = [row for row in some if row["raw_key"] in weighed]
        found = {_version(row): weighed[row["raw_key"]] for row in rows}
        self._keep(found)
        return found

    def _weighed(self, some: Sequence[_Asked]) -> dict[str, TextFinding]:
        """What each object comes to with its masks, by its key; read whole, or not."""
        lines = self._lines(some)
        rows = [row for row, _ in some if row["raw_key"] in lines]
        return {row["raw_key"]: _finding(row, lines[row["raw_key"]]) for row in rows}

    def _lines(self, some: Sequence[_Asked]) -> Mapping[str, list[TextLine]]:
        """Lines of all frames of each object, by its key; only of those read whole."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with TemporaryDirectory(dir=self.folder) as folder:
            pictures = dict(self._pictures(some, Path(folder)))
            every = [picture for several in pictures.values() for picture in several]
            read = self.reader.read(every) if every else {}
            return {
                key: [line for picture in several for line in read[picture]]
                for key, several in pictures.items()
                if all(picture in read for picture in several)
            }

    def _pictures(
        self, some: Sequence[_Asked], folder: Path
    ) -> Iterator[tuple[str, list[Path]]]:
        """Frames of each object that could be rendered whole."""
        jobs = {
            str(at): Job(
                str(at),
                f"s3://{self.bucket.name}/{row['raw_key']}",
                str(folder / str(at)),
                masks=masks,
            )
            for at, (row, masks) in enumerate(some)
        }
        answers = defaultdict(list)
        for answer in self.compressor.render([*jobs.values()]):
            answers[answer["id"]].append(answer)
        for name, mine in answers.items():
            if all(answer["status"] == "ok" for answer in mine):
                key: str = some[int(name)][0]["raw_key"]
                yield key, [Path(answer["key"]) for answer in mine]

    def _keep(self, found: Mapping[_Version, TextFinding]) -> None:
        rows = [
            {
                "sop_instance_uid": sop,
                "fingerprint": fingerprint,
                "text_reader": self.reader.version,
                "outcome": finding.outcome,
                "boxes": [list(box) for box in finding.boxes],
            }
            for (sop, fingerprint), finding in sorted(found.items())
        ]
        if rows:
            text = json.dumps(rows, sort_keys=True)
            batch = hashlib.sha256(text.encode()).hexdigest()[:32]
            self.table.write(batch, [row | {BATCH: batch} for row in rows])


def _clear(folder: Path) -> None:
    """Remove frames that a killed run has left: they are identified data."""
    for left in folder.glob("*"):
        if time.time() - left.stat().st_mtime > _LEFT_SECONDS:
            shutil.rmtree(left, ignore_errors=True)


def _version(row: Row) -> _Version:
    return row["sop_instance_uid"], row["fingerprint"]


def _finding(row: Row, lines: Sequence[TextLine]) -> TextFinding:
    header = _header(row)
    size = (number(header, "00280011"), number(header, "00280010"))
    return weigh(lines, _own(header), size)


def _header(row: Row) -> Json:
    header: Json = json.loads(row["header"])
    return header


def _own(header: Json) -> frozenset[str]:
    known = list(identities(header))
    days = (Kind.DATE, Kind.BIRTH)
    texts = (value for kind, value in known if kind not in {*days, Kind.UID})
    return spellings(texts, (value for kind, value in known if kind in days))
