"""The vault of random surrogates as a log of sealed slots in the raw zone.

A slot is written only where none is, so two processes that meet the same new identifier
cannot both name it: the second finds its slot taken, reads it, and takes what it says.
A surrogate is in the log before anyone is told of it, so a killed run loses none.
"""

import json
import os
import pwd
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

from obstore.store import ObjectStore

from dicom_pipeline.deid.surrogates import Surrogates
from dicom_pipeline.deid.vault import (
    Entry,
    Index,
    SealError,
    VaultError,
    VaultKey,
    new_data_key,
    new_entries,
    spelled,
    unwrapped,
    wrapped,
)
from dicom_pipeline.layout import VAULT_PREFIX
from dicom_pipeline.resources.key_sources import KeyAddresses, load_key
from dicom_pipeline.resources.vault_store import (
    KEY,
    READS,
    VaultStore,
    number_of,
    slot,
)

_SMALL_BYTES = 4 * 1024**2
_MANY = 64


@dataclass(frozen=True)
class VaultStatus:
    """What may be said of a vault: numbers.

    Attributes:
        check_value: Of its data key; tells one vault from another.
        surrogates: By class of identifier.
        slots: Objects that hold them.
        bytes: Their size.
        reads: How often someone asked for the way back.
    """

    check_value: str
    surrogates: dict[str, int]
    slots: int
    bytes: int
    reads: int


class Vault:
    """One vault; safe between threads and between processes.

    Its memory is an index of 60 bytes for each surrogate, none of them personal.
    """

    def __init__(self, store: ObjectStore, *keys: bytes) -> None:
        """Keep the de-identification keys, the newest first; nothing is read yet."""
        self._store = VaultStore(store)
        self._keys = keys
        self._lock = Lock()
        self._index = Index()
        self._last = 0
        self._opened: VaultKey | None = None

    def __repr__(self) -> str:
        """Show neither keys nor what is known."""
        return "Vault()"

    @property
    def check_value(self) -> str:
        """16 hexadecimal digits by which a warehouse knows its vault again."""
        with self._lock:
            return self._open().check_value

    def surrogates(self, domain: str, texts: Iterable[str]) -> dict[str, bytes]:
        """Return what stands for each text, new where there is nothing yet.

        Raises:
            VaultError: It does not open, or its store fails.
        """
        with self._lock:
            key = self._open()
            places = {text: key.place(domain, text) for text in texts}
            while True:
                known = {text: self._index.get(place) for text, place in places.items()}
                new = [text for text, found in known.items() if found is None]
                if not new:
                    return {text: found for text, found in known.items() if found}
                self._append(key, new_entries(domain, new))

    def named(self, names: Iterable[str], why: str) -> dict[str, Entry]:
        """Return whom names stand for, once it is on record who asked.

        Args:
            names: As tables have them.
            why: Said by who asks; a few words without a value.
        """
        wanted = set(names)
        self._record(len(wanted), why)
        every = ((spelled(e.domain, e.surrogate), e) for e in self._entries())
        return {name: entry for name, entry in every if name in wanted}

    def forget(
        self, is_gone: Callable[[Entry], bool], why: str
    ) -> tuple[int, list[str]]:
        """Remove entries for good; return how many, and the slots that were rewritten.

        A store with versions still has what these slots said, and those that were
        strung together before: whoever erases purges old versions of all of them.
        """
        gone, changed = 0, []
        with self._lock:
            key = self._open()
            self._record(0, why)
            for name, size in list(self._store.slots()):
                entries = list(self._named_in(key, name)) if size else []
                left = [entry for entry in entries if not is_gone(entry)]
                if not size:
                    changed.append(VAULT_PREFIX + name)
                elif len(left) < len(entries):
                    self._store.write(name, key.seal(left)[0] if left else b"")
                    gone += len(entries) - len(left)
                    changed.append(VAULT_PREFIX + name)
            self._index, self._last = Index(), 0
            self._refresh(key)
        return gone, changed

    def compact(self) -> int:
        """String many small slots together into one; return how many.

        The old ones stay, empty: their numbers must not be taken a second time.
        """
        with self._lock:
            key = self._open()
            small = [
                name for name, size in self._store.slots() if 0 < size < _SMALL_BYTES
            ]
            if len(small) < _MANY:
                return 0
            body = b"".join(map(self._store.read, small))
            while not self._claim(body):
                self._refresh(key)
            for name in small:
                self._store.write(name, b"")
        return len(small)

    @property
    def exists(self) -> bool:
        """Whether anyone was ever named from it."""
        try:
            return bool(self._store.read(KEY))
        except FileNotFoundError:
            return False

    def status(self) -> VaultStatus:
        """Count what lies in it; no identifier is opened."""
        with self._lock:
            key = self._open()
            self._refresh(key)
            sizes = [size for _, size in self._store.slots() if size]
            reads = sum(1 for _ in self._store.listed(READS))
            counts = self._index.counts()
        return VaultStatus(key.check_value, counts, len(sizes), sum(sizes), reads)

    def _open(self) -> VaultKey:
        if self._opened is None:
            self._opened = VaultKey(self._data_key())
            self._refresh(self._opened)
        return self._opened

    def _data_key(self) -> bytes:
        """Of this vault; made with its first use.

        A vault that lost its key is lost: a new one would give everybody a second name.
        """
        is_begun = any(
            self._store.slots()
        )  # looked at first: whoever begins makes a key first
        try:
            return self._unwrapped(self._store.read(KEY))
        except FileNotFoundError:
            if is_begun:
                raise VaultError(
                    "the vault has no key: bring vault/key of the raw bucket back"
                ) from None
        made = new_data_key()
        if self._store.create(KEY, wrapped(self._keys[0], made)):
            return made
        return self._unwrapped(self._store.read(KEY))

    def _unwrapped(self, body: bytes) -> bytes:
        """Open the data key; after a rotation, seal it with the key of today."""
        for key in self._keys:
            with suppress(SealError):
                data_key = unwrapped(key, body)
                if key != self._keys[0]:
                    self._store.write(KEY, wrapped(self._keys[0], data_key))
                return data_key
        raise SealError

    def _append(self, key: VaultKey, entries: list[Entry]) -> None:
        """Claim the next slot; where it is taken, learn what the others wrote."""
        body, records = key.seal(entries)
        if self._claim(body):
            self._index.add(records)
        else:
            self._refresh(key)

    def _claim(self, body: bytes) -> bool:
        if not self._store.create(slot(self._last + 1), body):
            return False
        self._last += 1
        return True

    def _refresh(self, key: VaultKey) -> None:
        for name, size in self._store.slots(after=self._last):
            for records in key.forward(self._store.read(name)) if size else ():
                self._index.add(records)
            self._last = number_of(name)

    def _entries(self) -> Iterator[Entry]:
        with self._lock:
            key = self._open()
            for name, size in list(self._store.slots()):
                if size:
                    yield from self._named_in(key, name)

    def _named_in(self, key: VaultKey, name: str) -> Iterator[Entry]:
        for entries in key.reverse(self._store.read(name)):
            yield from entries

    def _record(self, asked: int, why: str) -> None:
        """Leave who asks for the way back, and for how many, before the answer."""
        now = datetime.now(UTC)
        who = pwd.getpwuid(os.getuid()).pw_name
        said = {"at": now.isoformat(), "who": who, "why": why, "asked": asked}
        name = f"{READS}{now:%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}.json"
        self._store.create(name, json.dumps(said).encode())


def vault_of(keys: KeyAddresses, store: ObjectStore) -> Vault:
    """Return the vault in ``store``, which any of the keys may have sealed.

    Raises:
        KeyRefusedError: A key cannot be had.
    """
    return Vault(store, *map(load_key, reversed(keys.all)))


def surrogates_of(keys: KeyAddresses, vault: Vault) -> Surrogates:
    """Return the names that a vault gives.

    Raises:
        KeyRefusedError: A key cannot be had.
    """
    return Surrogates(
        vault,
        load_key(keys.key),
        keys.version,
        previous=[*map(load_key, keys.previous)],
        retired=[*map(load_key, keys.retired)],
    )
