"""A failure is told at least once, to real HTTP endpoints, and without values."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import dagster as dg
import pytest

from dicom_pipeline.resources.alerts import Alerts
from dicom_pipeline.sensors.failures import run_failures

SECRET = "Doe^Jane 19700101"


class Endpoint(HTTPServer):
    """Slack and Healthchecks as one local server that can be down."""

    def __init__(self):
        """Listen on a free port of loopback."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.down = False
        self.got = []

    @property
    def url(self):
        """Root URL."""
        return f"http://127.0.0.1:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
        if self.server.down:
            self.send_error(503)
            return
        self.server.got.append((self.path, body))
        answer = json.dumps({"ok": True}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        """Stay silent."""


@pytest.fixture
def endpoint():
    """Yield a server in a thread."""
    server = Endpoint()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


@dg.op
def breaks():
    """Fail with a patient's value in the text of the error."""
    raise ValueError(SECRET)


@dg.job
def broken():
    """Fail."""
    breaks()


def _look(instance, alerts, cursor):
    context = dg.build_sensor_context(
        instance=instance, cursor=cursor, resources={"alerts": alerts}
    )
    run_failures(context)
    return context.cursor


def test_a_failure_is_told_once_slack_is_back(endpoint):
    """While Slack is down nothing is lost; afterwards each failure is told once."""
    alerts = Alerts(
        slack_token="xoxb-1",
        slack_channel="#dicom",
        slack_base_url=endpoint.url,
        healthchecks_url=f"{endpoint.url}ping/abc",
    )
    with dg.DagsterInstance.ephemeral() as instance:
        broken.execute_in_process(instance=instance, raise_on_error=False)
        endpoint.down = True
        cursor = _look(instance, alerts, None)
        endpoint.down = False
        cursor = _look(instance, alerts, cursor)
        _look(instance, alerts, cursor)

    posts = [body for path, body in endpoint.got if path == "/chat.postMessage"]
    pings = [path for path, _ in endpoint.got if "/ping/abc" in path]
    assert len(posts) == 1
    assert len([path for path in pings if "/fail?rid=" in path]) == 1
    assert "ValueError" in posts[0]
    assert not any(part in f"{posts}{cursor}" for part in ("Doe", "Jane", "19700101"))


def test_without_a_channel_nothing_is_sent(endpoint):
    """An installation that set no channel is left alone."""
    with dg.DagsterInstance.ephemeral() as instance:
        broken.execute_in_process(instance=instance, raise_on_error=False)
        _look(instance, Alerts(), None)

    assert endpoint.got == []
