"""One patient taken out of the stage bucket: his JPEGs and the rows that list them."""

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dicom_pipeline.catalog.compressed_images import COMPRESSED_IMAGES
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.layout import compressed_images_key, image_folder
from dicom_pipeline.resources.bucket import Bucket, ObjectGoneError
from dicom_pipeline.resources.erasure_exports import ExportErasure
from dicom_pipeline.resources.erasure_find import Found
from dicom_pipeline.resources.purge import (
    count_versions,
    purge,
    purge_all,
    purge_old,
)
from dicom_pipeline.resources.store import CONCURRENCY
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
        return {
            "jpeg_versions": versions,
            "compressed_images_rows": rows,
            "header_export_rows": self._exports(found, sops).rows(),
        }

    def hits(self, found: Found) -> dict[str, int]:
        """Count what is left of him: JPEGs with versions, and rows of his months."""
        sops = sorted(map(self.pseudonyms.uid, found.sop_uids))
        with ThreadPoolExecutor(CONCURRENCY) as pool:
            left = pool.map(
                lambda sop: count_versions(self.stage, f"{image_folder(sop)}/"), sops
            )
            hits = {"stage objects": sum(left)}
        listed = (self._listed(month, sops)[1] for month in found.batches)
        hits["stage compressed_images"] = sum(rows.num_rows for rows in listed)
        hits |= self._exports(found, sops).hits()
        return {place: count for place, count in hits.items() if count}

    def _exports(self, found: Found, sops: list[str]) -> ExportErasure:
        return ExportErasure(
            self.stage,
            self.pseudonyms.patient_key(found.identity),
            frozenset(sops),
            self.pseudonyms.key_version,
        )

    def _rows(self, month: str, sops: list[str]) -> int:
        key = self._key(month)
        left, his = self._listed(month, sops)
        if not left.num_rows:
            purge(self.stage, key)
        elif his.num_rows:
            self.stage.write(key, parquet(COMPRESSED_IMAGES, left))
            purge_old(self.stage, key)
        gone: int = his.num_rows
        return gone

    def _listed(self, month: str, sops: list[str]) -> tuple[pa.Table, pa.Table]:
        """Rows of a month that are others', and those that are his."""
        try:
            rows = pq.read_table(io.BytesIO(self.stage.read(self._key(month))))
        except ObjectGoneError:
            rows = COMPRESSED_IMAGES.schema.empty_table()
        wanted = pa.array(sops, pa.string())
        is_his = pc.is_in(rows["sop_instance_uid"], value_set=wanted)
        return rows.filter(pc.invert(is_his)), rows.filter(is_his)

    def _key(self, month: str) -> str:
        token = self.pseudonyms.batch_token(COMPRESSED_IMAGES.name, month)
        return compressed_images_key(token, _PART)
