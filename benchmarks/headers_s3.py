"""Headers out of an S3 server: SeaweedFS on loopback, near and 30 ms away."""

import asyncio
import io
import json
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import obstore
import pydicom
from delay import delayed
from frame import Method, Options, Row, bounded, compared, interleaved
from headers_local import corpus_files
from methods import FACTS, be_quiet, json_parquet
from samples import PIXEL_BYTES, SLICES, ct_header

from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.dicom.header import FIRST_RANGE
from dicom_pipeline.dicom.rows import PackedHeader, header_tables
from dicom_pipeline.resources.bucket import Bucket, StoredObject
from dicom_pipeline.resources.header_workers import HeaderReader
from dicom_pipeline.resources.headers import IN_FLIGHT
from dicom_pipeline.resources.local_s3 import LocalS3
from dicom_pipeline.resources.tables import parquet

FIRST_BYTE_MS = 30
_THREADS = 64


def rows(options: Options) -> Iterator[Row]:
    """Near, then the bytes of it, then far."""
    be_quiet()
    with tempfile.TemporaryDirectory() as home, LocalS3(Path(home)).running() as store:
        bucket = Bucket("headers", store)
        bucket.create()
        listed = _uploaded(bucket, options.files(1_000))
        yield from _near(bucket, listed, options)
        yield _fetched("CT, 260 elements", bucket, listed)
        corpus = _corpus(bucket)
        if corpus:
            yield _fetched(f"corpus, {len(corpus)} files", bucket, corpus)
        yield from _far(bucket, listed, options)


def _near(
    bucket: Bucket, listed: list[StoredObject], options: Options
) -> Iterator[Row]:
    methods = {"ours": _ours(bucket), "boto3": _boto3(bucket), "limit": _ranges(bucket)}
    spent = _spent(methods, listed, options)
    name = "S3 on loopback: boto3 full GET, pydicom JSON"
    yield compared(name, spent, peer="boto3", at_least=5)
    yield compared(f"{name}, by the clock", spent, peer="boto3", clock="wall")
    yield compared(
        "S3 on loopback: the same ranges, nothing read of them", spent, peer="limit"
    )


def _far(bucket: Bucket, listed: list[StoredObject], options: Options) -> Iterator[Row]:
    at = urlsplit(bucket.store.endpoint)
    with delayed(str(at.hostname), int(at.port or 0), FIRST_BYTE_MS) as port:
        store = replace(bucket.store, endpoint=f"http://127.0.0.1:{port}")
        far = Bucket(bucket.name, store)
        methods = {"ours": _ours(far), "boto3": _boto3(far, _THREADS)}
        spent = _spent(methods, listed, options)
    name = f"S3 {FIRST_BYTE_MS} ms away, by the clock: boto3 with {_THREADS} threads"
    yield compared(name, spent, peer="boto3", at_least=4, clock="wall")


def _spent(
    methods: dict[str, Method], listed: list[StoredObject], options: Options
) -> dict:
    for method in methods.values():
        method(listed[:20])  # imports and connections are not what is measured
    return interleaved(methods, listed, options.rounds)


def _ours(bucket: Bucket) -> Method:
    reader = HeaderReader()

    def read(part: Sequence[StoredObject]) -> None:
        found = (each.found for each in reader.read(bucket, part))
        files = [(each, FACTS) for each in found if isinstance(each, PackedHeader)]
        for table in header_tables(files):
            parquet(HEADERS, table)

    return read


def _boto3(bucket: Bucket, threads: int = 1) -> Method:
    def text(stored: StoredObject) -> str:
        file = io.BytesIO(bucket.read(stored.key))
        dataset = pydicom.dcmread(file, stop_before_pixels=True)
        return json.dumps(dataset.to_json_dict())

    def read(part: Sequence[StoredObject]) -> None:
        if threads == 1:
            json_parquet(map(text, part))
        else:
            with ThreadPoolExecutor(threads) as pool:
                json_parquet(pool.map(text, part))

    return read


def _ranges(bucket: Bucket) -> Method:
    async def one(gate: asyncio.Semaphore, stored: StoredObject) -> None:
        async with gate:
            end = min(FIRST_RANGE, stored.bytes)
            await obstore.get_range_async(bucket.ranges, stored.key, start=0, end=end)

    async def every(part: Sequence[StoredObject]) -> None:
        gate = asyncio.Semaphore(IN_FLIGHT)
        await asyncio.gather(*(one(gate, stored) for stored in part))

    return lambda part: asyncio.run(every(part))


def _fetched(name: str, bucket: Bucket, listed: list[StoredObject]) -> Row:
    """Bytes that were asked for, against those that the headers have."""
    read = HeaderReader().read(bucket, listed)
    headers = [each for each in read if isinstance(each.found, PackedHeader)]
    fetched = sum(each.fetched for each in headers) / len(headers)
    long = sum(each.found.header_bytes for each in headers) / len(headers)
    bound = 1.3 * long + FIRST_RANGE
    return bounded(f"{name}: bytes fetched per file", fetched, bound, "bytes")


def _uploaded(bucket: Bucket, count: int) -> list[StoredObject]:
    def put(number: int) -> None:
        key = f"ct/{number // SLICES:04d}/{number:05d}.dcm"
        bucket.write(key, ct_header(number) + bytes(PIXEL_BYTES))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(count)))
    return list(bucket.list("ct/"))


def _corpus(bucket: Bucket) -> list[StoredObject]:
    root, files = corpus_files()
    for path in files:
        bucket.write(f"corpus/{path.relative_to(root)}", path.read_bytes())
    return list(bucket.list("corpus/"))
