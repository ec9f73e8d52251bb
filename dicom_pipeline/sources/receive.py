"""A Storage SCP (PS3.4 B): whatever is sent by C-STORE goes to the provider bucket.

Success is answered when the bucket has the object, and not before; anything else is a
failure status, after which the sender still owns the object and sends it again. What
peers say of themselves and of patients leaves this module as a count or a status code.
"""

import contextlib
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final, cast

from pynetdicom import AE, _config, evt
from pynetdicom.association import Association
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    _NON_PATIENT_OBJECT_CLASSES,
    Verification,
)
from pynetdicom.transport import AssociationSocket, ThreadedAssociationServer

from dicom_pipeline.resources.bucket import BucketError
from dicom_pipeline.sources.receive_inbox import Inbox, Kept, Sent
from dicom_pipeline.sources.receive_spool import Spool
from dicom_pipeline.sources.receive_terms import Listen, Tally

SUCCESS: Final = 0x0000
OUT_OF_RESOURCES: Final = 0xA700  # PS3.4 B.2.3
CANNOT_UNDERSTAND: Final = 0xC000

_LOOK_SECONDS: Final = 0.1
_LONGEST_REQUEST: Final = 1024**2  # of an association: 128 contexts, many syntaxes

# Objects stay files, and whatever is sent is an object; nothing is put into words.
_OPTIONS: Final = {
    "LOG_HANDLER_LEVEL": "none",
    "STORE_RECV_CHUNKED_DATASET": True,
    "UNRESTRICTED_STORAGE_SERVICE": True,
}


class _Server(ThreadedAssociationServer):
    """Accepts connections, and looks after those that have ended."""

    receiver: "Receiver"

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        """Accept; a peer that stalls in the middle of a PDU gives up its place."""
        listening = cast("socket.socket", self.socket)
        client, address = listening.accept()
        client.settimeout(self.receiver.listen.idle_seconds)
        if self.ssl_context is not None:
            client = self.ssl_context.wrap_socket(
                client, server_side=True, do_handshake_on_connect=False
            )
        return client, address

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Begin an association, in a thread of its own from the handshake on."""
        if isinstance(request, ssl.SSLSocket):
            request.do_handshake()
        super().finish_request(request, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: the default prints a traceback."""

    def service_actions(self) -> None:
        """Look around, as often as the accepting loop turns."""
        super().service_actions()
        self.receiver.look_around()


class Receiver:
    """One listening port, from its start to the end of its last association."""

    def __init__(
        self,
        listen: Listen,
        inbox: Inbox,
        spool: Spool,
        report: Callable[[Tally], None] = lambda _: None,
    ) -> None:
        """Keep what is told; nothing listens yet.

        Args:
            listen: Where and to whom.
            inbox: Where objects go.
            spool: Where they lie until then.
            report: Told of each association that has ended.
        """
        self.listen = listen
        self._inbox, self._spool, self._report = inbox, spool, report
        self._tallies: dict[Association, Tally] = {}
        self._lock = threading.Lock()

    @contextmanager
    def listening(self, *, patience: Callable[[], bool]) -> Iterator[int]:
        """Accept associations while the block runs; yield the port.

        Afterwards nobody new is accepted and those who are in finish, unless
        ``patience`` says ``False``: then they are aborted.
        """
        with ExitStack() as stack:
            stack.enter_context(_configured())
            # First the port: whoever has it already is using the spool, too.
            server = self._server()
            stack.callback(server.server_close)
            stack.enter_context(self._spool.in_use())
            thread = threading.Thread(
                target=server.serve_forever, args=(_LOOK_SECONDS,)
            )
            thread.start()
            try:
                yield int(server.server_address[1])
            finally:
                server.shutdown()
                thread.join()
                self._finish(patience)

    def present(self) -> list[Tally]:
        """Return what each association that goes on has brought so far."""
        with self._lock:
            return list(self._tallies.values())

    def look_around(self) -> None:
        """Take leave of associations that have ended, however they did."""
        with self._lock:
            ended = {
                each: tally
                for each, tally in self._tallies.items()
                if each.ident is not None and not each.is_alive()
            }
            for each in ended:
                del self._tallies[each]
        for each, tally in ended.items():
            self._spool.drop_files_of(each.dul)
            if each.dul.socket is not None:
                each.dul.socket.close()  # a thread that died has not done it
            tally.ended = _ending(each)
            with contextlib.suppress(OSError):  # whoever watched has gone
                self._report(tally)

    def _finish(self, patience: Callable[[], bool]) -> None:
        while self._tallies:
            if not patience():
                for each in list(self._tallies):
                    each.abort()
            time.sleep(_LOOK_SECONDS)
            self.look_around()

    def _server(self) -> _Server:
        ae = AE(ae_title=self.listen.ae_title)
        ae.maximum_associations = self.listen.associations
        ae.maximum_pdu_size = self.listen.pdu_bytes
        ae.network_timeout = self.listen.idle_seconds
        ae.require_calling_aet = list(self.listen.accept_from)
        ae.add_supported_context(Verification)
        for uid in _NON_PATIENT_OBJECT_CLASSES.values():
            ae.add_supported_context(uid)
        server = cast(
            "_Server",
            ae.make_server(
                (self.listen.bind, self.listen.port),
                ssl_context=self.listen.tls,
                evt_handlers=[
                    (evt.EVT_CONN_OPEN, self._greet),
                    (evt.EVT_CONN_CLOSE, _wake),
                    (evt.EVT_C_STORE, self._store),
                ],
                server_class=_Server,
            ),
        )
        ae._servers.append(server)  # noqa: SLF001  # shutdown() takes it off again
        server.receiver = self
        return server

    def _greet(self, event: evt.Event) -> None:
        """Count what comes; take no PDU that is far longer than was asked for.

        The length is the peer's word, and pynetdicom would hold 4 GiB of it.
        """
        connection = cast("AssociationSocket", event.assoc.dul.socket)
        longest = self.listen.pdu_bytes + _LONGEST_REQUEST
        vars(connection)["recv"] = _bounded(connection.recv, longest)
        with self._lock:
            self._tallies[event.assoc] = Tally()

    def _store(self, event: evt.Event) -> int:
        began = time.monotonic()
        tally = self._tallies[event.assoc]
        status = self._status(event, tally)
        if status != SUCCESS:
            tally.failed[f"{status:04X}"] += 1
        # The idle clock began with the peer's last byte, and we were not idle.
        working = time.monotonic() - began
        event.assoc.network_timeout = self.listen.idle_seconds + working
        return status

    def _status(self, event: evt.Event, tally: Tally) -> int:
        file = self._spool.find(event.dataset_path)
        if file.full:
            return OUT_OF_RESOURCES
        try:
            kept = self._inbox.put(event.dataset_path, _sent(event))
        except BucketError:
            return OUT_OF_RESOURCES
        except Exception:  # noqa: BLE001  # its text may quote the object
            return CANNOT_UNDERSTAND
        tally.stored += kept is Kept.STORED
        tally.unchanged += kept is Kept.UNCHANGED
        tally.bytes += file.bytes
        return SUCCESS


def _wake(event: evt.Event) -> None:
    """Let go of a peer that has hung up before it said anything.

    Health checks do that all day, and each would keep its place for 30 s.
    """
    if event.assoc.requestor.primitive is None:
        event.assoc.dul.to_user_queue.put(cast("Any", None))


def _bounded(
    receive: Callable[[int], bytearray], longest: int
) -> Callable[[int], bytearray]:
    def bounded(size: int) -> bytearray:
        if size > longest:
            raise OSError  # which ends the association, and says nothing
        return receive(size)

    return bounded


def _sent(event: evt.Event) -> Sent:
    request = cast("Any", event.request)
    return Sent(
        ae_title=str(event.assoc.requestor.ae_title),
        sop_instance_uid=str(request.AffectedSOPInstanceUID),
        transfer_syntax_uid=str(event.context.transfer_syntax),
    )


def _ending(association: Association) -> str:
    endings = {
        "rejected": association.is_rejected,
        "aborted": association.is_aborted,
        "released": association.is_released,
    }
    return next((name for name, is_so in endings.items() if is_so), "lost")


@contextmanager
def _configured() -> Iterator[None]:
    """Set pynetdicom's options and keep its words back, in this whole process.

    Its loggers quote UIDs and AE titles, and so does the exception of a thread that a
    peer's nonsense has ended.
    """
    logger, hook = logging.getLogger("pynetdicom"), threading.excepthook
    level, options = logger.level, {name: vars(_config)[name] for name in _OPTIONS}
    logger.setLevel(logging.CRITICAL + 1)
    vars(_config).update(_OPTIONS)
    threading.excepthook = lambda _: None
    try:
        yield
    finally:
        threading.excepthook = hook
        vars(_config).update(options)
        logger.setLevel(level)
