"""The command that listens: C-STORE into the provider bucket."""

import json as json_format
import signal
import ssl
import threading
import time
from dataclasses import dataclass, field, replace
from typing import Annotated

import typer

from dicom_pipeline.cli.console import err, fail
from dicom_pipeline.places import Places
from dicom_pipeline.settings import Settings
from dicom_pipeline.sources.receive import Receiver
from dicom_pipeline.sources.receive_inbox import Inbox
from dicom_pipeline.sources.receive_spool import Spool
from dicom_pipeline.sources.receive_terms import Listen, Tally, tls_context

_STANDARD_PORT = 11112  # registered for DICOM (PS3.8 9.1)
_ATTEMPTS = 3  # of a request to the store: the sender waits, and will try again
_STOP_SECONDS = 10  # after SIGTERM; `up` kills after twice that
_LOOPBACK = ("127.", "::1", "localhost")

Port = Annotated[int, typer.Option(help="TCP port; 0 takes any that is free.")]
Bind = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")]
Title = Annotated[str, typer.Option(help="AE title that we answer with.")]
Senders = Annotated[
    str, typer.Option(help="AE titles that may send: A,B. All if empty.")
]
Cert = Annotated[str, typer.Option(help="PEM file: speak TLS alone, with this.")]
Key = Annotated[str, typer.Option(help="PEM file of its key, if not in there.")]
Ca = Annotated[str, typer.Option(help="PEM file: senders must show one of these.")]
Json = Annotated[bool, typer.Option("--json", help="One line per association.")]


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("receive")(receive)


def receive(  # noqa: PLR0913, PLR0917  # each is an option of the command
    port: Port = -1,
    bind: Bind = "",
    ae_title: Title = "",
    accept_from: Senders = "",
    tls_cert: Cert = "",
    tls_key: Key = "",
    tls_ca: Ca = "",
    json: Json = False,
) -> None:
    """Take what is sent by C-STORE into the provider bucket; ctrl-C ends it.

    An option that is left out is taken from DICOM_PIPELINE_RECEIVE_*. Ctrl-C lets
    associations finish; a second one cuts them off.
    """
    told = {
        "receive_port": None if port < 0 else port,
        "receive_bind": bind or None,
        "receive_ae_title": ae_title or None,
        "receive_accept_from": accept_from or None,
        "receive_tls_cert": tls_cert or None,
        "receive_tls_key": tls_key or None,
        "receive_tls_ca": tls_ca or None,
    }
    settings = Settings().model_copy(
        update={name: value for name, value in told.items() if value is not None}
    )
    if port < 0 and not settings.receive_port:
        settings = settings.model_copy(update={"receive_port": _STANDARD_PORT})
    with Places(settings).open() as places:
        _run(places, _listen(settings), _Board(json=json))


def _listen(settings: Settings) -> Listen:
    names = settings.receive_accept_from.split(",")
    accept_from = tuple(name.strip() for name in names if name.strip())
    files = settings.receive_tls_cert, settings.receive_tls_key, settings.receive_tls_ca
    try:
        tls = tls_context(*files) if files[0] else None
    except (OSError, ssl.SSLError):
        fail("the TLS files cannot be read, or do not belong together")
    if not settings.receive_bind.startswith(_LOOPBACK) and not accept_from:
        err.print("everyone who reaches this port may send: see --accept-from")
    return Listen(
        port=settings.receive_port,
        bind=settings.receive_bind,
        ae_title=settings.receive_ae_title,
        accept_from=accept_from,
        associations=settings.receive_associations,
        tls=tls,
    )


@dataclass
class _Board:
    """What has been received, for the people and machines that watch."""

    json: bool
    total: Tally = field(default_factory=Tally)
    associations: int = 0

    def take(self, tally: Tally) -> None:
        """Add an association that has ended, and say so."""
        self.associations += 1
        self.total.add(tally)
        if self.json:
            typer.echo(json_format.dumps(tally.facts()))
        else:
            err.print(f"{tally.ended}: {_words(tally)}")

    def words(self, receiver: Receiver) -> str:
        """Say what has come until now."""
        now, present = Tally(), receiver.present()
        for each in (self.total, *present):
            now.add(each)
        return f"{_words(now)}; {len(present)} connected"


def _words(tally: Tally) -> str:
    failed = ", ".join(f"{n} with {status}" for status, n in tally.failed.items())
    return (
        f"{tally.stored} stored, {tally.unchanged} there already,"
        f" {tally.failed.total()} failed" + (f" ({failed})" if failed else "")
    )


def _run(places: Places, listen: Listen, board: _Board) -> None:
    ended = _Signals()
    bucket = replace(places.provider, store=replace(places.store, attempts=_ATTEMPTS))
    receiver = Receiver(
        listen,
        Inbox(bucket, places.settings.provider_prefix),
        Spool(
            places.settings.spool / str(listen.port),
            places.settings.receive_spool_gib * 1024**3,
        ),
        board.take,
    )
    try:
        with receiver.listening(patience=ended.patience) as port:
            err.print(f"{listen.ae_title} listens on {listen.bind}:{port}")
            _watch(board, receiver, ended.first)
    except OSError as error:
        fail(f"cannot listen on port {listen.port}: {error.strerror}")
    if not board.json:
        err.print(f"{board.associations} associations: {_words(board.total)}")


def _watch(board: _Board, receiver: Receiver, ended: threading.Event) -> None:
    with err.status("waiting") as status:
        while not ended.wait(0.5):
            status.update(board.words(receiver))


class _Signals:
    """Ctrl-C once is a wish, twice an order; SIGTERM has little time."""

    def __init__(self) -> None:
        """Take both signals over."""
        self.first, self._second = threading.Event(), threading.Event()
        self._deadline = float("inf")
        signal.signal(signal.SIGINT, self._interrupt)
        signal.signal(signal.SIGTERM, self._terminate)

    def patience(self) -> bool:
        """Whether associations may still finish."""
        return not self._second.is_set() and time.monotonic() < self._deadline

    def _interrupt(self, *_: object) -> None:
        if self.first.is_set():
            self._second.set()
        self.first.set()

    def _terminate(self, *_: object) -> None:
        self._deadline = time.monotonic() + _STOP_SECONDS
        self.first.set()
