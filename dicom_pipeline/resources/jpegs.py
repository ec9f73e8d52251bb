"""The JPEGs of one month: which are owed, which are stale, and the table of them.

What is written here lies in the stage bucket, so everything in it is pseudonymous:
names are keyed hashes, and the month itself is a token.
"""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dicom_pipeline.catalog.compressed_images import COMPRESSED_IMAGES
from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.dicom.pixel_decision import Decision, PixelDecision
from dicom_pipeline.layout import compressed_images_key, image_folder
from dicom_pipeline.resources.bucket import Bucket, ObjectGoneError
from dicom_pipeline.resources.compressor import Answer, Job
from dicom_pipeline.resources.compressor_lambda import AnyCompressor
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.pixel_judge import PixelJudge, Progress
from dicom_pipeline.resources.rotation_record import hold_key
from dicom_pipeline.resources.tables import RawTables, parquet

Row = dict[str, Any]

_PART = "part"
_WITHHELD = (Decision.QUARANTINE, Decision.REJECT)


@dataclass(frozen=True)
class _Owed:
    """One object of the month: what the policy says and what a render is known by."""

    sop: str
    raw_key: str
    decision: PixelDecision
    transfer_syntax: str | None
    render_id: str


@dataclass(frozen=True)
class Rendered:
    """What one month's rendering did.

    Attributes:
        rows: Rows of the month's table, old and new.
        answered: Objects that were rendered or refused now.
        kept: Objects whose JPEGs were there already.
        removed: JPEGs that were deleted because nothing stands for them any more.
        images: JPEGs that were made now.
    """

    rows: pa.Table
    answered: int
    kept: int
    removed: int
    images: int


@dataclass(frozen=True)
class Jpegs:
    """Renders the images of one month into the stage bucket.

    Attributes:
        ledger: Knows the newest version of each instance.
        stage: Bucket of the JPEGs and of their table.
        compressor: Makes them.
        pseudonyms: Names them.
        profile: Privacy profile, for the row.
        rules_sha256: Hash of the rule that names JPEGs, for the row.
        batch_size: Objects per compressor process, at most.
        judge: Decides what may be shown.
    """

    ledger: Ledger
    stage: Bucket
    compressor: AnyCompressor
    pseudonyms: Pseudonyms
    profile: str
    rules_sha256: str
    batch_size: int
    judge: PixelJudge

    def make_room(self) -> None:
        """Store a part without rows, so that readers find a schema."""
        empty = COMPRESSED_IMAGES.schema.empty_table()
        self.stage.write(
            compressed_images_key("empty", _PART), parquet(COMPRESSED_IMAGES, empty)
        )

    def has_table(self, month: str) -> bool:
        """Whether the table of a month's JPEGs is there, whatever it says."""
        token = self.pseudonyms.batch_token(COMPRESSED_IMAGES.name, month)
        return any(self.stage.list(compressed_images_key(token, _PART)))

    def listed(self, month: str) -> list[Row]:
        """Rows of a month's table as it is; none where it was never made."""
        token = self.pseudonyms.batch_token(COMPRESSED_IMAGES.name, month)
        return self._table(token)

    def render_month(self, month: str, progress: Progress) -> Rendered:
        """Render what is new or stale, keep what is right, remove what is left over.

        JPEGs are written before the table that lists them: a killed run leaves files
        that the next one writes again under the same names.
        """
        hold_key(self.ledger.bucket, self.pseudonyms)
        token = self.pseudonyms.batch_token(COMPRESSED_IMAGES.name, month)
        owed = {each.render_id: each for each in self._owed(month, progress)}
        before = self._table(token)
        kept = [row | self._stamp for row in before if row["render_id"] in owed]
        done = {row["render_id"] for row in kept}
        todo = [each for each in owed.values() if each.render_id not in done]
        made = list(self._make(todo, token, progress))
        rows = _ordered([*kept, *made])
        if made or kept != before:
            key = compressed_images_key(token, _PART)
            self.stage.write(key, parquet(COMPRESSED_IMAGES, rows))
        removed = self._remove(before, rows)
        images = sum(row["jpeg_key"] is not None for row in made)
        return Rendered(rows, len(todo), len(done), removed, images)

    def names(self, month: str) -> list["_Owed"]:
        """What each newest file of a month is called here, in an order that stays."""
        return list(self._owed(month, lambda *_: None))

    def answered(self) -> tuple[int, int, int]:
        """Hold the ledger against the JPEG table, over all months.

        Returns:
            Instances stored, instances with rows, rows with neither JPEG nor reason.
        """
        stored = self.ledger.instances()
        rows = [
            row
            for month in self.ledger.batches_by_month()
            for row in self.listed(month)
        ]
        named = {row["sop_instance_uid"] for row in rows}
        bare = sum(not (row["jpeg_key"] or row["reason"]) for row in rows)
        return stored, len(named), bare

    def _owed(self, month: str, progress: Progress) -> Iterator[_Owed]:
        version = self.compressor.version
        rows = self._headers(month)
        decisions = self.judge.decisions(rows, progress)
        sops = [row["sop_instance_uid"] for row in rows]
        made_of = [
            f"{row['fingerprint']}\x1f{row['sop_instance_uid']}\x1f{d!r}\x1f{version}"
            for row, d in zip(rows, decisions, strict=True)
        ]
        self.pseudonyms.meet("uid", sops)
        self.pseudonyms.meet("render", made_of)
        for row, decision, made in zip(rows, decisions, made_of, strict=True):
            yield _Owed(
                sop=self.pseudonyms.uid(row["sop_instance_uid"]),
                raw_key=row["raw_key"],
                decision=decision,
                transfer_syntax=row["transfer_syntax_uid"],
                render_id=self.pseudonyms.token("render", made)[:32],
            )

    def _headers(self, month: str) -> list[Row]:
        """Header rows of the month, newest version of each instance only."""
        tables = RawTables(self.ledger.bucket)
        version = ("sop_instance_uid", "fingerprint", "batch_id")
        wanted = [*version, "raw_key", "transfer_syntax_uid"]
        rows = [
            row
            for batch in self.ledger.batches_by_month().get(month, [])
            for row in tables.read(HEADERS, month, batch)
            .select([*wanted, "header"])
            .to_pylist()
        ]
        newest = self.ledger.newest(row["sop_instance_uid"] for row in rows)
        return [row for row in rows if tuple(map(row.get, version)) in newest]

    def _make(self, todo: list[_Owed], token: str, progress: Progress) -> Iterator[Row]:
        by_id = {each.render_id: each for each in todo}
        answered: set[str] = set()
        for answer in self._answers(todo):
            each = by_id[answer["id"]]
            if each.render_id not in answered:
                answered.add(each.render_id)
                progress(len(answered), len(todo))
            yield self._row(each, answer, token)

    def _answers(self, todo: list[_Owed]) -> Iterator[Answer]:
        allowed = []
        for each in todo:
            if each.decision.decision in _WITHHELD:
                yield {"id": each.render_id, "status": "withheld"}
            else:
                allowed.append(self._job(each))
        for start in range(0, len(allowed), self.batch_size):
            yield from self.compressor.render(allowed[start : start + self.batch_size])

    def _job(self, each: _Owed) -> Job:
        return Job(
            id=each.render_id,
            input=f"s3://{self.ledger.bucket.name}/{each.raw_key}",
            output=f"s3://{self.stage.name}/{image_folder(each.sop)}",
            masks=tuple(each.decision.masks),
            keep=tuple(each.decision.keep),
        )

    def _row(self, each: _Owed, answer: Answer, token: str) -> Row:
        center, width = answer.get("window") or (None, None)
        key = answer.get("key")
        withheld = answer["status"] == "withheld"
        return {
            "sop_instance_uid": each.sop,
            "frame": answer.get("frame"),
            "jpeg_key": key and key.removeprefix(f"s3://{self.stage.name}/"),
            "bytes": answer.get("bytes"),
            "sha256": answer.get("sha256"),
            "width": answer.get("width"),
            "height": answer.get("height"),
            "status": answer["status"],
            "reason": each.decision.code if withheld else answer.get("reason"),
            "window_center": center,
            "window_width": width,
            "transfer_syntax_uid": each.transfer_syntax,
            "warnings": answer.get("warnings") or [],
            "pixel_decision": each.decision.decision,
            "pixel_reason": each.decision.code,
            "compressor_version": self.compressor.version,
            "render_id": each.render_id,
            "batch_token": token,
            **self._stamp,
        }

    @property
    def _stamp(self) -> Row:
        """What every row says of how it was made, a row that was kept too."""
        return {
            "deid_profile": self.profile,
            "deid_rules_sha256": self.rules_sha256,
            "deid_key_version": self.pseudonyms.key_version,
        }

    def _table(self, token: str) -> list[Row]:
        try:
            body = self.stage.read(compressed_images_key(token, _PART))
        except ObjectGoneError:
            return []
        rows: list[Row] = pq.read_table(io.BytesIO(body)).to_pylist()
        return rows

    def _remove(self, before: Iterable[Row], rows: pa.Table) -> int:
        """Delete the JPEGs that only the old rows name."""
        named = set(rows["jpeg_key"].to_pylist())
        gone = {row["jpeg_key"] for row in before} - named - {None}
        for key in gone:
            self.stage.delete(key)
        return len(gone)


def _ordered(rows: list[Row]) -> pa.Table:
    ordered = sorted(rows, key=lambda row: (row["sop_instance_uid"], row["frame"] or 0))
    return pa.Table.from_pylist(ordered, schema=COMPRESSED_IMAGES.schema)
