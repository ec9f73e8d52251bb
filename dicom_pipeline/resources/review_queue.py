"""The images that wait for someone to look: which, why, and what they look like.

An image is called by a keyed id of its instance and version, so that a list of them
may be shown, and so that nobody releases a version that was not looked at.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa

from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.dicom.pixel_decision import Decision
from dicom_pipeline.dicom.ultrasound import Box
from dicom_pipeline.layout import table_prefix
from dicom_pipeline.resources.compressor import Answer, Compressor, Job
from dicom_pipeline.resources.jpegs import Jpegs
from dicom_pipeline.resources.parquet_files import read_columns
from dicom_pipeline.resources.tables import RawTables

Row = dict[str, Any]

PSEUDONYM = "2.25."
"""What a pseudonym of a UID begins with; a keyed id never does."""

_WANTED = pa.schema(
    HEADERS.schema.field(name)
    for name in (
        *("sop_instance_uid", "fingerprint", "batch_id", "raw_key", "modality"),
        *("rows", "columns", "number_of_frames"),
    )
)


@dataclass(frozen=True)
class Image:
    """One version of one instance, as a reviewer meets it.

    Attributes:
        image: Keyed id of instance and version.
        reason: What its pixels are withheld for, or how they are shown.
        decision: Pass, mask, quarantine or reject.
        modality: Of its header; empty where absent.
        frames: As its header says.
        rows: Of a frame, pixels.
        columns: Of a frame, pixels.
        month: Partition; raw zone only, as what follows.
        sop_instance_uid: Its name.
        fingerprint: Of the version.
        raw_key: Where it lies.
    """

    image: str
    reason: str
    decision: str
    modality: str
    frames: int
    rows: int
    columns: int
    month: str = field(repr=False)
    sop_instance_uid: str = field(repr=False)
    fingerprint: str = field(repr=False)
    raw_key: str = field(repr=False)

    def holds(self, box: Box) -> bool:
        """Whether a rectangle lies inside of a frame."""
        return (
            min(box.x, box.y) >= 0
            and min(box.width, box.height) > 0
            and box.x + box.width <= self.columns
            and box.y + box.height <= self.rows
        )


@dataclass(frozen=True)
class ReviewQueue:
    """What the policy has set aside, in one installation.

    Attributes:
        jpegs: Know what is withheld.
        compressor: Renders onto this machine.
    """

    jpegs: Jpegs
    compressor: Compressor

    def waiting(self) -> Iterator[Image]:
        """Yield the newest version of every instance that is set aside."""
        return self._where(lambda row: row["pixel_decision"] == Decision.QUARANTINE)

    def find(self, name: str) -> Image | None:
        """Find an image in its newest version; those that wait are looked at first.

        Args:
            name: Keyed id, or pseudonym of the SOP Instance UID.
        """
        if name.startswith(PSEUDONYM):
            named = self._where(lambda row: row["sop_instance_uid"] == name)
            return next(named, None)
        every = chain(self.waiting(), self._where(lambda _: True))
        return next((each for each in every if each.image == name), None)

    def render(
        self, image: Image, folder: Path, masks: Iterable[Box] = ()
    ) -> list[Answer]:
        """Render every frame into a folder of this machine, whatever the policy says.

        Returns:
            The compressor's answers; each ``key`` is a path.
        """
        bucket = self.jpegs.ledger.bucket.name
        source = f"s3://{bucket}/{image.raw_key}"
        job = Job(image.image, source, str(folder), masks=tuple(masks))
        answers = list(self.compressor.render([job]))
        for file in folder.iterdir():
            file.chmod(0o600)
        return answers

    def _where(self, wanted: Callable[[Row], bool]) -> Iterator[Image]:
        """Yield the newest versions of which the JPEG table has a wanted row."""
        for month in sorted(self.jpegs.ledger.batches_by_month()):
            rows = self.jpegs.listed(month)
            mine = {row["sop_instance_uid"]: row for row in rows if wanted(row)}
            yield from self._images(month, mine)

    def _images(self, month: str, listed: dict[str, Row]) -> Iterator[Image]:
        """Images of a month that the table lists under these pseudonyms."""
        if not listed:
            return
        headers = list(self._headers(month))
        pseudonyms = self.jpegs.pseudonyms
        pseudonyms.meet("uid", [row["sop_instance_uid"] for row in headers])
        rows = [(pseudonyms.uid(row["sop_instance_uid"]), row) for row in headers]
        mine = [(listed[name], row) for name, row in rows if name in listed]
        newest = self.jpegs.ledger.newest(row["sop_instance_uid"] for _, row in mine)
        version = ("sop_instance_uid", "fingerprint", "batch_id")
        for said, row in mine:
            if tuple(map(row.get, version)) in newest:
                yield self._image(month, said, row)

    def _image(self, month: str, said: Row, row: Row) -> Image:
        version = f"{row['sop_instance_uid']}\x1f{row['fingerprint']}"
        return Image(
            image=self.jpegs.pseudonyms.token("review", version)[:16],
            reason=said["pixel_reason"],
            decision=said["pixel_decision"],
            modality=row["modality"] or "",
            frames=row["number_of_frames"] or 1,
            rows=row["rows"] or 0,
            columns=row["columns"] or 0,
            month=month,
            sop_instance_uid=row["sop_instance_uid"],
            fingerprint=row["fingerprint"],
            raw_key=row["raw_key"],
        )

    def _headers(self, month: str) -> Iterator[Row]:
        """Rows of the month, each once, without their headers."""
        tables = RawTables(self.jpegs.ledger.bucket)
        seen: set[tuple[str, ...]] = set()
        for item in tables.files.listed(table_prefix(HEADERS.name, month)):
            for row in read_columns(tables.bucket, item, _WANTED).to_pylist():
                version = (row["sop_instance_uid"], row["fingerprint"], row["batch_id"])
                if version not in seen:
                    seen.add(version)
                    yield row
