"""Which arrivals the ledger has, 16 bytes each, kept from one look to the next.

A look costs what is new since the last one, not what is known: 1,000,000 arrivals take
32 MB, and asking for a page of 1,000 takes milliseconds (measured 2026-11-21).
"""

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dicom_pipeline.resources.ledger import Ledger, Row
from dicom_pipeline.sources.new_files import AT_ONCE, NewFiles
from dicom_pipeline.sources.returned import Returned

_BYTES = 16


class Hashes:
    """A set of texts that only grows; it holds their hashes, never a text.

    Sorted runs, of which the newer are merged while they are not much smaller than
    the one before: few runs to search, and each hash is moved some twenty times.
    """

    def __init__(self) -> None:
        """Begin empty."""
        # Replaced as a whole, so that a thread that reads never sees half a merge.
        self._runs: tuple[NDArray[np.bytes_], ...] = ()

    def __len__(self) -> int:
        """Return how many hashes are held."""
        return sum(len(run) for run in self._runs)

    def add(self, texts: Iterable[str]) -> None:
        """Take these texts in; one thread at a time."""
        run = np.unique(_hashed(texts))
        run = run[~self._holds(run)]
        if not len(run):
            return
        older = list(self._runs)
        while older and len(older[-1]) < 2 * len(run):
            # Stable means merge sort here: two sorted halves cost one pass.
            run = np.sort(np.concatenate([older.pop(), run]), kind="stable")
        self._runs = (*older, run)

    def hold(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Say of each text whether it was taken in."""
        return self._holds(_hashed(texts))

    def _holds(self, wanted: NDArray[np.bytes_]) -> NDArray[np.bool_]:
        found = np.zeros(len(wanted), dtype=np.bool_)
        for run in self._runs:
            place = np.minimum(np.searchsorted(run, wanted), len(run) - 1)
            found |= run[place] == wanted
        return found


@dataclass
class Known:
    """Every arrival of one ledger, as far as it was read.

    Safe to share between threads.

    Attributes:
        ledger: Both records.
        ids: Of every arrival.
        fingerprints: Of every arrival.
        returned: What may be handed out again although it is known.
    """

    ledger: Ledger
    ids: Hashes = field(default_factory=Hashes, init=False)
    fingerprints: Hashes = field(default_factory=Hashes, init=False)
    returned: Returned = field(default_factory=Returned, init=False)
    _lock: threading.RLock = field(
        default_factory=threading.RLock, init=False, repr=False
    )

    def catch_up(
        self,
        end: float = float("inf"),
        clock: Callable[[], float] = time.monotonic,
    ) -> bool:
        """Read the files that were written meanwhile.

        Returns:
            Whether all of them were read before ``end``; what was read is kept, so
            that the next call goes on from there.
        """
        takers = (
            (self._arrivals, self._take_arrivals),
            (self._objects, self.returned.take_objects),
        )
        with self._lock:
            for files, take in takers:
                missing = files.missing()
                while missing:
                    for rows in files.read(missing[:AT_ONCE]):
                        take(rows)
                    missing = missing[AT_ONCE:] or files.missing()
                    if missing and clock() >= end:
                        return False
            return True

    def add(self, batch: str, rows: Sequence[Row]) -> None:
        """Take in a batch that was written here; it is not read again."""
        with self._lock:
            self._arrivals.skip(batch)
            self.ids.add([row["arrival_id"] for row in rows])
            self.fingerprints.add([row["fingerprint"] for row in rows])
            for row in rows:
                if "attempt" in row:
                    self.returned.hand_out(row["arrival_id"], row["attempt"])

    def _take_arrivals(self, rows: pa.RecordBatch) -> None:
        self.ids.add(rows["arrival_id"].to_pylist())
        self.fingerprints.add(rows["fingerprint"].drop_null().to_pylist())
        self.returned.take_arrivals(rows)

    @cached_property
    def _arrivals(self) -> NewFiles:
        columns = ("arrival_id", "fingerprint", "attempt")
        return NewFiles(self.ledger.arrivals, columns)

    @cached_property
    def _objects(self) -> NewFiles:
        columns = ("arrival_id", "attempt", "reason", "modified_at")
        return NewFiles(self.ledger.objects, columns)


def _hashed(texts: Iterable[str]) -> NDArray[np.bytes_]:
    joined = b"".join(
        hashlib.blake2b(text.encode(), digest_size=_BYTES).digest() for text in texts
    )
    return np.frombuffer(joined, dtype=f"S{_BYTES}")
