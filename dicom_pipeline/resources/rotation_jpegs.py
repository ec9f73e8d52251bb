"""The stage bucket under a new key: JPEGs copied, their tables written, the old gone.

JPEGs are copied by the store; nothing is rendered. A table that is still there under
its old token was not finished, so a run that was killed is finished by the next.
"""

import io
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from dicom_pipeline.catalog.compressed_images import COMPRESSED_IMAGES
from dicom_pipeline.deid.rotation import Renaming
from dicom_pipeline.layout import (
    IMAGES_PREFIX,
    compressed_images_key,
    image_folder,
    table_prefix,
)
from dicom_pipeline.resources.bucket import Bucket, ObjectGoneError
from dicom_pipeline.resources.purge import purge
from dicom_pipeline.resources.rotation_sql import jpeg_key
from dicom_pipeline.resources.store import CONCURRENCY
from dicom_pipeline.resources.tables import EMPTY, parquet

Row = dict[str, Any]
Named = Callable[[Row], Row | None]
"""What a row becomes under the new key; ``None``: nothing stands for it any more."""

_PART = "part"


class Names(Protocol):
    """What one raw file is called behind the line."""

    @property
    def sop(self) -> str: ...  # noqa: D102
    @property
    def render_id(self) -> str: ...  # noqa: D102


@dataclass(frozen=True)
class Moved:
    """What was done.

    Attributes:
        rows: Rows written.
        jpegs: JPEGs copied.
        missing: JPEGs that a row lists and that were not there.
    """

    rows: int = 0
    jpegs: int = 0
    missing: int = 0


@dataclass(frozen=True)
class JpegRotation:
    """Gives the JPEGs of a stage bucket and their tables new names.

    Attributes:
        stage: The bucket.
        named: What a row becomes, but for where its JPEG lies and its batch.
    """

    stage: Bucket
    named: Named

    def table(self, old: str, new: str) -> Moved:
        """Move the table of one batch, and the JPEGs that it lists.

        Args:
            old: Its batch token.
            new: The token that takes its place.
        """
        key = compressed_images_key(old, _PART)
        try:
            before = pq.read_table(io.BytesIO(self.stage.read(key))).to_pylist()
        except ObjectGoneError:
            return Moved()
        pairs = [(row, self.named(row)) for row in before]
        rows = [{**named, "batch_token": new} for _, named in pairs if named]
        copies = [
            (row["jpeg_key"], named["jpeg_key"])
            for row, named in pairs
            if named and named["jpeg_key"]
        ]
        with ThreadPoolExecutor(CONCURRENCY) as pool:
            copied = sum(pool.map(lambda pair: self._copy(*pair), copies))
        table = pa.Table.from_pylist(rows, schema=COMPRESSED_IMAGES.schema)
        ordered = table.sort_by(
            [("sop_instance_uid", "ascending"), ("frame", "ascending")]
        )
        self.stage.write(
            compressed_images_key(new, _PART), parquet(COMPRESSED_IMAGES, ordered)
        )
        purge(self.stage, key)
        return Moved(len(rows), copied, len(copies) - copied)

    def _copy(self, before: str, after: str) -> bool:
        found = next((o for o in self.stage.list(before) if o.key == before), None)
        if found:
            self.stage.copy_from(self.stage, found, after)
        return found is not None


def tokens_of(stage: Bucket, version: int | None = None) -> list[str]:
    """Batch tokens of the JPEG tables that are there, or that have rows of a key."""
    prefix = table_prefix(COMPRESSED_IMAGES.name)
    found = {o.key.split("batch=", 1)[1].split("/", 1)[0] for o in stage.list(prefix)}
    there = sorted(found - {EMPTY})
    if version is None:
        return there
    return [t for t in there if version in _column(stage, t, "deid_key_version")]


def sweep(stage: Bucket) -> int:
    """Delete every JPEG that no table lists, with its versions; return how many."""
    named = (_column(stage, token, "jpeg_key") for token in tokens_of(stage))
    listed = {key for keys in named for key in keys}
    return purge(stage, IMAGES_PREFIX, lambda key: key not in listed)


def versions_in(stage: Bucket) -> set[int]:
    """Key versions of all rows of the JPEG tables."""
    named = (_column(stage, token, "deid_key_version") for token in tokens_of(stage))
    return {version for versions in named for version in versions}


def _column(stage: Bucket, token: str, name: str) -> set[Any]:
    body = io.BytesIO(stage.read(compressed_images_key(token, _PART)))
    return set(pq.read_table(body, columns=[name])[name].to_pylist())


def chained(by: Renaming) -> Named:
    """Return what names a row by what the old key named it."""

    def named(row: Row) -> Row:
        return {
            **row,
            "sop_instance_uid": by.uid(row["sop_instance_uid"]),
            "jpeg_key": row["jpeg_key"] and jpeg_key(by, row["jpeg_key"]),
            "render_id": row["render_id"] and by.token("render", row["render_id"]),
            "deid_key_version": by.new.key_version,
        }

    return named


def rederived(before: Iterable[Names], after: Iterable[Names], version: int) -> Named:
    """Return what names a row by the raw file that it was rendered from.

    Args:
        before: Names of the files of a month under the old key.
        after: Of the same files, in the same order, under the new one.
        version: Of the new key.
    """
    names = {old.render_id: new for old, new in zip(before, after, strict=True)}

    def named(row: Row) -> Row | None:
        new = names.get(row["render_id"])
        if new is None:
            return None
        frame = row["jpeg_key"] and row["jpeg_key"].rpartition("/")[2]
        return {
            **row,
            "sop_instance_uid": new.sop,
            "jpeg_key": frame and f"{image_folder(new.sop)}/{frame}",
            "render_id": new.render_id,
            "deid_key_version": version,
        }

    return named
