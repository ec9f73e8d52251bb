"""The ETag that S3 gives a body; how a push knows bytes again without fetching them.

One PUT gives the MD5 of the bytes. A multipart upload gives the MD5 of the MD5s of its
parts, and their number. A store that encrypts with KMS does neither: there a repeat
sends everything again.
"""

import hashlib
from pathlib import Path
from typing import BinaryIO, Final

PART_BYTES: Final = 8 * 1024**2  # boto3's default, and that of most uploaders
_MOST_PARTS: Final = 10_000  # of one S3 multipart upload
_READ_BYTES: Final = 1024**2


def etag(path: Path) -> str:
    """ETag of a file that is sent in parts of 8 MiB."""
    with path.open("rb") as source:
        return etag_of(source, path.stat().st_size)


def etag_of(source: BinaryIO, size: int) -> str:
    """ETag of ``size`` bytes; of fewer where the source ends, with its own part cut."""
    if size < PART_BYTES:
        return _digest_of_part(source, size + 1).hex()
    part = part_bytes(size)
    parts = [
        _digest_of_part(source, min(part, size - start))
        for start in range(0, size, part)
    ]
    if source.read(1):  # it is longer than it was said to be
        return ""
    return f"{_md5(b''.join(parts)).hexdigest()}-{len(parts)}"


def etag_of_bytes(body: bytes) -> str:
    """ETag of a body that is sent by one PUT."""
    return _md5(body).hexdigest()


def part_bytes(size: int) -> int:
    """Size of the parts that boto3 cuts a file into: doubled until 10,000 suffice."""
    part = PART_BYTES
    while -(-size // part) > _MOST_PARTS:
        part *= 2
    return part


def _md5(data: bytes = b"") -> "hashlib._Hash":
    return hashlib.md5(data, usedforsecurity=False)  # what S3 compares by


def _digest_of_part(source: BinaryIO, size: int) -> bytes:
    digest = _md5()
    while size > 0 and (chunk := source.read(min(size, _READ_BYTES))):
        digest.update(chunk)
        size -= len(chunk)
    return digest.digest()
