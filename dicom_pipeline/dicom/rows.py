"""From headers to tables: one name for what the other rooms call."""

from dicom_pipeline.dicom.entities import entity_tables
from dicom_pipeline.dicom.header_rows import (
    ROW_ORDER,
    FileFacts,
    Row,
    header_row,
    headers_table,
)
from dicom_pipeline.dicom.packed import PackedHeader, Shelf, header_tables

PROJECTION_VERSION = "1"
"""Changes whenever the same header may give other rows in the same columns."""

__all__ = [
    "PROJECTION_VERSION",
    "ROW_ORDER",
    "FileFacts",
    "PackedHeader",
    "Row",
    "Shelf",
    "entity_tables",
    "header_row",
    "header_tables",
    "headers_table",
]
