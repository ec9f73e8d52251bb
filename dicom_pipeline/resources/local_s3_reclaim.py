"""The embedded S3 server made to forget on disk what was deleted.

Its volume files keep the bytes of deleted objects until they are vacuumed, its journal
and its index keep their keys. The first two are asked for over HTTP, on loopback; the
index is LevelDB, which drops old entries when it is compacted: with nobody at it.
"""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote

import requests

_JOURNAL = "topics/.system/log"
_LAST = "buckets/is-it-ready/last-deleted"
_INDEX = "filerldb2"
_FIRST, _END = b"\0", b"\xff" * 32  # no key of the index is before or behind them
_PATIENCE = 3_600  # seconds; a vacuum writes every volume file anew
_GONE = requests.codes.not_found


class LocalS3Error(RuntimeError):
    """The embedded server cannot be found, started, stopped, or made to forget."""


def reclaim(home: Path) -> None:
    """Drop the journal and rewrite the volume files of a server that runs.

    Args:
        home: Folder of the server.

    Raises:
        LocalS3Error: The server did not do it.
    """
    server = _Server(json.loads((home / "s3.json").read_text())["ports"])
    try:
        server.drop_journal()
        server.wait_for_deletions()
        server.vacuum()
    except requests.RequestException as error:
        kind = type(error).__name__
        raise LocalS3Error(f"the S3 server did not vacuum: {kind}") from None


def drop_empty_folders(home: Path, keys: Iterable[str]) -> None:
    """Delete the folders in which deleted objects lay, and those above, if empty.

    Args:
        home: Folder of a server that runs.
        keys: Bucket, slash, key, of each of them.

    Raises:
        LocalS3Error: The server does not answer.
    """
    folders = {parent.as_posix() for key in keys for parent in PurePath(key).parents}
    inner = sorted((f for f in folders if "/" in f), key=len, reverse=True)
    server = _Server(json.loads((home / "s3.json").read_text())["ports"])
    try:
        for folder in inner:
            server.drop_folder(folder)
    except requests.RequestException as error:
        kind = type(error).__name__
        raise LocalS3Error(f"the S3 server did not delete folders: {kind}") from None


def compact_index(data: Path) -> None:
    """Rewrite the index of a server that is stopped, without what was deleted.

    Raises:
        LocalS3Error: Somebody has it open.
    """
    import plyvel  # noqa: PLC0415  # comes with the extra "local", as the server does

    def opened(folder: Path) -> plyvel.DB:
        try:
            return plyvel.DB(str(folder), compression="snappy")
        except plyvel.Error:
            raise LocalS3Error("the index of the S3 server is in use") from None

    for current in sorted((data / _INDEX).glob("*/CURRENT")):
        with opened(current.parent) as index:
            _span(index)
            index.compact_range(start=_FIRST, stop=_END)
        # What names the files, with their first and last keys, is new at each start.
        opened(current.parent).close()
        for log in current.parent.glob("LOG*"):
            log.unlink()  # it says how far a compaction has come, by key


def _span(index: Any) -> None:  # noqa: ANN401
    """Write and delete a first and a last key.

    Only files that newer ones overlap are written anew; these overlap all.
    """
    with index.write_batch() as batch:
        for key in (_FIRST, _END):
            batch.put(key, b"")
            batch.delete(key)


@dataclass(frozen=True)
class _Server:
    """The parts of a server that runs, by port."""

    ports: dict[str, int]

    def drop_folder(self, folder: str) -> None:
        """Refused, and that is well, where something else is in it."""
        requests.delete(self._url("filer", f"buckets/{quote(folder)}"), timeout=60)

    def drop_journal(self) -> None:
        done = requests.delete(
            self._url("filer", _JOURNAL),
            params={"recursive": "true", "ignoreRecursiveError": "true"},
            timeout=_PATIENCE,
        )
        _expect(done, allowed=_GONE)

    def wait_for_deletions(self) -> None:
        """Objects go from the index at once, their bytes later, in the same order."""
        last = self._url("filer", _LAST)
        _expect(requests.put(last, data=b"last", timeout=_PATIENCE))
        told = requests.get(last, params={"metadata": "true"}, timeout=_PATIENCE)
        _expect(told)
        piece = told.json()["chunks"][0]["file_id"]
        _expect(requests.delete(last, timeout=_PATIENCE))
        deadline = time.monotonic() + _PATIENCE
        while requests.head(self._url("volume", piece), timeout=_PATIENCE).ok:
            if time.monotonic() > deadline:
                raise LocalS3Error("the S3 server does not delete what it should")
            time.sleep(0.1)

    def vacuum(self) -> None:
        _expect(
            requests.get(
                self._url("master", "vol/vacuum"),
                params={"garbageThreshold": "0.000001"},
                timeout=_PATIENCE,
            )
        )

    def _url(self, part: str, path: str) -> str:
        return f"http://127.0.0.1:{self.ports[part]}/{path}"


def _expect(answer: requests.Response, *, allowed: int = 0) -> None:
    if not (answer.ok or answer.status_code == allowed):
        raise LocalS3Error("the S3 server refused to forget what was deleted")
