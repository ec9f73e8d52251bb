"""GET requests to one DICOMweb server: patient, bounded, and silent about addresses."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError
from urllib3.util.retry import Retry

from dicom_pipeline.sources.dicomweb_parts import WRONG_TYPE, boundary_of, only_part
from dicom_pipeline.sources.source import (
    FORBIDDEN,
    GONE,
    INCOMPLETE,
    UNAVAILABLE,
    UNTRUSTED,
    ItemError,
)

NOT_ACCEPTABLE: Final = "not_acceptable"
NOT_JSON: Final = "not_json"
TOO_LARGE: Final = "listing_too_large"

# PS3.18 8.7.3.5.2: any transfer syntax, that is as it is stored.
_AS_STORED: Final = 'multipart/related; type="application/dicom"; transfer-syntax=*'
_CODES: Final[Mapping[int, str]] = {
    HTTPStatus.UNAUTHORIZED: FORBIDDEN,
    HTTPStatus.FORBIDDEN: FORBIDDEN,
    HTTPStatus.NOT_FOUND: GONE,
    HTTPStatus.GONE: GONE,
    HTTPStatus.NOT_ACCEPTABLE: NOT_ACCEPTABLE,
}
_BUSY: Final = (429, 500, 502, 503, 504)
_RETRIES: Final = 4
_LONGEST_PAUSE_SECONDS: Final = 30
_TIMEOUT_SECONDS: Final = (10, 60)  # to connect; between two reads
_CHUNK_BYTES: Final = 64 * 1024
_LONGEST_LISTING: Final = 256 * 1024**2
_CONNECTIONS: Final = 32


@dataclass(frozen=True)
class Credentials:
    """Who asks; a token goes before a user. Never shown.

    Attributes:
        user: For HTTP basic authentication.
        password: Of that user.
        token: For ``Authorization: Bearer``.
    """

    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


class _Bearer(AuthBase):
    """Sent to the server that was named; requests drops it at a foreign redirect."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@dataclass(frozen=True)
class Client:
    """One server, for many threads.

    Attributes:
        root: Address of the service, without credentials, query or last slash.
        credentials: Who asks.
        pause_seconds: Before the second attempt; doubled for each one after it.
    """

    root: str = field(repr=False)
    credentials: Credentials = Credentials()
    pause_seconds: float = 0.5

    def listing(self, path: str, query: Mapping[str, str]) -> list[Any]:
        """Return one page of a QIDO-RS answer (PS3.18 10.6); empty for 204.

        Raises:
            ItemError: The server does not give a JSON array.
        """
        accept = "application/dicom+json"
        with self._get(path, accept, query) as answer:
            if answer.status_code == HTTPStatus.NO_CONTENT:
                return []
            body = bytearray()
            for chunk in _chunks(answer):
                body += chunk
                if len(body) > _LONGEST_LISTING:
                    raise ItemError(TOO_LARGE)
        try:
            found = json.loads(body or b"[]")
        except (ValueError, RecursionError):
            raise ItemError(NOT_JSON) from None
        if not isinstance(found, list):
            raise ItemError(NOT_JSON)
        return found

    @contextmanager
    def instance(self, path: str) -> Iterator[Iterator[bytes]]:
        """Yield the bytes of one object as the server has them (WADO-RS).

        Raises:
            ItemError: It cannot be had; reading raises that too.
        """
        with self._get(path, _AS_STORED, {}) as answer:
            kind = answer.headers.get("Content-Type", "")
            if kind.split(";")[0].strip().lower() == "application/dicom":
                yield _chunks(answer)
            else:
                yield only_part(_chunks(answer), boundary_of(kind))

    @contextmanager
    def _get(
        self, path: str, accept: str, query: Mapping[str, str]
    ) -> Iterator[requests.Response]:
        try:
            answer = self._session.get(
                f"{self.root}/{path}",
                params=dict(query),
                headers={"Accept": accept},
                timeout=_TIMEOUT_SECONDS,
                stream=True,
            )
        except requests.exceptions.SSLError:
            raise ItemError(UNTRUSTED) from None
        except requests.RequestException:
            raise ItemError(UNAVAILABLE) from None
        with answer:
            if not answer.ok:
                raise ItemError(_CODES.get(answer.status_code, UNAVAILABLE))
            if answer.headers.get("Content-Type", "").startswith("text/html"):
                raise ItemError(WRONG_TYPE)  # a log-in page, most often
            yield answer

    @cached_property
    def _session(self) -> requests.Session:
        """Connections that are kept; no cookies, so that threads may share it."""
        session = requests.Session()
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        retry = Retry(
            total=_RETRIES,
            status_forcelist=_BUSY,
            backoff_factor=self.pause_seconds,
            backoff_max=_LONGEST_PAUSE_SECONDS,
            retry_after_max=_LONGEST_PAUSE_SECONDS,  # a server may name hours
            raise_on_status=False,
        )
        adapter = HTTPAdapter(pool_maxsize=_CONNECTIONS, max_retries=retry)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        if self.credentials.token:
            session.auth = _Bearer(self.credentials.token)
        elif self.credentials.user:
            session.auth = (self.credentials.user, self.credentials.password)
        return session


def _chunks(answer: requests.Response) -> Iterator[bytes]:
    try:
        yield from answer.iter_content(_CHUNK_BYTES)
    except (requests.RequestException, HTTPError):
        raise ItemError(INCOMPLETE, passing=True) from None
