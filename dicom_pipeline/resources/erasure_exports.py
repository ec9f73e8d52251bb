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


@dataclass(frozen=True)
class ExportErasure:
    """Takes one patient out of every export below ``headers/``.

    Attributes:
        stage: The bucket.
        patient_key: His name there.
        sop_uids: Pseudonyms of his SOP instances.
    """

    stage: Bucket
    patient_key: str
    sop_uids: frozenset[str]

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

    def hits(self) -> int:
        """Count rows that are his."""
        return sum(pc.sum(is_his).as_py() for _, is_his in self._files())

    def _files(self) -> Iterator[tuple[StoredObject, pa.ChunkedArray]]:
        """Yield the files that have him, with which rows are his."""
        sops = pa.array(sorted(self.sop_uids), pa.string())
        for stored in list(self.stage.list(HEADERS_PREFIX)):
            if not stored.key.endswith(".parquet"):
                continue
            body = io.BytesIO(self.stage.read(stored.key))
            rows = pq.read_table(body, columns=[_PATIENT, _INSTANCE])
            is_his = pc.or_(
                pc.equal(rows[_PATIENT], self.patient_key),
                pc.is_in(rows[_INSTANCE], value_set=sops),
            )
            if pc.any(is_his).as_py():
                yield stored, is_his
