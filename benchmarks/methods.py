"""Ways to make nested headers out of files: ours, the usual one, and the limit."""

import io
import json
import logging
import warnings
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pydicom

from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.dicom.header import FIRST_RANGE, Header, NeedMore, extract
from dicom_pipeline.dicom.rows import FileFacts, header_row, headers_table
from dicom_pipeline.resources.tables import parquet

FACTS = FileFacts("bench", "key", 0, "00", datetime(2026, 1, 1, tzinfo=UTC), "batch")


def be_quiet() -> None:
    """Keep pydicom's words about odd values off the table."""
    warnings.simplefilter("ignore")
    logging.getLogger("pydicom").disabled = True


def first_bytes(paths: Sequence[Path]) -> list[bytes]:
    """The limit: open each file and read what the reader reads first."""
    return [_start(path, FIRST_RANGE) for path in paths]


def ours(paths: Sequence[Path]) -> bytes:
    """Headers as the pipeline reads and stores them, in one process."""
    rows = (header_row(header, FACTS) for path in paths if (header := header_of(path)))
    return parquet(HEADERS, headers_table(rows))


def pydicom_json(paths: Sequence[Path]) -> bytes:
    """What one writes first: pydicom, its own JSON, one column of Parquet."""
    return json_parquet(
        json.dumps(pydicom.dcmread(path, stop_before_pixels=True).to_json_dict())
        for path in paths
    )


def json_parquet(texts: Iterable[str]) -> bytes:
    """One column of JSON texts as Parquet."""
    sink = io.BytesIO()
    pq.write_table(pa.table({"header": list(texts)}), sink, compression="zstd")
    return sink.getvalue()


def header_of(path: Path) -> Header | None:
    """The header of a file, by as few bytes as it takes."""
    size, wanted = path.stat().st_size, FIRST_RANGE
    while True:
        found = extract(_start(path, wanted), size)
        if not isinstance(found, NeedMore):
            return found if isinstance(found, Header) else None
        wanted = found.wanted


def both_read(path: Path) -> bool:
    """Whether the peer can do it at all; ours has read it."""
    try:
        pydicom_json([path])
    except Exception:  # noqa: BLE001  pydicom raises many kinds
        return False
    return header_of(path) is not None


def _start(path: Path, count: int) -> bytes:
    with path.open("rb", buffering=0) as file:
        return file.read(count)
