"""Real peers: DCMTK's commands and Debian's Orthanc, started on free ports."""

import contextlib
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from pydicom.data import get_testdata_file

DICOMWEB = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")

# pynetdicom brings commands of the same names; a peer must be somebody else's.
_OWN = Path(sys.executable).parent
_ELSEWHERE = os.pathsep.join(
    folder for folder in os.get_exec_path() if Path(folder) != _OWN
)

needs_dcmtk = pytest.mark.skipif(
    shutil.which("storescu", path=_ELSEWHERE) is None,
    reason="DCMTK is not installed (apt: dcmtk)",
)
needs_orthanc = pytest.mark.skipif(
    shutil.which("Orthanc") is None, reason="Orthanc is not installed (apt: orthanc)"
)
needs_dicomweb = pytest.mark.skipif(
    shutil.which("Orthanc") is None or not DICOMWEB.exists(),
    reason="Orthanc's DICOMweb is not installed (apt: orthanc-dicomweb)",
)


def free_port() -> int:
    """Return a port of loopback that nobody has just now."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wheel_file(name: str) -> Path:
    """One of the files of pydicom's wheel; none is downloaded."""
    found = get_testdata_file(name, download=False)
    assert found is not None
    return Path(str(found))


def data_set(body: bytes) -> bytes:
    """Bytes after the file meta information (PS3.10 7.1: its length comes first)."""
    assert body[128:132] == b"DICM"
    (length,) = struct.unpack_from("<I", body, 140)
    return body[144 + length :]


def dcmtk(command: str, *words: object) -> subprocess.CompletedProcess[str]:
    """Run one of DCMTK's commands to its end."""
    return subprocess.run(
        [_found(command), *map(str, words)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _found(command: str) -> str:
    found = shutil.which(command, path=_ELSEWHERE)
    assert found is not None
    return found


@contextlib.contextmanager
def storescp(folder: Path) -> Iterator[int]:
    """DCMTK's receiver, which writes data sets as they come; yields its port."""
    port = free_port()
    with (folder.parent / "storescp.log").open("wb") as log:
        running = subprocess.Popen(
            [_found("storescp"), "+B", "+xa", "+uf", "-od", folder, str(port)],
            stdout=log,
            stderr=log,
        )
        try:
            while dcmtk("echoscu", "127.0.0.1", port).returncode:
                assert running.poll() is None
            yield port
        finally:
            running.kill()  # a child of Dagster's process may ignore SIGTERM
            running.wait(10)


@dataclass(frozen=True)
class Orthanc:
    """A server that answers."""

    url: str
    session: requests.Session

    def upload(self, body: bytes) -> str:
        """Store a file and return Orthanc's name for it."""
        answer = self.session.post(f"{self.url}/instances", data=body, timeout=30)
        answer.raise_for_status()
        return answer.json()["ID"]

    def file(self, name: str) -> bytes:
        """Return the file as Orthanc keeps it."""
        answer = self.session.get(f"{self.url}/instances/{name}/file", timeout=30)
        answer.raise_for_status()
        return answer.content

    def store(self, names: list[str], port: int) -> requests.Response:
        """Send instances to whoever listens on ``port``, by C-STORE."""
        peer = {"AET": "DICOM_PIPELINE", "Host": "127.0.0.1", "Port": port}
        self.session.put(f"{self.url}/modalities/x", json=peer, timeout=30)
        return self.session.post(
            f"{self.url}/modalities/x/store", json={"Resources": names}, timeout=60
        )


@contextlib.contextmanager
def orthanc(folder: Path, **more: object) -> Iterator[Orthanc]:
    """Start Orthanc with an empty store below ``folder``; ana may ask, by a secret."""
    port = free_port()
    session = requests.Session()
    session.auth = ("ana", "secret")
    config = {
        "StorageDirectory": str(folder / "store"),
        "IndexDirectory": str(folder / "store"),
        "HttpPort": port,
        "DicomPort": free_port(),
        "DicomAet": "ORTHANC",
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {"ana": "secret"},
        "ConcurrentJobs": 1,
        **more,
    }
    (folder / "orthanc.json").write_text(json.dumps(config))
    with (folder / "orthanc.log").open("wb") as log:
        running = subprocess.Popen(
            ["Orthanc", folder / "orthanc.json"], stdout=log, stderr=log
        )
        try:
            server = Orthanc(f"http://127.0.0.1:{port}", session)
            _wait(running, server)
            yield server
        finally:
            running.kill()  # it takes seconds to close what nobody needs
            running.wait(20)


def _wait(running: "subprocess.Popen[bytes]", server: Orthanc) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and running.poll() is None:
        with contextlib.suppress(requests.ConnectionError):
            if server.session.get(f"{server.url}/system", timeout=5).ok:
                return
        time.sleep(0.05)
    raise AssertionError("Orthanc did not start")


@contextlib.contextmanager
def cut_after(limit: int, port: int) -> Iterator[int]:
    """Hand on ``limit`` bytes of one connection to ``port``, then break it off."""
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=_hand_on, args=(listening, limit, port))
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        thread.join(30)
        listening.close()


def _hand_on(listening: socket.socket, limit: int, port: int) -> None:
    client, _ = listening.accept()
    server = socket.create_connection(("127.0.0.1", port))
    back = threading.Thread(target=_copy, args=(server, client, 1 << 40))
    back.start()
    _copy(client, server, limit)
    server.shutdown(socket.SHUT_RDWR)
    back.join()
    client.close()
    server.close()


def _copy(source: socket.socket, target: socket.socket, limit: int) -> None:
    with contextlib.suppress(OSError):
        while limit > 0 and (chunk := source.recv(min(limit, 4096))):
            target.sendall(chunk)
            limit -= len(chunk)
