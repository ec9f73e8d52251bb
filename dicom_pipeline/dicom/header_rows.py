"""From a header that was read to a row of ``headers``."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.catalog.table import Reading
from dicom_pipeline.dicom.header import READER_VERSION
from dicom_pipeline.dicom.json_text import text_of
from dicom_pipeline.dicom.months import month_of
from dicom_pipeline.dicom.outcome import Header
from dicom_pipeline.dicom.values import value_of

Row = dict[str, Any]

_NAMES = HEADERS.schema.names
_READ = [column for column in HEADERS.columns if column.reading is not Reading.OWN]
PIXEL_DATA = "7FE00010"
ROW_ORDER = (
    "series_instance_uid",
    "instance_number",
    "sop_instance_uid",
    "fingerprint",
)
"""Neighbours of a series lie together: their headers compress into one another."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What is known of a file without reading it.

    Attributes:
        provider: Name of the provider, the namespace of its patient ids.
        raw_key: Key in the raw bucket.
        bytes: Size of the file.
        fingerprint: The store's checksum or ETag of the whole file, hex.
        modified_at: When the provider's store received it; with time zone.
        batch_id: The batch of arrivals that it belongs to.
    """

    provider: str
    raw_key: str
    bytes: int
    fingerprint: str
    modified_at: datetime
    batch_id: str


def header_row(header: Header, file: FileFacts) -> Row:
    """Make the row of ``headers`` for one file.

    Returns:
        One value per column, in column order. The same header and facts give the same
        row: there is no clock in it.
    """
    return with_facts(core_row(header), file)


def core_row(header: Header) -> Row:
    """Make the columns of a row that the header alone decides."""
    elements = {**header.file_meta, **header.dataset}
    if header.has_pixel_data:
        elements[PIXEL_DATA] = {}
    _, month_source = month_of(header)
    own = {
        "header": text_of(header.dataset),
        "file_meta": text_of(header.file_meta),
        "private_creators": list(header.private_creators),
        "private_element_count": header.private_element_count,
        "element_count": header.element_count,
        "bulk": [asdict(bulk) for bulk in header.bulk],
        "issues": [asdict(issue) for issue in header.issues],
        "header_bytes": header.header_bytes,
        "month_source": month_source,
        "reader_version": READER_VERSION,
    }
    read = {column.name: value_of(column, elements)[0] for column in _READ}
    return own | read


def with_facts(core: Row, file: FileFacts) -> Row:
    """Complete a ``core_row`` with what is known of its file, in column order."""
    row = core | asdict(file)
    return {name: row[name] for name in _NAMES}


def headers_table(rows: Iterable[Row]) -> pa.Table:
    """Put rows of ``headers`` into a table, by series and instance number.

    Args:
        rows: From ``header_row``, in any order.

    Returns:
        Schema of the catalogue, rows in ``ROW_ORDER``, numbers before nulls.
    """
    ordered = sorted(rows, key=order_of)
    return pa.Table.from_pylist(ordered, schema=HEADERS.schema)


def order_of(row: Row) -> tuple[Any, ...]:
    """Key to sort rows by ``ROW_ORDER``; a null comes last, an absent one too."""
    values = [row.get(name) for name in ROW_ORDER]
    return tuple(
        (value is None, value if value is not None else "") for value in values
    )
