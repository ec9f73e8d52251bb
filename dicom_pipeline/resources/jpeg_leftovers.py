"""What a change of profile leaves in the stage bucket: JPEGs under former names."""

import io

import pyarrow.parquet as pq

from dicom_pipeline.catalog.compressed_images import COMPRESSED_IMAGES
from dicom_pipeline.layout import table_prefix
from dicom_pipeline.resources.jpegs import Jpegs
from dicom_pipeline.resources.tables import EMPTY

_OF_ROW = ["jpeg_key", "deid_profile", "deid_key_version"]


def remove_former(jpegs: Jpegs) -> int:
    """Delete tables of another profile under another name, and the JPEGs they list.

    Not before every month has its table under the names of today: readers of the last
    published copy have their JPEGs until then. Returns how many JPEGs are gone.
    """
    months = jpegs.ledger.batches_by_month()
    if not all(map(jpegs.has_table, months)):
        return 0
    name = COMPRESSED_IMAGES.name
    tokens = {jpegs.pseudonyms.batch_token(name, month) for month in months} | {EMPTY}
    current = tuple(f"{table_prefix(name)}batch={token}/" for token in tokens)
    listed = [item.key for item in jpegs.stage.list(table_prefix(name))]
    return sum(_remove(jpegs, key) for key in listed if not key.startswith(current))


def _remove(jpegs: Jpegs, key: str) -> int:
    body = io.BytesIO(jpegs.stage.read(key))
    rows = pq.read_table(body, columns=_OF_ROW).to_pylist()
    # Tables of another key are a rotation's, which may not be finished.
    if any(row["deid_key_version"] != jpegs.pseudonyms.key_version for row in rows):
        return 0
    if any(row["deid_profile"] == jpegs.profile for row in rows):
        return 0
    for row in rows:
        if row["jpeg_key"]:
            jpegs.stage.delete(row["jpeg_key"])
    jpegs.stage.delete(key)
    return sum(row["jpeg_key"] is not None for row in rows)
