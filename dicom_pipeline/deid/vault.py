"""What lies in the vault of random surrogates, sealed; not where it lies.

A surrogate is 16 random bytes. Two things are kept of it, in two parts of a segment
that are sealed apart: where it is found (a keyed hash of the identifier), which every
run needs, and the identifier itself, which only the way back needs.

DICOM: none; 45 CFR 164.514(c), a code that is not derived from the person.
"""

import hashlib
import json
import secrets
import struct
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dicom_pipeline.deid.keys import (
    KEY_BYTES,
    KeyUnavailableError,
    check_value,
    sub_key,
)

SURROGATE_BYTES = 16
DOMAINS = ("other", "patient_id", "device", "uid", "batch", "render")
"""Classes that are counted apart; the others are counted together."""

_CLASSES = {name: bytes([code]) for code, name in enumerate(DOMAINS)}
_NONCE_BYTES = 12
_RECORD_BYTES = 1 + 2 * SURROGATE_BYTES  # class, where it is found, surrogate
_HEAD = struct.Struct(f"<4s{SURROGATE_BYTES}sII")  # magic, name, length of each part
_MAGIC = b"dpv1"
_KEY_NAME = b"data key"


class VaultError(KeyUnavailableError):
    """The vault cannot be used; the message holds nothing that lies in it."""


class SealError(VaultError):
    """What was sealed does not open."""

    def __init__(self) -> None:
        """Say what may be the reason."""
        super().__init__(
            "the vault does not open: it was sealed with another key"
            " (DICOM_PIPELINE_KEY_URI), or its bytes were changed"
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One identifier and what stands for it. Personal: it names someone.

    Attributes:
        domain: Class of identifier.
        text: The identifier.
        surrogate: 16 random bytes.
    """

    domain: str
    text: str = field(repr=False)
    surrogate: bytes = field(repr=False)


def new_entries(domain: str, texts: Sequence[str]) -> list[Entry]:
    """Give identifiers surrogates; nothing of an identifier is in its own."""
    drawn = secrets.token_bytes(SURROGATE_BYTES * len(texts))
    parts = range(0, len(drawn), SURROGATE_BYTES)
    return [
        Entry(domain, text, drawn[at : at + SURROGATE_BYTES])
        for text, at in zip(texts, parts, strict=True)
    ]


def spelled(domain: str, surrogate: bytes) -> str:
    """Return a surrogate as tables have it: a UID, or 32 hexadecimal digits.

    DICOM: PS3.5 B.2, a UUID as ``2.25.`` and a decimal number; RFC 9562, version 4.
    """
    if domain != "uid":
        return surrogate.hex()
    octets = bytearray(surrogate)
    octets[0] &= 0x3F  # below 2**126: 38 digits
    octets[6] = octets[6] & 0x0F | 0x40
    octets[8] = octets[8] & 0x3F | 0x80
    return f"2.25.{int.from_bytes(octets)}"


def new_data_key() -> bytes:
    """Return a random key for everything in one vault, 32 bytes."""
    return secrets.token_bytes(KEY_BYTES)


def wrapped(key: bytes, data_key: bytes) -> bytes:
    """Seal the data key with the de-identification key."""
    return _sealed(sub_key(key, "vault"), data_key, _KEY_NAME)


def unwrapped(key: bytes, body: bytes) -> bytes:
    """Return the data key.

    Raises:
        SealError: It was sealed with another key.
    """
    return _opened(sub_key(key, "vault"), body, _KEY_NAME)


class VaultKey:
    """Seals and opens what lies in one vault."""

    def __init__(self, data_key: bytes) -> None:
        """Derive a key for each use; none is shown."""
        self._finding = sub_key(data_key, "vault/find")
        self._forward = sub_key(data_key, "vault/forward")
        self._reverse = sub_key(data_key, "vault/reverse")
        self.check_value = check_value(data_key)

    def __repr__(self) -> str:
        """Name the check value alone."""
        return f"VaultKey(check_value={self.check_value})"

    def place(self, domain: str, text: str) -> bytes:
        """Return where the surrogate of an identifier is found, 16 bytes."""
        return hashlib.blake2b(
            f"{domain}\x1f{text}".encode(),
            digest_size=SURROGATE_BYTES,
            key=self._finding,
        ).digest()

    def seal(self, entries: Sequence[Entry]) -> tuple[bytes, bytes]:
        """Return entries as one segment, and as an index takes them.

        Segments may be strung together.
        """
        name = secrets.token_bytes(SURROGATE_BYTES)
        lines = [[e.domain, e.text, e.surrogate.hex()] for e in entries]
        text = zlib.compress(json.dumps(lines).encode(), level=1)
        records = b"".join(map(self._record, entries))
        forward = _sealed(self._forward, records, name + b"forward")
        reverse = _sealed(self._reverse, text, name + b"reverse")
        head = _HEAD.pack(_MAGIC, name, len(forward), len(reverse))
        return head + forward + reverse, records

    def forward(self, body: bytes) -> Iterator[bytes]:
        """Open the part that every run needs, segment by segment, as records.

        Raises:
            SealError: It does not open.
        """
        for name, forward, _ in _segments(body):
            yield _opened(self._forward, forward, name + b"forward")

    def reverse(self, body: bytes) -> Iterator[list[Entry]]:
        """Open the part that names people, segment by segment.

        Raises:
            SealError: It does not open.
        """
        for name, _, reverse in _segments(body):
            text = _opened(self._reverse, reverse, name + b"reverse")
            yield [
                Entry(domain, said, bytes.fromhex(surrogate))
                for domain, said, surrogate in json.loads(zlib.decompress(text))
            ]

    def _record(self, entry: Entry) -> bytes:
        """No identifier is in there."""
        place = self.place(entry.domain, entry.text)
        return _CLASSES.get(entry.domain, b"\0") + place + entry.surrogate


class Index:
    """Surrogates by where they are found, in memory: some 60 bytes for each.

    A dictionary takes three times as much (1,000,000 measured, 2026-11).
    """

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._shelves: dict[bytes, bytearray] = {}
        self._classes: Counter[int] = Counter()

    def add(self, records: bytes) -> None:
        """Take records; one that is there already changes nothing."""
        shelves, added = self._shelves, bytearray()
        for start in range(0, len(records), _RECORD_BYTES):
            record = records[start + 1 : start + _RECORD_BYTES]
            shelf = shelves.get(record[:2])
            if shelf is None:
                shelves[record[:2]] = bytearray(record)
            elif (
                record[:SURROGATE_BYTES] not in shelf
                or self.get(record[:SURROGATE_BYTES]) is None
            ):
                shelf += record
            else:
                continue
            added.append(records[start])
        self._classes.update(added)

    def get(self, place: bytes) -> bytes | None:
        """Return the surrogate that is found there."""
        shelf = self._shelves.get(place[:2])
        if shelf is None:
            return None
        width = 2 * SURROGATE_BYTES
        at = shelf.find(place)
        while at >= 0 and at % width:  # the bytes may lie across two records
            at = shelf.find(place, at + 1)
        return bytes(shelf[at + SURROGATE_BYTES : at + width]) if at >= 0 else None

    def counts(self) -> dict[str, int]:
        """Count surrogates by class."""
        return {DOMAINS[code]: n for code, n in sorted(self._classes.items())}


def _segments(body: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Name and sealed parts of each segment."""
    at = 0
    while at < len(body):
        try:
            magic, name, first, second = _HEAD.unpack_from(body, at)
        except struct.error:
            raise SealError from None
        at += _HEAD.size
        end = at + first + second
        if magic != _MAGIC or end > len(body):
            raise SealError
        yield name, body[at : at + first], body[at + first : end]
        at = end


def _sealed(key: bytes, plain: bytes, name: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, name)


def _opened(key: bytes, body: bytes, name: bytes) -> bytes:
    nonce, sealed = body[:_NONCE_BYTES], body[_NONCE_BYTES:]
    try:
        return AESGCM(key).decrypt(nonce, sealed, name)
    except (InvalidTag, ValueError):
        raise SealError from None
