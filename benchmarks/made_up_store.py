"""An S3 server whose DICOM files exist only while they are asked for.

A hundred thousand CT would be 50 GB; each is made from its number when it is read.
Whatever is written is kept in memory. It checks no signature and serves loopback only.

    python made_up_store.py    prints its port and runs until killed
"""

import asyncio
import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from samples import PIXEL_BYTES, SLICES, ct_header

FIRST = 10_000_000  # numbers of one width, so that a number is replaced in place
_NUMBER = re.compile(r"\.3\.(\d{8})/")
_RANGE = re.compile(rb"(?i)\r\nrange: *bytes=(\d+)-(\d+)")
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_UID = b"1.2.826.0.1.3680043.8.498."


@contextmanager
def made_up_store() -> Iterator[str]:
    """Run the server as a process of its own and yield its endpoint."""
    command = [sys.executable, Path(__file__)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


@cache
def size() -> int:
    """Bytes of every file."""
    return len(ct_header(FIRST)) + PIXEL_BYTES


@cache
def _template(slice_number: int) -> bytes:
    return ct_header(FIRST + slice_number)


def _file(number: int, start: int, end: int) -> bytes:
    """The bytes from ``start`` to ``end`` of image ``number``."""
    place = number % SLICES
    header = _template(place)
    series, drawn = number // SLICES, FIRST // SLICES
    for kind, ours, theirs in ((b"1.", series, drawn), (b"2.", series, drawn)):
        header = header.replace(
            _UID + kind + b"%d" % theirs, _UID + kind + b"%d" % ours
        )
    header = header.replace(
        _UID + b"3.%d" % (FIRST + place), _UID + b"3.%d" % number
    ).replace(b"S0%d" % drawn, b"S0%d" % series)
    return header[start:end] + bytes(max(0, end - max(start, len(header))))


class _Objects:
    """What was written, and answers about it."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def answer(self, method: str, target: str, head: bytes, body: bytes) -> bytes:
        url = urlsplit(target)
        _, bucket, *rest = unquote(url.path).split("/", 2)
        key = rest[0] if rest else ""
        if method == "PUT":
            self._kept[f"{bucket}/{key}"] = body
            return _reply(200, b"", self._etag(body))
        if method == "GET" and not key:
            return _reply(200, self._listing(bucket, parse_qs(url.query)))
        made = _NUMBER.search(key + "/")
        if made:
            return self._made(int(made[1]), head)
        found = self._kept.get(f"{bucket}/{key}")
        if found is None:
            return _reply(404, b"<Error><Code>NoSuchKey</Code></Error>")
        return self._part(found, head)

    def _made(self, number: int, head: bytes) -> bytes:
        start, end = map(int, _RANGE.search(head).groups())
        body = _file(number, start, end + 1)
        return _reply(206, body, f"Content-Range: bytes {start}-{end}/{size()}")

    def _part(self, found: bytes, head: bytes) -> bytes:
        asked = _RANGE.search(head)
        if not asked:
            return _reply(200, found, self._etag(found))
        start, end = int(asked[1]), min(int(asked[2]), len(found) - 1)
        more = f"Content-Range: bytes {start}-{end}/{len(found)}"
        return _reply(206, found[start : end + 1], more)

    def _listing(self, bucket: str, query: dict[str, list[str]]) -> bytes:
        prefix = query.get("prefix", [""])[0]
        items = "".join(
            f"<Contents><Key>{escape(name.split('/', 1)[1])}</Key>"
            f"<LastModified>2026-01-01T00:00:00.000Z</LastModified>"
            f"<ETag>{hashlib.md5(body).hexdigest()}</ETag>"
            f"<Size>{len(body)}</Size></Contents>"
            for name, body in sorted(self._kept.items())
            if name.startswith(f"{bucket}/{prefix}")
        )
        xml = f"<ListBucketResult><IsTruncated>false</IsTruncated>{items}"
        return f"{xml}</ListBucketResult>".encode()

    @staticmethod
    def _etag(body: bytes) -> str:
        return f'ETag: "{hashlib.md5(body).hexdigest()}"'


def _reply(status: int, body: bytes, more: str = "") -> bytes:
    lines = [
        f"HTTP/1.1 {status} OK",
        f"Content-Length: {len(body)}",
        "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT",
        more or 'ETag: "00"',
    ]
    if more.startswith("Content-Range"):
        lines.append('ETag: "00"')
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def _serve() -> None:
    objects = _Objects()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            if b"100-continue" in head:
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            length = _LENGTH.search(head)
            body = await reader.readexactly(int(length[1])) if length else b""
            method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
            writer.write(objects.answer(method, target, head, body))
            await writer.drain()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
