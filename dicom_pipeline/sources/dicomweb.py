"""A DICOMweb server as a source: what QIDO-RS lists, fetched by WADO-RS (PS3.18 10).

An object is fetched again when anything has changed that the server tells of it, of
its series or of its study, as when a patient's name is corrected. What the server
counts or computes is no part of that: a late image does not make its study new.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final, cast
from urllib.parse import parse_qsl, quote, urlsplit

from dicom_pipeline.layout import fetched_key, fetched_prefix
from dicom_pipeline.sources.dicomweb_client import Client, Credentials
from dicom_pipeline.sources.source import (
    Expected,
    Failed,
    Found,
    Item,
    ItemError,
    SourceError,
)

MISSING_UID: Final = "missing_uid"
WRONG_VR: Final = "wrong_vr"
BAD_ENTRY: Final = "bad_entry"
LISTING_CUT: Final = "listing_cut"
"""The server repeats a full page: it cannot be asked for what comes after it."""

PAGE: Final = 100

_STUDY, _SERIES, _SOP = "0020000D", "0020000E", "00080018"
_LONGEST_UID: Final = 128  # twice what PS3.5 9.1 allows is still asked for
_COMPUTED: Final = frozenset(
    {
        "00080054",  # Retrieve AE Title
        "00080056",  # Instance Availability
        "00080061",  # Modalities in Study
        "00080062",  # SOP Classes in Study
        "00081190",  # Retrieve URL
        "00201200",  # Number of Patient Related Studies
        "00201202",  # Number of Patient Related Series
        "00201204",  # Number of Patient Related Instances
        "00201206",  # Number of Study Related Series
        "00201208",  # Number of Study Related Instances
        "00201209",  # Number of Series Related Instances
    }
)

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class DicomWeb:
    """One server, and the studies on it that are wanted.

    Attributes:
        client: How it is asked.
        filters: QIDO-RS parameters of the search for studies (PS3.18 8.3.4).
        page: Entries that are asked for at once.
    """

    client: Client
    filters: Mapping[str, str] = field(default_factory=dict, repr=False)
    page: int = PAGE

    @classmethod
    def parse(cls, address: str) -> "DicomWeb":
        """Read ``dicomweb+http(s)://host/path?filters``; a user in it is left out.

        Raises:
            SourceError: There is no host.
        """
        parts = urlsplit(address.partition("+")[2])
        if not parts.hostname:
            raise SourceError("write dicomweb+https://host/path")
        server = parts.netloc.rpartition("@")[2]
        root = f"{parts.scheme.lower()}://{server}{parts.path.rstrip('/')}"
        return cls(Client(root), dict(parse_qsl(parts.query)))

    def asking_as(self, credentials: Credentials) -> "DicomWeb":
        """Return the same server, asked with these credentials."""
        client = Client(self.client.root, credentials, self.client.pause_seconds)
        return DicomWeb(client, self.filters, self.page)

    @property
    def prefix(self) -> str:
        """One folder per server: two searches name an object alike."""
        return fetched_prefix(self.client.root.partition("://")[2])

    def expected(self) -> Expected | None:
        """Nobody knows before it is listed."""
        return None

    def items(self) -> Iterator[Found]:
        """Yield the objects of each study.

        Raises:
            SourceError: Studies cannot be listed.
        """
        try:
            for study in self._listed("studies", self.filters):
                yield from self._series(study)
        except ItemError as error:
            raise SourceError(
                f"the server does not list its studies ({error.code}); see"
                " DICOM_PIPELINE_DICOMWEB_TOKEN where it wants to know who asks"
            ) from None

    def _series(self, study: Entry | Failed) -> Iterator[Found]:
        if isinstance(study, Failed):
            yield study
            return
        try:
            path = _path(_uid(study, _STUDY))
            for series in self._listed(f"{path}/series", {}):
                yield from self._instances(study, series)
        except ItemError as error:
            yield Failed(error.code)

    def _instances(self, study: Entry, series: Entry | Failed) -> Iterator[Found]:
        if isinstance(series, Failed):
            yield series
            return
        try:
            path = _path(_uid(study, _STUDY), _uid(series, _SERIES))
            for instance in self._listed(f"{path}/instances", {}):
                yield self._item(study, series, instance)
        except ItemError as error:
            yield Failed(error.code)

    def _item(self, study: Entry, series: Entry, instance: Entry | Failed) -> Found:
        if isinstance(instance, Failed):
            return instance
        try:
            uids = _uid(study, _STUDY), _uid(series, _SERIES), _uid(instance, _SOP)
        except ItemError as error:
            return Failed(error.code)
        return Item(
            key=fetched_key(self.prefix, uids),
            open=lambda: self._opened(_path(*uids)),
            version=_version(study, series, instance),
            may_be_archive=False,
        )

    def _opened(self, path: str) -> AbstractContextManager[BinaryIO]:
        @contextmanager
        def opened() -> Iterator[BinaryIO]:
            with self.client.instance(path) as chunks:
                yield cast("BinaryIO", _Body(chunks))

        return opened()

    def _listed(
        self, path: str, filters: Mapping[str, str]
    ) -> Iterator[Entry | Failed]:
        """Yield each entry once, from page to page until one brings nothing new.

        A server may give fewer than it was asked for, so a short page is no end; one
        that heeds neither limit nor offset repeats itself, and that is the end.
        """
        seen: set[str] = set()
        offset = 0
        while True:
            paging = {"limit": str(self.page), "offset": str(offset)}
            page = self.client.listing(path, {**filters, **paging})
            new = [entry for entry in page if _first(entry, seen)]
            if not new:
                break
            yield from (e if isinstance(e, dict) else Failed(BAD_ENTRY) for e in new)
            offset += len(page)
        if len(page) == self.page:
            yield Failed(LISTING_CUT)


class _Body:
    """Chunks as a file that is read once."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._held = chunks, b""

    def read(self, size: int = -1) -> bytes:
        """Return at most ``size`` bytes; fewer do not mean the end, none do."""
        while not self._held:
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._held = chunk
        size = len(self._held) if size < 0 else size
        found, self._held = self._held[:size], self._held[size:]
        return found


def _first(entry: object, seen: set[str]) -> bool:
    """Whether an entry is met for the first time."""
    text = _canonical(entry)
    is_first = text not in seen
    seen.add(text)
    return is_first


def _uid(entry: Entry, tag: str) -> str:
    """Return a UID of an entry in the DICOM JSON model (PS3.18 F.2)."""
    element = entry.get(tag)
    if not isinstance(element, dict) or not element.get("Value"):
        raise ItemError(MISSING_UID)
    if element.get("vr") != "UI":
        raise ItemError(WRONG_VR)
    values = element["Value"]
    value = values[0] if isinstance(values, list) else None
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_UID:
        raise ItemError(MISSING_UID)
    if not value.strip("."):
        raise ItemError(MISSING_UID)  # a path would go up
    return value


def _path(*uids: str) -> str:
    levels = zip(("studies", "series", "instances"), uids, strict=False)
    return "/".join(f"{level}/{quote(uid, safe='')}" for level, uid in levels)


def _version(*entries: Entry) -> str:
    told = [{t: e[t] for t in e if t not in _COMPUTED} for e in entries]
    return _canonical(told)


def _canonical(told: object) -> str:
    text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
