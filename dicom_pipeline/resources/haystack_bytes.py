"""Bytes as text: Parquet values, what JPEGs and archives say, any other file."""

import io
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from dicom_pipeline.deid.jpeg_text import beside_the_picture
from dicom_pipeline.deid.leaks import BETWEEN

_ROWS = 5_000
_JPEG, _PARQUET, _TAR, _TAR_AT = b"\xff\xd8", b"PAR1", b"ustar", 257
HEAD_BYTES = 512
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]|\xd9[!-~]")  # 0xd9: msgpack's str 8
_LENGTH = re.compile(rb"(?<![ -~])[ -~]")
"""A length before a text may look like its first letter, in msgpack and in Exif."""


@dataclass(frozen=True)
class Text:
    """A piece of a haystack.

    Attributes:
        place: ``table.column`` or a kind of file.
        body: What stands there, decoded.
        is_noise: Whether programs write words and numbers there by themselves.
    """

    place: str
    body: str
    is_noise: bool = False


def texts_of_bytes(body: bytes) -> Iterator[str]:
    """Bytes in the encodings that a name may lie in."""
    yield body.decode("utf-8", "replace")
    if not body.isascii():
        yield body.decode("latin-1")
    if b"\0" in body:
        yield body.replace(b"\0", b"").decode("latin-1")  # UTF-16, as in Exif
    if _CONTROL.search(body):
        yield _LENGTH.sub(b" ", body).decode("utf-8", "replace")


def is_packed(head: bytes) -> bool:
    """Whether bytes that begin so must be unpacked to be read."""
    return head.startswith((_PARQUET, _JPEG)) or _is_tar(head)


def texts_of_body(body: bytes, kind: str) -> Iterator[Text]:
    """What the bytes of a file or an object say, by their form."""
    if body.startswith(_PARQUET):
        yield from parquet_texts(body, kind)
    elif body.startswith(_JPEG):
        for text in texts_of_bytes(beside_the_picture(body)):
            yield Text(f"{kind}: JPEG metadata", text)
    elif _is_tar(body):
        yield from _tar_texts(body, kind)
    else:
        for text in texts_of_bytes(body):
            yield Text(f"{kind}: other objects", text)


def _tar_texts(body: bytes, kind: str) -> Iterator[Text]:
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        for member in archive:
            spelled = f"{member.name}\n{member.uname}\n{member.pax_headers}"
            yield Text(f"{kind}: names in tar", spelled)
            file = archive.extractfile(member)
            if file is not None:
                yield from texts_of_body(file.read(), kind)


def parquet_texts(body: bytes, kind: str) -> Iterator[Text]:
    """Values column by column, and what the footer says beside them."""
    file = pq.ParquetFile(io.BytesIO(body))
    for batch in file.iter_batches(_ROWS, use_threads=False):
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            text = BETWEEN.join(map(str, column.drop_null().to_pylist()))
            is_number = pa.types.is_integer(column.type)
            is_day = pa.types.is_temporal(column.type)
            if not is_day and not pa.types.is_floating(column.type):
                yield Text(f"{kind}: column {name}", text, is_number)
    told = file.metadata.metadata or {}
    spelled = b"\n".join(part for pair in told.items() for part in pair)
    yield Text(f"{kind}: Parquet metadata", spelled.decode("utf-8", "replace"))


def _is_tar(body: bytes) -> bool:
    return body[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR
