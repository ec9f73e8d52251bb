"""What the de-identified export of nested headers says of each instance."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pydicom.datadict import dictionary_VR, tag_for_keyword

from .tables import text_of


def nested_texts(folder: Path) -> dict[str, dict[str, str]]:
    """Texts by path, by SOP Instance UID; nulls are gone.

    Args:
        folder: What ``dicom-pipeline headers export --layer stage`` has written.
    """
    return {
        row["sop_instance_uid"]: dict(_texts(row))
        for row in pq.read_table(folder).to_pylist()
    }


def _texts(row: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for keyword, value in row.items():
        number = tag_for_keyword(keyword)
        if value is None or number is None:
            continue
        tag = f"{path}({number >> 16:04x},{number & 0xFFFF:04x})"
        if dictionary_VR(keyword) != "SQ":
            yield tag, text_of(value)
        else:
            yield tag, ""
            for place, item in enumerate(value):
                if isinstance(item, dict):
                    yield from _texts(item, f"{tag}[{place:04d}]")
