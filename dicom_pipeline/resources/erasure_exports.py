"""One patient taken out of the exports of headers that lie in the stage bucket."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dicom_pipeline.layout import HEADERS_PREFIX
from dicom_pipeline.resources.bucket import Bucket, StoredObject
from dicom_pipeline.resources.purge import purge, purge_old

_PATIENT, _INSTANCE = "patient_key", "sop_instance_uid"
_VERSION = "deid_key_version"


@dataclass(frozen=True)
class ExportErasure:
    """Takes one patient out of every export below ``headers/``.

    Attributes:
        stage: The bucket.
        patient_key: His name there.
        sop_uids: Pseudonyms of his SOP instances.
        key_version: Of the key that gave these names.
    """

    stage: Bucket
    patient_key: str
    sop_uids: frozenset[str]
    key_version: int

    def rows(self) -> int:
        """Write each file anew without him, and delete what it was; count his rows."""
        gone = 0
        for stored, is_his in self._files():
            gone += pc.sum(is_his).as_py()
            rows = pq.read_table(io.BytesIO(self.stage.read(stored.key)))
            left = rows.filter(pc.invert(is_his))
            if not left.num_rows:
                purge(self.stage, stored.key)
                continue
            body = io.BytesIO()
            pq.write_table(left, body, compression="zstd")
            self.stage.write(stored.key, body.getvalue())
            purge_old(self.stage, stored.key)
        return gone

    def hits(self) -> dict[str, int]:
        """Count rows that are his, and those of which it cannot be told."""
        his = sum(pc.sum(is_his).as_py() for _, is_his in self._files())
        former = 0
        for stored in self._parts():
            versions = self._columns(stored, [_VERSION])[_VERSION]
            former += pc.sum(pc.not_equal(versions, self.key_version)).as_py() or 0
        return {
            "stage header exports": his,
            "stage header exports of a former key": former,
        }

    def _parts(self) -> Iterator[StoredObject]:
        for stored in list(self.stage.list(HEADERS_PREFIX)):
            if stored.key.endswith(".parquet"):
                yield stored

    def _columns(self, stored: StoredObject, names: list[str]) -> pa.Table:
        return pq.read_table(io.BytesIO(self.stage.read(stored.key)), columns=names)

    def _files(self) -> Iterator[tuple[StoredObject, pa.ChunkedArray]]:
        """Yield the files that have him, with which rows are his."""
        sops = pa.array(sorted(self.sop_uids), pa.string())
        for stored in self._parts():
            rows = self._columns(stored, [_PATIENT, _INSTANCE])
            is_his = pc.or_(
                pc.equal(rows[_PATIENT], self.patient_key),
                pc.is_in(rows[_INSTANCE], value_set=sops),
            )
            if pc.any(is_his).as_py():
                yield stored, is_his
