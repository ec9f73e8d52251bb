"""One file of a web server, presigned addresses too.

An address may hold a signature and a name. Neither is logged, and the key repeats the
host and the path alone.
"""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from typing import BinaryIO, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from dicom_pipeline.sources.archive.names import Names
from dicom_pipeline.sources.parts import PartReader
from dicom_pipeline.sources.patience import patiently
from dicom_pipeline.sources.source import Failed, Found, Item, ItemError
from dicom_pipeline.sources.web import Web, WebFile

_SIGNING: Final = (
    "x-amz-",
    "x-goog-",
    "awsaccesskeyid",
    "googleaccessid",
    "signature",
    "expires",
    "policy",
    "key-pair-id",
    "token",
)
_AZURE: Final = {"sv", "ss", "srt", "sp", "se", "st", "spr", "sig", "sr", "sip", "si"}


@dataclass(frozen=True)
class Url:
    """What one ``http://`` or ``https://`` address gives: a file, or an archive.

    Attributes:
        address: As given, with its query.
        web: How servers are asked.
    """

    address: str = field(repr=False)
    web: Web = field(default_factory=Web, repr=False, compare=False)

    @cached_property
    def prefix(self) -> str:
        """Host and path, and a hash of those parts of the query that name the file."""
        parts = urlsplit(self.address)
        host = (parts.netloc.rpartition("@")[2] or "host").replace(":", "_")
        key = Names(host).key(unquote(parts.path))
        named = sorted(
            pair
            for pair in parse_qsl(parts.query, keep_blank_values=True)
            if not _signs(pair[0])
        )
        if not named:
            return key
        return f"{key}~{hashlib.sha256(repr(named).encode()).hexdigest()[:8]}"

    def expected(self) -> None:
        """Say nothing: it would have to be asked for."""

    def items(self) -> Iterator[Found]:
        """Ask the server what it has, and yield it."""
        try:
            file = patiently(lambda: self.web.look(self.address))
        except ItemError as error:
            yield Failed(error.code)
            return
        yield Item(
            self.prefix,
            lambda: self._opened(file),
            file.bytes,
            etag=file.etag.strip('"'),
            version=file.version,
        )

    def _opened(self, file: WebFile) -> AbstractContextManager[BinaryIO]:
        if file.in_ranges and file.bytes is not None:
            return PartReader(
                lambda start, end: self.web.part(self.address, file, start, end),
                file.bytes,
            )
        return self.web.whole(self.address)


def _signs(name: str) -> bool:
    """Whether a part of a query says who asks, not what for."""
    small = name.lower()
    return small in _AZURE or small.startswith(_SIGNING)


# Its debug lines quote the query, and with it the signature.
logging.getLogger("urllib3").setLevel(logging.ERROR)
