"""Which batches the files of a raw table hold, whether compacted or not.

A batch is written as a file of its own, whose name is the batch. Compaction replaces
many such files by one of another name (``layout.compacted_name``) that holds the same
rows: whole batches, told apart by ``batch_id``, best a row group each. Until the old
files are deleted, a batch is in two files; it is then read from its own, and counted
once.
"""

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

import pyarrow as pa

from dicom_pipeline.layout import COMPACTED, batch_of
from dicom_pipeline.resources.bucket import Bucket, ObjectGoneError, StoredObject
from dicom_pipeline.resources.parquet_files import (
    read_batch,
    row_count,
    rows_by_batch,
)

_LOOKS = 4
Seen = TypeVar("Seen")


def steady(look: Callable[[], Seen]) -> Seen:
    """Return what ``look`` sees; look again where compaction removes a listed file.

    Raises:
        ObjectGoneError: A file was gone at each of four looks.
    """
    for _ in range(_LOOKS - 1):
        with contextlib.suppress(ObjectGoneError):
            return look()
    return look()


def is_compacted(stored: StoredObject) -> bool:
    """Whether the rows of a file, not its name, say which batches it holds."""
    return batch_of(stored.key).startswith(COMPACTED)


@dataclass(frozen=True)
class BatchFiles:
    """What is in the files of the raw tables; files never change, so it is kept.

    Attributes:
        bucket: Where they are.
    """

    bucket: Bucket
    _counts: dict[StoredObject, dict[str, int]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def listed(self, prefix: str) -> list[StoredObject]:
        """Files below a prefix of ``layout``, in the order of their keys."""
        found = self.bucket.list(prefix)
        return sorted(
            (item for item in found if item.key.endswith(".parquet")),
            key=lambda item: item.key,
        )

    def batches(self, prefix: str) -> set[str]:
        """Names of the batches that the files below a prefix hold."""
        return steady(lambda: set(self.homes(self.listed(prefix))))

    def homes(self, files: Iterable[StoredObject]) -> dict[str, StoredObject]:
        """Return the one file to read each batch from: its own where there is one."""
        found: dict[str, StoredObject] = {}
        for item in sorted(files, key=is_compacted):
            held = self.rows(item) if is_compacted(item) else (batch_of(item.key),)
            for batch in held:
                found.setdefault(batch, item)
        return found

    def rows(self, stored: StoredObject) -> dict[str, int]:
        """Rows of each batch in one file."""
        if stored not in self._counts:
            self._counts[stored] = self._counted(stored)
        return self._counts[stored]

    def find(self, prefix: str, batch: str, schema: pa.Schema) -> pa.Table | None:
        """Return the rows of a batch from a compacted file; ``None`` without one."""
        return steady(lambda: self._found(prefix, batch, schema))

    def _found(self, prefix: str, batch: str, schema: pa.Schema) -> pa.Table | None:
        for item in self.listed(prefix):
            if is_compacted(item) and batch in self.rows(item):
                return read_batch(self.bucket, item, schema, batch)
        return None

    def _counted(self, stored: StoredObject) -> dict[str, int]:
        if not is_compacted(stored):
            return {batch_of(stored.key): row_count(self.bucket, stored)}
        return rows_by_batch(self.bucket, stored)
