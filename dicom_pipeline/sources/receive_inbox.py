"""From the spool into the provider bucket: name the object, send it, say how it went.

The data set goes as it came, behind the file meta information (PS3.10 7.1) that
pynetdicom writes. The name holds a digest of transfer syntax and data set, not of the
file: another version of pynetdicom writes other meta information for the same object.
"""

import hashlib
import struct
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final

from dicom_pipeline.dicom.header import (
    FIRST_RANGE,
    Header,
    NeedMore,
    Outcome,
    Refused,
    extract,
)
from dicom_pipeline.dicom.reasons import QuarantineReason
from dicom_pipeline.layout import received_key
from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.sources.etags import part_bytes

_META_END: Final = 128 + 4 + 12  # preamble, prefix, (0002,0000) with its value
_READ_BYTES: Final = 1024**2


class Kept(StrEnum):
    """What became of an object that was received well."""

    STORED = "stored"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Sent:
    """Who sent what, by the command that came before the data set (PS3.7 9.3.1)."""

    ae_title: str
    sop_instance_uid: str
    transfer_syntax_uid: str


@dataclass(frozen=True)
class Inbox:
    """The part of the provider bucket that the network writes to.

    Attributes:
        bucket: The provider bucket.
        prefix: Put before every key, so that the listing finds it.
    """

    bucket: Bucket
    prefix: str = ""

    def put(self, path: Path, sent: Sent) -> Kept:
        """Have the object in the bucket; what is there already is not sent again.

        Raises:
            BucketError: The bucket fails; nothing is there, or all of it.
        """
        with path.open("rb") as file:
            key = self.prefix + _key(file, sent)
        if any(stored.key == key for stored in self.bucket.list_page(key).objects):
            return Kept.UNCHANGED
        with path.open("rb") as file:
            self.bucket.upload(key, file, part_bytes(path.stat().st_size), {})
        return Kept.STORED


def _key(file: BinaryIO, sent: Sent) -> str:
    """Name by the data set's own identifiers, or by the command's where it has none."""
    size = Path(file.name).stat().st_size
    found = read_header(file, size)
    uids = "", "", sent.sop_instance_uid
    if isinstance(found, Header):
        study, series = found.study_instance_uid, found.series_instance_uid
        uids = study, series, found.sop_instance_uid
    return received_key(sent.ae_title, uids, _digest(file, sent.transfer_syntax_uid))


def read_header(file: BinaryIO, size: int) -> Outcome:
    """Read no more of the file than its header needs."""
    prefix = file.read(FIRST_RANGE)
    found = extract(prefix, size)
    while isinstance(found, NeedMore):
        more = file.read(min(found.wanted, size) - len(prefix))
        if not more:
            return Refused(QuarantineReason.TRUNCATED)
        prefix += more
        found = extract(prefix, size)
    return found


def _digest(file: BinaryIO, transfer_syntax_uid: str) -> str:
    """SHA-256 of the syntax and of all that follows the file meta information."""
    file.seek(_META_END - 4)
    (meta_bytes,) = struct.unpack("<I", file.read(4))
    file.seek(_META_END + meta_bytes)
    digest = hashlib.sha256(f"{transfer_syntax_uid}\0".encode())
    while chunk := file.read(_READ_BYTES):
        digest.update(chunk)
    return digest.hexdigest()
