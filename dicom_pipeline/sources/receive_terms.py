"""What a receiver is told before it listens, and what it tells afterwards."""

import ssl
from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Listen:
    """Where to listen, to whom, and for how long.

    Attributes:
        port: TCP port; 0 for any that is free.
        bind: Address of the interface.
        ae_title: What we call ourselves; callers may call us by any name.
        accept_from: AE titles that may send; empty for everyone.
        associations: At the same time; one more is told to come back later.
        idle_seconds: After which a silent peer is cut off.
        pdu_bytes: Largest PDU that we ask for.
        tls: Makes the port speak TLS alone.
    """

    port: int = 11112
    bind: str = "127.0.0.1"
    ae_title: str = "DICOM_PIPELINE"
    accept_from: tuple[str, ...] = ()
    associations: int = 10
    idle_seconds: float = 60.0
    pdu_bytes: int = 128 * 1024
    tls: ssl.SSLContext | None = field(default=None, repr=False)


@dataclass
class Tally:
    """What one association brought: counts and codes.

    Attributes:
        stored: Objects that are new in the bucket.
        unchanged: Objects that were there already, byte for byte.
        bytes: Of both, file meta information included.
        failed: Objects by the status that was answered, as four hex digits.
        ended: ``released``, ``aborted``, ``rejected`` or ``lost``.
    """

    stored: int = 0
    unchanged: int = 0
    bytes: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    ended: str = ""

    def add(self, other: "Tally") -> None:
        """Count what ``other`` has counted, too."""
        self.stored += other.stored
        self.unchanged += other.unchanged
        self.bytes += other.bytes
        self.failed += other.failed

    def facts(self) -> dict[str, object]:
        """Return all of it for a machine."""
        return {**vars(self), "failed": dict(self.failed)}


def tls_context(cert: str, key: str, ca: str) -> ssl.SSLContext:
    """Make the server side of TLS (PS3.15 B.12 asks for 1.2 or newer).

    Args:
        cert: PEM file of our certificate.
        key: PEM file of its key; empty where ``cert`` holds it.
        ca: PEM file of authorities; peers then need a certificate. Empty asks none.

    Raises:
        OSError: A file is missing or is not what it should be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(cert, key or None)
    if ca:
        context.load_verify_locations(ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
