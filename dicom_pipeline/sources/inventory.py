"""A first load without listing: what an S3 inventory report says is in a bucket.

Columns and encodings are those of the S3 User Guide, "Amazon S3 Inventory" and
"Locating your inventory list". A report is read file by file in constant memory, and
where it was left is kept in the raw zone.
"""

import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from dicom_pipeline.resources.bucket import Bucket, ObjectGoneError, StoredObject
from dicom_pipeline.resources.tables import State
from dicom_pipeline.sources.intake import Intake
from dicom_pipeline.sources.inventory_files import (
    KEPT,
    InventoryError,
    read_csv,
    read_parquet,
)

_READERS = {"CSV": read_csv, "Parquet": read_parquet}
_VERSION_COLUMNS = {"is_latest", "is_delete_marker"}
_CHUNK_BYTES = 1 << 20
_FIELD = re.compile(r"(?:required|optional)\s+\w+\s+(\w+)")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True)
class DataFile:
    """One file of a report."""

    key: str
    bytes: int
    md5: str


@dataclass(frozen=True)
class Manifest:
    """What a report says of itself.

    Attributes:
        digest: MD5 of the manifest, hex: the report's identity.
        source_bucket: The bucket that is reported on.
        file_format: ``CSV`` or ``Parquet``.
        columns: Names of the columns in order, as Parquet reports spell them.
        files: The report's files.
    """

    digest: str
    source_bucket: str
    file_format: str
    columns: tuple[str, ...]
    files: tuple[DataFile, ...]

    @classmethod
    def read(cls, bucket: Bucket, key: str) -> "Manifest":
        """Read a ``manifest.json`` and hold it against its ``manifest.checksum``.

        Raises:
            InventoryError: It is damaged, or says too little to load from.
        """
        try:
            body = bucket.read(key)
        except ObjectGoneError:
            raise InventoryError("there is no such manifest") from None
        digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
        _hold_against_checksum(bucket, key, digest)
        try:
            made = cls._of(digest, json.loads(body))
        except (AttributeError, KeyError, TypeError, ValueError):
            raise InventoryError("the manifest is not that of an inventory") from None
        made.check()
        return made

    @classmethod
    def _of(cls, digest: str, told: dict[str, Any]) -> "Manifest":
        return cls(
            digest=digest,
            source_bucket=told["sourceBucket"],
            file_format=told["fileFormat"],
            columns=_columns(told["fileFormat"], told["fileSchema"]),
            files=tuple(
                DataFile(each["key"], int(each["size"]), each["MD5checksum"])
                for each in told["files"]
            ),
        )

    def check(self) -> None:
        """Refuse what cannot be loaded.

        Raises:
            InventoryError: Another format, or a column is missing.
        """
        if self.file_format not in _READERS:
            raise InventoryError(
                f"{self.file_format} reports are not read: choose CSV or Parquet in"
                " the inventory configuration"
            )
        wanted = set(KEPT)
        if "version_id" in self.columns:
            wanted |= _VERSION_COLUMNS
        missing = sorted(wanted - set(self.columns))
        if missing:
            raise InventoryError(
                f"the report lacks {', '.join(missing)}: add size, last modified date"
                " and ETag to the inventory configuration"
            )


@dataclass(frozen=True)
class Progress:
    """How far a load has come.

    Attributes:
        files: Report files that are done, and how many there are.
        rows: Rows that were read, those of earlier runs too.
        found: Files that were handed out now.
        batches: Batches that were handed out now.
    """

    files: int
    files_total: int
    rows: int
    found: int
    batches: int


@dataclass(frozen=True)
class Inventory:
    """Loads one report.

    Attributes:
        reports: The bucket that holds the report.
        intake: Where arrivals are recorded.
        source: ``provider`` or ``raw``.
        bucket_name: The bucket that the report must be about.
        prefix: Only keys below it are taken.
    """

    reports: Bucket
    intake: Intake
    source: str
    bucket_name: str
    prefix: str

    def load(self, key: str, say: Callable[[Progress], None]) -> Progress:
        """Hand out every current object of the report whose manifest is at ``key``.

        Killed and run again, it goes on where it was left; run twice, it changes
        nothing. No bucket is listed.

        Raises:
            InventoryError: The report is damaged, incomplete, or about another bucket.
        """
        manifest = Manifest.read(self.reports, key)
        if manifest.source_bucket != self.bucket_name:
            raise InventoryError("the report is about another bucket")
        left = self._state.get(f"inventory-{manifest.digest}")
        files, total = int(left.get("files", 0)), len(manifest.files)
        now = Progress(files, total, int(left.get("rows", 0)), 0, 0)
        say(now)
        for number in range(files, total):
            for further in self._load_file(manifest, number, now):
                now = further
                say(now)
        return now

    def _load_file(
        self, manifest: Manifest, number: int, now: Progress
    ) -> Iterator[Progress]:
        """Hand out one file of the report; it counts as done when all of it is."""
        held = self.intake.unknown(self.source, ())
        with tempfile.TemporaryFile() as body:
            _download(self.reports, manifest.files[number], body)
            for table in _READERS[manifest.file_format](body, manifest.columns):
                objects = self._current(table)
                held |= self.intake.unknown(self.source, objects)
                done = {}
                if len(held) >= self.intake.batch_size:
                    done, held = self.intake.hand_out(held), {}
                now = _further(now, table.num_rows, done)
                yield now
        now = _further(now, 0, self.intake.hand_out(held))
        now = Progress(number + 1, now.files_total, now.rows, now.found, now.batches)
        fact = {"files": now.files, "rows": now.rows}
        self._state.put(f"inventory-{manifest.digest}", fact)
        yield now

    def _current(self, table: pa.Table) -> Iterator[StoredObject]:
        """Objects of a part of the report, current versions below the prefix."""
        for name, wanted in (("is_latest", True), ("is_delete_marker", False)):
            if name in table.column_names:
                table = table.filter(pc.equal(table.column(name), wanted))
        for row in table.select(list(KEPT)).to_pylist():
            if row["key"].startswith(self.prefix):
                yield _stored(row)

    @property
    def _state(self) -> State:
        return State(self.intake.ledger.bucket)


def _further(now: Progress, rows: int, done: dict[str, int]) -> Progress:
    return Progress(
        now.files,
        now.files_total,
        now.rows + rows,
        now.found + sum(done.values()),
        now.batches + len(done),
    )


def _stored(row: dict[str, Any]) -> StoredObject:
    if None in row.values() or not row["e_tag"]:
        raise InventoryError("a row of the report lacks its size, date or ETag")
    return StoredObject(
        row["key"], row["e_tag"].strip('"'), row["size"], row["last_modified_date"]
    )


def _columns(file_format: str, schema: str) -> tuple[str, ...]:
    """Names of the columns, as Parquet spells them: ``LastModifiedDate``, ``ETag``."""
    if file_format == "Parquet":
        return tuple(_FIELD.findall(schema))
    names = (name.strip().replace("ETag", "eTag") for name in schema.split(","))
    return tuple(_CAMEL.sub("_", name).lower() for name in names)


def _hold_against_checksum(bucket: Bucket, key: str, digest: str) -> None:
    """Compare with the file beside it; a copy of a report may lack that."""
    try:
        told = bucket.read(key.removesuffix("manifest.json") + "manifest.checksum")
    except ObjectGoneError:
        return
    if told.decode("ascii", "replace").strip().lower() != digest:
        raise InventoryError("the manifest is damaged: its checksum differs")


def _download(bucket: Bucket, file: DataFile, body: BinaryIO) -> None:
    """Fetch a file of the report whole, before a row of it is believed."""
    try:
        bucket.download(file.key, body)
    except ObjectGoneError:
        raise InventoryError("a file of the report is gone") from None
    body.seek(0)
    digest = hashlib.md5(usedforsecurity=False)
    while some := body.read(_CHUNK_BYTES):
        digest.update(some)
    if body.tell() != file.bytes or digest.hexdigest() != file.md5:
        raise InventoryError("a file of the report is damaged: its checksum differs")
    body.seek(0)
