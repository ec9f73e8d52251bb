"""The stored text of a header read back."""

from typing import Any

import orjson

from dicom_pipeline.dicom.outcome import Json


def elements_of(header: str, file_meta: str) -> Json:
    """Read data set and file meta as one level, by tag.

    orjson takes a quarter of the time of the standard library here (2026-11: 101 and
    409 us a header, 650 headers of 22 KB).
    """
    meta: dict[str, Any] = orjson.loads(file_meta)
    dataset: dict[str, Any] = orjson.loads(header)
    return {**meta, **dataset}
