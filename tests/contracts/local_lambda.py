"""A local stand-in of AWS Lambda: the Invoke API in front, the Runtime API behind.

It runs one ``bootstrap`` process as Lambda does and hands each invocation to it. A
process that ends while it has an event is answered as Lambda answers: a function error.
"""

import json
import os
import queue
import subprocess
import threading
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEXT = "/2018-06-01/runtime/invocation/next"


def bootstrap() -> Path:
    """The handler that ``make test`` builds."""
    built = ROOT / "img_compressor/target/release/bootstrap"
    if not built.exists():
        pytest.skip("no bootstrap: make .venv/.bootstrap")
    return built


@dataclass
class Invocation:
    """One event on its way through."""

    payload: bytes
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    done: threading.Event = field(default_factory=threading.Event)
    taken_by: "subprocess.Popen[bytes] | None" = None
    reply: bytes = b""
    failed: bool = False

    def answer(self, reply: bytes, *, failed: bool) -> None:
        """Let the caller go on."""
        self.reply, self.failed = reply, failed
        self.done.set()


class LocalLambda:
    """One function, one process, one event at a time."""

    def __init__(
        self,
        bootstrap: Path,
        environment: dict[str, str],
        killed_by: bytes | None = None,
        last_words: dict[str, str] | None = None,
    ) -> None:
        """Prepare a function; an event that holds ``killed_by`` ends its process."""
        self.killed_by = killed_by
        words = last_words or {"errorType": "Runtime.ExitError"}
        self.last_words = json.dumps(words).encode()
        self.serves = True
        self.lock = threading.Lock()
        self.waiting: queue.Queue[Invocation] = queue.Queue()
        self.running: dict[str, Invocation] = {}
        self.server = ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Handler", (_Handler,), {"function": self})
        )
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        self.bootstrap = bootstrap
        self.environment = {
            **environment,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": "img-compressor",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_LOG_GROUP_NAME": "none",
            "AWS_LAMBDA_LOG_STREAM_NAME": "none",
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.log = b""

    @contextmanager
    def serving(self):
        """Serve until the block ends."""
        serve = threading.Thread(target=self.server.serve_forever, daemon=True)
        serve.start()
        self.start()
        try:
            yield self
        finally:
            self.serves = False
            self.server.shutdown()
            self.server.server_close()
            self.stop()

    def start(self) -> None:
        """Start a process."""
        self.process = subprocess.Popen(
            [self.bootstrap],
            env={"PATH": os.environ["PATH"], **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        threading.Thread(target=self._watch, args=(self.process,), daemon=True).start()

    def stop(self) -> None:
        """Kill the process."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _watch(self, process: "subprocess.Popen[bytes]") -> None:
        """Collect the log; fail what the process took with it."""
        self.log += process.stdout.read() if process.stdout else b""
        process.wait()
        with self.lock:
            took = [i for i in self.running.values() if i.taken_by is process]
            for lost in took:
                del self.running[lost.id]
                lost.answer(self.last_words, failed=True)
            if self.serves and self.process is process and not self.waiting.empty():
                self.start()  # what came while the process was dying

    def invoke(self, payload: bytes) -> Invocation:
        """Hand an event to the process and wait for its reply."""
        invocation = Invocation(payload)
        with self.lock:
            if self.process is None or self.process.poll() is not None:
                self.start()  # Lambda starts another environment
            self.waiting.put(invocation)
        invocation.done.wait(timeout=60)
        return invocation

    def next(self) -> Invocation:
        """Wait for an event."""
        process = self.process
        invocation = self.waiting.get()
        with self.lock:
            invocation.taken_by = process
            self.running[invocation.id] = invocation
        if process and self.killed_by and self.killed_by in invocation.payload:
            process.kill()
            process.wait()
        return invocation


class _Handler(BaseHTTPRequestHandler):
    """Both APIs of one function."""

    function: LocalLambda
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Give the process its next event."""
        assert self.path == NEXT
        invocation = self.function.next()
        self._reply(
            invocation.payload,
            {
                "Lambda-Runtime-Aws-Request-Id": invocation.id,
                "Lambda-Runtime-Deadline-Ms": "9999999999999",
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:::function",
            },
        )

    def do_POST(self) -> None:
        """Take an invocation, or the reply to one."""
        body = self._body()
        if self.path.endswith("/invocations"):
            done = self.function.invoke(body)
            failed = {"X-Amz-Function-Error": "Unhandled"} if done.failed else {}
            self._reply(done.reply, failed)
            return
        *_, name, what = self.path.split("/")
        invocation = self.function.running.pop(name)
        invocation.answer(body, failed=what == "error")
        self._reply(json.dumps({"status": "OK"}).encode(), {}, status=202)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _reply(self, body: bytes, headers: dict[str, str], status: int = 200) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
