"""Where an export goes: a folder of this machine or of a bucket, empty before."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.store import Store

_S3 = "s3://"


class NotEmptyError(ValueError):
    """Something is there already."""


class Place(Protocol):
    """A folder that files are put into."""

    def put(self, name: str, body: bytes) -> None:
        """Write one file; ``name`` may have folders."""


@dataclass(frozen=True)
class LocalFolder:
    """A folder of this machine."""

    folder: Path

    def put(self, name: str, body: bytes) -> None:
        """Write one file, for its owner alone: it names patients."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.write_bytes(body)


@dataclass(frozen=True)
class BucketFolder:
    """Everything below a prefix of a bucket."""

    bucket: Bucket
    prefix: str

    def put(self, name: str, body: bytes) -> None:
        """Write one object."""
        self.bucket.write(f"{self.prefix}{name}", body)


def empty_place(out: str, store: Store) -> Place:
    """Open a folder or an ``s3://`` URL to write to.

    Args:
        out: Path, or ``s3://bucket/prefix``.
        store: The service that an ``s3://`` URL means.

    Raises:
        NotEmptyError: Files of another export would be mixed with these.
        BucketError: The bucket cannot be listed.
    """
    if not out.startswith(_S3):
        folder = Path(out)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise NotEmptyError(f"{out} is not empty")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return LocalFolder(folder)
    name, _, prefix = out.removeprefix(_S3).partition("/")
    prefix = f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
    bucket = Bucket(name, store)
    if bucket.list_page(prefix).objects:
        raise NotEmptyError(f"{out} is not empty")
    return BucketFolder(bucket, prefix)
