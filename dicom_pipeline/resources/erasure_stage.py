"""One patient taken out of the stage bucket: his JPEGs and the rows that list them."""

import io
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dicom_pipeline.catalog.compressed_images import COMPRESSED_IMAGES
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.layout import compressed_images_key, image_folder
from dicom_pipeline.resources.bucket import Bucket, ObjectGoneError
from dicom_pipeline.resources.erasure_find import Found
from dicom_pipeline.resources.purge import purge, purge_all, purge_old
from dicom_pipeline.resources.tables import parquet

_PART = "part"


@dataclass(frozen=True)
class StageErasure:
    """Takes one patient out of one stage bucket.

    Attributes:
        stage: The bucket.
        pseudonyms: The names under which he is there.
    """

    stage: Bucket
    pseudonyms: Pseudonyms

    def images(self, found: Found) -> dict[str, int]:
        """Delete his JPEGs, listed or not, then the rows that list them."""
        sops = sorted(map(self.pseudonyms.uid, found.sop_uids))
        folders = [f"{image_folder(sop)}/" for sop in sops]
        versions = purge_all(self.stage, folders)
        rows = sum(self._rows(month, sops) for month in found.batches)
        return {"jpeg_versions": versions, "compressed_images_rows": rows}

    def _rows(self, month: str, sops: list[str]) -> int:
        token = self.pseudonyms.batch_token(COMPRESSED_IMAGES.name, month)
        key = compressed_images_key(token, _PART)
        try:
            rows = pq.read_table(io.BytesIO(self.stage.read(key)))
        except ObjectGoneError:
            return 0
        his = pc.is_in(rows["sop_instance_uid"], value_set=pa.array(sops, pa.string()))
        left = rows.filter(pc.invert(his))
        if not left.num_rows:
            purge(self.stage, key)
        elif left.num_rows < rows.num_rows:
            self.stage.write(key, parquet(COMPRESSED_IMAGES, left))
            purge_old(self.stage, key)
        gone: int = rows.num_rows - left.num_rows
        return gone
