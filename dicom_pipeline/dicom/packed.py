"""A header in little room: what files it, and its row without the facts of its file.

A header as Python objects takes a hundred times the room of its compressed text, and
a batch has thousands; between processes only this form travels.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from tempfile import SpooledTemporaryFile

import pyarrow as pa

from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.dicom.header_rows import (
    FileFacts,
    Row,
    core_row,
    order_of,
    with_facts,
)
from dicom_pipeline.dicom.months import DATE_TAGS
from dicom_pipeline.dicom.outcome import HasUids, Header

FILING_TAGS = (
    "00080018",  # SOP Instance UID
    "0020000D",  # Study Instance UID
    "0020000E",  # Series Instance UID
    "00100020",  # Patient ID
    "00100021",  # Issuer of Patient ID
    *DATE_TAGS,
)
"""Elements that decide where a file belongs."""

_CODEC = pa.Codec("lz4")
_TEXT = "header"
_PART_BYTES = 32 * 1024 * 1024
_SPILLED_AT = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Kept:
    """Bytes in a file that others share."""

    file: "SpooledTemporaryFile[bytes]"
    start: int
    length: int

    def read(self) -> bytes:
        self.file.seek(self.start)
        return self.file.read(self.length)


@dataclass(frozen=True, slots=True)
class PackedHeader(HasUids):
    """One header, read to its end, its JSON text compressed.

    Attributes:
        header_bytes: Offset of the pixel data element, or the file's size.
        text_bytes: Bytes of the JSON text.
    """

    header_bytes: int
    text_bytes: int
    _texts: Mapping[str, str] = field(repr=False)
    _row: Row = field(repr=False)
    _body: bytes | _Kept = field(repr=False)

    def text(self, tag: str) -> str:
        """First value of one of ``FILING_TAGS``; empty where there is none.

        Raises:
            KeyError: The element does not decide where a file belongs.
        """
        return self._texts[tag]

    def row(self, file: FileFacts) -> Row:
        """Row of ``headers`` for the file that the header is of."""
        body = self._body if isinstance(self._body, bytes) else self._body.read()
        text = _CODEC.decompress(body, self.text_bytes, asbytes=True).decode()
        return with_facts({**self._row, _TEXT: text}, file)

    def order(self, file: FileFacts) -> tuple[object, ...]:
        """Key to sort by, the same as that of its row."""
        return order_of({**self._row, "fingerprint": file.fingerprint})


class Shelf:
    """Holds the texts of a batch: in memory, or on disk once there are too many.

    The file has no name and goes with the shelf; its folder is the system's (TMPDIR).
    """

    def __init__(self, in_memory: int = _SPILLED_AT) -> None:
        """Hold so many bytes in memory at most."""
        # The shelf lives as long as what is on it.
        self._file = SpooledTemporaryFile(max_size=in_memory)  # noqa: SIM115

    def keep(self, header: PackedHeader) -> PackedHeader:
        """Return the header with its text on the shelf."""
        body = header._body  # noqa: SLF001
        if not isinstance(body, bytes):
            return header
        start = self._file.seek(0, 2)
        self._file.write(body)
        return replace(header, _body=_Kept(self._file, start, len(body)))


def header_tables(
    files: Iterable[tuple[PackedHeader, FileFacts]],
) -> Iterator[pa.Table]:
    """Put headers into tables, by series and instance number.

    Yields:
        Tables in the schema of the catalogue, of 32 MiB of text or one long header;
        rows in ``ROW_ORDER`` from the first table to the last.
    """
    rows: list[Row] = []
    room = _PART_BYTES
    for header, facts in sorted(files, key=lambda each: each[0].order(each[1])):
        if rows and header.text_bytes > room:
            yield pa.Table.from_pylist(rows, schema=HEADERS.schema)
            rows, room = [], _PART_BYTES
        rows.append(header.row(facts))
        room -= header.text_bytes
    yield pa.Table.from_pylist(rows, schema=HEADERS.schema)


def packed(header: Header) -> PackedHeader:
    """Pack a header; nothing of it is lost."""
    row = core_row(header)
    text = row.pop(_TEXT).encode()
    return PackedHeader(
        header_bytes=header.header_bytes,
        text_bytes=len(text),
        _texts={tag: header.text(tag) for tag in FILING_TAGS},
        _row=row,
        _body=_CODEC.compress(text, asbytes=True),
    )
