"""From headers to tables: one name for what the other rooms call."""

from dicom_pipeline.dicom.entities import entity_tables
from dicom_pipeline.dicom.header_rows import (
    ROW_ORDER,
    FileFacts,
    Row,
    header_row,
    headers_table,
)

__all__ = [
    "ROW_ORDER",
    "FileFacts",
    "Row",
    "entity_tables",
    "header_row",
    "headers_table",
]
