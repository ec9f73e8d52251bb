"""How a web server is asked for one file; RFC 9110, ranges in its section 14."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import BinaryIO, Final, cast

import requests
import urllib3
from requests.adapters import HTTPAdapter

from dicom_pipeline.sources.source import (
    CHANGED,
    FORBIDDEN,
    GONE,
    INCOMPLETE,
    REFUSED,
    UNAVAILABLE,
    UNTRUSTED,
    ItemError,
)

_TIMEOUT_SECONDS: Final = (10.0, 60.0)  # to connect, and between two bytes
_CONNECTIONS: Final = 64
_MOST_REDIRECTS: Final = 10
_RANGE: Final = re.compile(r"bytes (\d+)-(\d+)/(\d+)")  # RFC 9110 14.4
_PLAIN: Final = {"Accept-Encoding": "identity"}  # bytes as they are stored
_BUSY: Final = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
}
_CODES: Final[dict[int, str]] = {
    HTTPStatus.UNAUTHORIZED: FORBIDDEN,
    HTTPStatus.FORBIDDEN: FORBIDDEN,
    HTTPStatus.NOT_FOUND: GONE,
    HTTPStatus.GONE: GONE,
}


@dataclass(frozen=True)
class WebFile:
    """What a server says of a file before it is read.

    Attributes:
        bytes: Size; ``None`` where it says none.
        etag: Strong entity tag with its quotes; empty where there is none.
        version: Tag or date with the size; empty where the server gives neither.
        in_ranges: Whether it can be read in parts that are of one version.
    """

    bytes: int | None
    etag: str = field(repr=False)
    version: str = field(repr=False)
    in_ranges: bool


@dataclass(frozen=True)
class Web:
    """Asks web servers; proxies and certificates are those of the environment."""

    @cached_property
    def _session(self) -> requests.Session:
        session = requests.Session()
        session.max_redirects = _MOST_REDIRECTS
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(pool_maxsize=_CONNECTIONS))
        return session

    def look(self, address: str) -> WebFile:
        """Ask for the first byte: an address may be signed for GET alone.

        Raises:
            ItemError: There is no such file, or not now.
        """
        with self._asked(address, {"Range": "bytes=0-0"}) as answer:
            if answer.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                return _file(answer, 0, in_ranges=False)  # it has no first byte
            _check(answer)
            if answer.status_code == HTTPStatus.OK:
                return _file(answer, _length(answer), in_ranges=False)
            match = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
            return _file(answer, int(match[3]) if match else None, in_ranges=True)

    def part(self, address: str, file: WebFile, start: int, end: int) -> bytes:
        """Return the bytes from ``start`` up to ``end``, of the version seen before.

        Raises:
            ItemError: It has changed, or the server fails.
        """
        wanted = {"Range": f"bytes={start}-{end - 1}", "If-Range": file.etag}
        with self._asked(address, wanted) as answer:
            _check(answer)
            said = answer.headers.get("Content-Range", "")
            if said != f"bytes {start}-{end - 1}/{file.bytes}":
                raise ItemError(CHANGED)
            return _read(answer, end - start)

    @contextmanager
    def whole(self, address: str) -> Iterator[BinaryIO]:
        """Give the file from its beginning, by one request.

        Raises:
            ItemError: The server fails, or ends before the size that it said.
        """
        with self._asked(address, {}) as answer:
            _check(answer)
            yield cast("BinaryIO", _Body(answer))

    @contextmanager
    def _asked(
        self, address: str, headers: dict[str, str]
    ) -> Iterator[requests.Response]:
        try:
            answer = self._session.get(
                address,
                headers={**_PLAIN, **headers},
                stream=True,
                timeout=_TIMEOUT_SECONDS,
            )
        except requests.exceptions.SSLError:
            raise ItemError(UNTRUSTED) from None
        except (requests.ConnectionError, requests.Timeout):
            raise ItemError(UNAVAILABLE, passing=True) from None
        except (requests.RequestException, ValueError):  # redirects, a bad address
            raise ItemError(REFUSED) from None
        with answer:
            yield answer


class _Body:
    """A body that is being read; its end is believed where the length says so."""

    def __init__(self, answer: requests.Response) -> None:
        self._answer, self._left = answer, _length(answer)

    def read(self, size: int = -1) -> bytes:
        try:
            chunk = self._answer.raw.read(None if size < 0 else size)
        except (urllib3.exceptions.HTTPError, OSError):
            raise ItemError(INCOMPLETE, passing=True) from None
        if self._left is not None:
            self._left -= len(chunk)
            if not chunk and size and self._left > 0:
                raise ItemError(INCOMPLETE, passing=True)
        return bytes(chunk)


def _read(answer: requests.Response, size: int) -> bytes:
    body, parts = _Body(answer), []
    while size > 0 and (chunk := body.read(size)):
        parts.append(chunk)
        size -= len(chunk)
    if size:
        raise ItemError(INCOMPLETE, passing=True)
    return b"".join(parts)


def _check(answer: requests.Response) -> None:
    status = answer.status_code
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _BUSY:
        after = answer.headers.get("Retry-After", "")
        seconds = float(after) if after.isdecimal() else 0.0
        raise ItemError(UNAVAILABLE, passing=True, after_seconds=seconds)
    if status not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
        raise ItemError(_CODES.get(status, REFUSED))


def _file(answer: requests.Response, size: int | None, *, in_ranges: bool) -> WebFile:
    tag = answer.headers.get("ETag", "")
    etag = tag if tag.startswith('"') else ""  # W/ is weak: other bytes may bear it
    fact = etag or answer.headers.get("Last-Modified", "")
    return WebFile(
        bytes=size,
        etag=etag,
        version=f"{fact}|{size}" if fact else "",
        in_ranges=in_ranges and bool(etag),  # else nothing would tell two versions
    )


def _length(answer: requests.Response) -> int | None:
    said = answer.headers.get("Content-Length", "")
    return int(said) if said.isdecimal() else None
