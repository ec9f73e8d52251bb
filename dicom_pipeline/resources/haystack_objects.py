"""Objects of a bucket as text: their keys, their metadata, what is in them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from dicom_pipeline.deid.leaks import BETWEEN
from dicom_pipeline.resources.bucket import Bucket, ObjectGoneError, StoredObject
from dicom_pipeline.resources.haystack_bytes import Text, texts_of_body
from dicom_pipeline.resources.store import CONCURRENCY

_AT_ONCE = 256  # objects whose text is in memory
_SMALL = 16_384  # letters


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
        texts = list(texts_of_body(body, kind))
        told = bucket.metadata(stored.key)
        if told:
            spelled = "\n".join(f"{name} {value}" for name, value in told.items())
            texts.append(Text(f"{kind}: user metadata", spelled))
        return texts
    return []
