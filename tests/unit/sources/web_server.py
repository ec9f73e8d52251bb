"""A web server on loopback that behaves as servers do, well and badly."""

import hashlib
import re
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_RANGE = re.compile(r"bytes=(\d+)-(\d+)")


@dataclass
class Page:
    """One file and how it is served.

    Attributes:
        body: Its bytes.
        ranges: Whether parts of it may be asked for.
        etag: Whether it has an entity tag.
        cuts: Connections that are cut in the middle of the body.
        busy: Answers of 503 before the first good one.
        status: Answered instead of the body.
        location: Answered with 302 instead of the body.
        length: Whether Content-Length is said.
    """

    body: bytes = b""
    ranges: bool = True
    etag: bool = True
    cuts: int = 0
    busy: int = 0
    status: int = 0
    location: str = ""
    length: bool = True

    @property
    def tag(self) -> str:
        """Its entity tag."""
        return f'"{hashlib.md5(self.body).hexdigest()}"'


_PLAIN = Page()


@dataclass
class Site:
    """Pages by path, and what was asked."""

    address: str = ""
    pages: dict[str, Page] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    sent_bytes: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def log_message(self, *_):
        """Say nothing."""

    def do_GET(self):
        """Answer as the page says."""
        path = urlsplit(self.path).path
        site = self.server.site
        page = site.pages.get(path, Page(status=404))
        with site.lock:
            site.asked[path] += 1
            busy, page.busy = page.busy, max(0, page.busy - 1)
        if busy or page.status:
            self._answer(503 if busy else page.status, {"Retry-After": "0"}, b"")
        elif page.location:
            self._answer(302, {"Location": page.location}, b"")
        else:
            self._file(page)

    def _file(self, page):
        headers = {"ETag": page.tag} if page.etag else {}
        wanted = _RANGE.fullmatch(self.headers.get("Range", ""))
        same = self.headers.get("If-Range", page.tag) == page.tag
        if not (page.ranges and wanted and same):
            self._answer(200, headers, page.body, page)
            return
        size = len(page.body)
        start, end = int(wanted[1]), min(int(wanted[2]) + 1, size)
        span = f"{start}-{end - 1}" if size else "*"
        headers["Content-Range"] = f"bytes {span}/{size}"
        self._answer(206 if size else 416, headers, page.body[start:end], page)

    def _answer(self, status, headers, body, page=_PLAIN):
        with self.server.site.lock:
            cut = page.cuts > 0 and len(body) > 1
            page.cuts -= cut
            self.server.site.sent_bytes += len(body)
        self.send_response(status)
        length = {"Content-Length": str(len(body))} if page.length else {}
        for name, value in {**headers, **length}.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(OSError):  # whoever asked has seen enough
            self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection = self.close_connection or cut or not page.length


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, site):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.site = site


@contextmanager
def serving():
    """Serve a site until the end of the block."""
    site = Site()
    server = _Server(site)
    site.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
