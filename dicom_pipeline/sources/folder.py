"""From folders and files of this machine into the provider bucket.

Content decides later what a file is, so everything is sent, hidden and empty files
too. File names may name a person: whatever leaves this module is a count or a code.
"""

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError

from dicom_pipeline.resources.bucket import Bucket, BucketError, StoredObject

PART_BYTES: Final = 8 * 1024**2  # boto3's default, and that of most uploaders
_MOST_PARTS: Final = 10_000  # of one S3 multipart upload
_LONGEST_KEY: Final = 1024  # bytes of UTF-8, S3's limit
_READ_BYTES: Final = 1024**2

UPLOADED: Final = "uploaded"
UNCHANGED: Final = "unchanged"
UNREADABLE: Final = "unreadable"
UNREADABLE_FOLDER: Final = "unreadable_folder"
NOT_A_FILE: Final = "not_a_file"
KEY_TOO_LONG: Final = "key_too_long"


class AmbiguousSourceError(ValueError):
    """Two of the sources would be stored under the same key."""


@dataclass(frozen=True)
class Progress:
    """How far a push is: counts and bytes, never names."""

    files: int
    bytes: int
    files_total: int
    bytes_total: int


@dataclass(frozen=True)
class PushResult:
    """What became of the files of one push.

    Attributes:
        uploaded: Files that were sent.
        unchanged: Files that were there already, byte for byte.
        uploaded_bytes: Bytes that were sent.
        failed: Number of files, or folders, by the code of their failure.
    """

    uploaded: int = 0
    unchanged: int = 0
    uploaded_bytes: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether every file is in the bucket now."""
        return not self.failed


@dataclass(frozen=True)
class _File:
    path: Path
    key: str
    bytes: int


Report = Callable[[Progress], None]


def push(
    paths: Iterable[Path],
    bucket: Bucket,
    *,
    workers: int = 16,
    progress: Report | None = None,
) -> PushResult:
    """Send files and whole folders; what is there with the same bytes is not sent.

    A key is the path below the given folder, after that folder's own name. So a
    push that was cut short goes on when it is started again. A store that encrypts
    with KMS keeps no MD5: there a repeat sends everything again.

    Args:
        paths: Files and folders; links are followed, each folder once.
        bucket: The provider bucket.
        workers: Files in flight; each holds 8 MiB at most.
        progress: Called after each file, in this thread.

    Raises:
        AmbiguousSourceError: Two sources have the same name.
        BucketError: The bucket fails; the files that were sent stay.
    """
    roots = _named(paths)
    failed: Counter[str] = Counter()
    files = [file for name, root in roots.items() for file in _walk(name, root, failed)]
    present = {
        stored.key: stored
        for name, root in roots.items()
        for stored in bucket.list(f"{name}/" if root.is_dir() else name)
    }
    total = Progress(0, 0, len(files), sum(file.bytes for file in files))
    outcomes: Counter[str] = Counter()
    uploaded_bytes = 0
    for file, outcome in _sent(files, bucket, present, workers):
        outcomes[outcome] += 1
        uploaded_bytes += file.bytes if outcome == UPLOADED else 0
        total = replace(total, files=total.files + 1, bytes=total.bytes + file.bytes)
        if progress is not None:
            progress(total)
    uploaded, unchanged = outcomes.pop(UPLOADED, 0), outcomes.pop(UNCHANGED, 0)
    return PushResult(uploaded, unchanged, uploaded_bytes, dict(failed + outcomes))


def etag(path: Path) -> str:
    """ETag that S3 gives the file when it is sent in parts of 8 MiB.

    One PUT gives the MD5 of the bytes. A multipart upload gives the MD5 of the MD5s
    of its parts, and their number.
    """
    size = path.stat().st_size
    with path.open("rb") as source:
        if size < PART_BYTES:
            return hashlib.file_digest(source, _md5).hexdigest()
        parts = [_digest_of_part(source, part_bytes(size)) for _ in range(_parts(size))]
    return f"{_md5(b''.join(parts)).hexdigest()}-{len(parts)}"


def part_bytes(size: int) -> int:
    """Size of the parts that boto3 cuts a file into: doubled until 10,000 suffice."""
    part = PART_BYTES
    while -(-size // part) > _MOST_PARTS:
        part *= 2
    return part


def _parts(size: int) -> int:
    return -(-size // part_bytes(size))


def _md5(data: bytes = b"") -> "hashlib._Hash":
    return hashlib.md5(data, usedforsecurity=False)  # what S3 compares by


def _digest_of_part(source: BinaryIO, size: int) -> bytes:
    digest = _md5()
    while size > 0 and (chunk := source.read(min(size, _READ_BYTES))):
        digest.update(chunk)
        size -= len(chunk)
    return digest.digest()


def _named(paths: Iterable[Path]) -> dict[str, Path]:
    """Roots by the name that their keys begin with."""
    roots: dict[str, Path] = {}
    for path in paths:
        root = Path(os.path.abspath(path))  # noqa: PTH100  # a link keeps its name
        name = _spelled(root.name or "root")
        if roots.setdefault(name, root) != root:
            raise AmbiguousSourceError(
                "two sources have the same name; give the folder above them instead"
            )
    return roots


def _walk(name: str, root: Path, failed: Counter[str]) -> Iterator[_File]:
    """Yield the files of one root in path order, each folder once."""
    if not root.is_dir():
        yield from _file(root, name, failed)
        return
    seen: set[tuple[int, int]] = set()
    _first(root, seen)

    def count(_: OSError) -> None:
        failed[UNREADABLE_FOLDER] += 1

    for folder, folders, files in os.walk(root, onerror=count, followlinks=True):
        here = Path(folder)
        folders[:] = sorted(child for child in folders if _first(here / child, seen))
        for child in sorted(files):
            below = (here / child).relative_to(root).as_posix()
            yield from _file(here / child, f"{name}/{_spelled(below)}", failed)


def _first(folder: Path, seen: set[tuple[int, int]]) -> bool:
    """Whether the folder is met for the first time; a link may lead back to it."""
    try:
        status = folder.stat()
    except OSError:
        return True  # the walk itself will count it
    identity = (status.st_dev, status.st_ino)
    known = identity in seen
    seen.add(identity)
    return not known


def _file(path: Path, key: str, failed: Counter[str]) -> Iterator[_File]:
    try:
        status = path.stat()
    except OSError:
        failed[UNREADABLE] += 1
        return
    if not stat.S_ISREG(status.st_mode):
        failed[NOT_A_FILE] += 1  # opening a pipe would wait for ever
    elif len(key.encode()) > _LONGEST_KEY:
        failed[KEY_TOO_LONG] += 1
    else:
        yield _File(path, key, status.st_size)


def _spelled(name: str) -> str:
    r"""Spell bytes that are not UTF-8 as ``\xff``: a key is text."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _sent(
    files: list[_File],
    bucket: Bucket,
    present: Mapping[str, StoredObject],
    workers: int,
) -> Iterator[tuple[_File, str]]:
    """Yield each file with what became of it, as they end."""
    waiting = iter(files)
    flying: dict[Future[str], _File] = {}
    with ThreadPoolExecutor(workers) as pool:
        try:
            while True:
                for file in islice(waiting, 2 * workers - len(flying)):
                    stored = present.get(file.key)
                    flying[pool.submit(_send, file, bucket, stored)] = file
                if not flying:
                    return
                for done in wait(flying, return_when=FIRST_COMPLETED).done:
                    yield flying.pop(done), done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _send(file: _File, bucket: Bucket, stored: StoredObject | None) -> str:
    try:
        if _same(file, stored):
            return UNCHANGED
        if file.bytes < PART_BYTES:
            bucket.write(file.key, file.path.read_bytes())
        else:
            _send_parts(file, bucket)
    except OSError:
        return UNREADABLE
    return UPLOADED


def _same(file: _File, stored: StoredObject | None) -> bool:
    """Whether the bytes are there already; read only where the size says so."""
    return (
        stored is not None
        and stored.bytes == file.bytes
        and stored.fingerprint == etag(file.path)
    )


def _send_parts(file: _File, bucket: Bucket) -> None:
    """Send a large file in parts; the client's errors quote path and key, ours not."""
    cut = TransferConfig(
        multipart_threshold=PART_BYTES,
        multipart_chunksize=part_bytes(file.bytes),
        use_threads=False,  # the files are the threads
    )
    try:
        bucket.store.client.upload_file(
            str(file.path), bucket.name, file.key, Config=cut
        )
    except (S3UploadFailedError, ClientError, BotoCoreError) as error:
        raise BucketError(f"upload failed: {type(error).__name__}") from None
