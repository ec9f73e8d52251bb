"""Objects of a bucket as text: their keys, Parquet values, what JPEGs say."""

import io
import tarfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq

from dicom_pipeline.deid.jpeg_text import beside_the_picture
from dicom_pipeline.deid.leaks import BETWEEN
from dicom_pipeline.resources.bucket import Bucket, ObjectGoneError, StoredObject
from dicom_pipeline.resources.haystacks import Text, texts_of_bytes
from dicom_pipeline.resources.store import CONCURRENCY

_ROWS = 5_000
_AT_ONCE = 256  # objects whose text is in memory
_SMALL = 16_384  # letters
_JPEG, _PARQUET = b"\xff\xd8", b"PAR1"


def bucket_texts(
    bucket: Bucket,
    kind: str,
    objects: Iterable[StoredObject],
    is_due: Callable[[StoredObject], bool] = lambda _: True,
) -> Iterator[Text]:
    """Keys of all the objects, and the content and metadata of those that are due."""
    waiting: list[StoredObject] = []
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        for stored in objects:
            waiting.append(stored)
            if len(waiting) == _AT_ONCE:
                yield from _together(bucket, kind, waiting, (pool, is_due))
                waiting = []
        yield from _together(bucket, kind, waiting, (pool, is_due))


def _together(
    bucket: Bucket,
    kind: str,
    objects: list[StoredObject],
    how: tuple[ThreadPoolExecutor, Callable[[StoredObject], bool]],
) -> Iterator[Text]:
    pool, is_due = how
    keys = BETWEEN.join(stored.key for stored in objects)
    # A dot ends a UID as well as a file name.
    yield Text(f"{kind}: keys", f"{keys}{BETWEEN}{keys.replace('.', ' ')}")
    due = [stored for stored in objects if is_due(stored)]
    # Thousands of JPEGs say three lines each: one look at many takes a tenth.
    small: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for texts in pool.map(lambda each: object_texts(bucket, kind, each), due):
        for text in texts:
            if len(text.body) > _SMALL:
                yield text
            else:
                small[text.place, text.is_noise].append(text.body)
    for (place, is_noise), bodies in small.items():
        yield Text(place, BETWEEN.join(bodies), is_noise)


def object_texts(bucket: Bucket, kind: str, stored: StoredObject) -> list[Text]:
    """What one object says; nothing where it is gone by now."""
    with suppress(ObjectGoneError):
        body = bucket.read(stored.key)
        texts = list(_texts_of(body, kind))
        told = bucket.metadata(stored.key)
        if told:
            spelled = "\n".join(f"{name} {value}" for name, value in told.items())
            texts.append(Text(f"{kind}: user metadata", spelled))
        return texts
    return []


def _texts_of(body: bytes, kind: str) -> Iterator[Text]:
    if body[:4] == _PARQUET:
        yield from parquet_texts(body, kind)
    elif body[:2] == _JPEG:
        for text in texts_of_bytes(beside_the_picture(body)):
            yield Text(f"{kind}: JPEG metadata", text)
    elif body[257:262] == b"ustar":
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
                yield from _texts_of(file.read(), kind)


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
