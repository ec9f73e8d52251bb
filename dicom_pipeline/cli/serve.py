"""The processes behind ``up``: code server, web page and daemon, ended together."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import yaml

from dicom_pipeline.cli.console import err
from dicom_pipeline.engine_home import prepare_home
from dicom_pipeline.places import Places
from dicom_pipeline.storage import make_storage

_STOP_SECONDS = 20


def serve(places: Places, port: int) -> None:
    """Run until ctrl-C, SIGTERM, or the end of one of the processes."""
    places.dbt.prepare()
    home = prepare_home(places.settings.dagster_home)
    make_storage(home)
    workspace = _workspace(home)
    commands = [
        ["dagster-webserver", "-h", "127.0.0.1", "-p", str(port)],
        ["dagster-daemon", "run"],
    ]
    own = [["dicom-pipeline", "receive"]] if places.settings.receive_port else []
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with (home / "up.log").open("ab") as log:
        started = [
            subprocess.Popen(  # noqa: S603  # our own servers
                _beside(command),
                env=_environment(places, home),
                stdout=log,
                stderr=log,
                start_new_session=True,  # ctrl-C is ours to hand on
            )
            for command in (*own, *([*c, "-w", str(workspace)] for c in commands))
        ]
        err.print(f"http://127.0.0.1:{port}  (ctrl-C stops everything)")
        while not ended.wait(0.5) and all(p.poll() is None for p in started):
            pass
        _stop(started)


def _workspace(home: Path) -> Path:
    file = home / "workspace.yaml"
    module = {
        "module_name": "dicom_pipeline.definitions",
        "location_name": "dicom_pipeline",
    }
    file.write_text(yaml.safe_dump({"load_from": [{"python_module": module}]}))
    return file


def _environment(places: Places, home: Path) -> dict[str, str]:
    return {
        **os.environ,  # noqa: TID251  # children read the same settings
        "DAGSTER_HOME": str(home),
        "DICOM_PIPELINE_HOME": str(places.settings.home.absolute()),
        "PYTHONWARNINGS": "ignore",
    }


def _beside(command: list[str]) -> list[str]:
    return [str(Path(sys.executable).with_name(command[0])), *command[1:]]


def _stop(started: "list[subprocess.Popen[bytes]]") -> None:
    for process in started:
        process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    for process in started:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
