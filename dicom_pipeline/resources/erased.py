"""Where tombstones are kept: in the raw zone, one object per erased patient."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.deid.tombstones import Graveyard, Tombstone, patient_token
from dicom_pipeline.dicom.reasons import IgnoredReason
from dicom_pipeline.layout import STATE_PREFIX, ledger_key, state_key
from dicom_pipeline.resources.bucket import Bucket, ObjectGoneError, StoredObject
from dicom_pipeline.resources.ledger_table import LedgerTable
from dicom_pipeline.resources.outcomes import Outcome
from dicom_pipeline.resources.parquet_files import BATCH
from dicom_pipeline.resources.purge import purge, purge_all, purge_old
from dicom_pipeline.resources.rotation_record import KeyRefusedError

Row = Mapping[str, Any]

ERASED_PREFIX = f"{STATE_PREFIX}erased/"

_KEPT = ("arrival_id", "source", "attempt", BATCH)
"""What an erased row of the ledger still says: that something was received."""
_SAID = {"outcome": Outcome.IGNORED.value, "reason": IgnoredReason.ERASED.value}


class Refusals(Protocol):
    """Knows who is not let in again."""

    def graveyard(self) -> Graveyard:
        """Return every tombstone."""


class _Nobody:
    """Nobody was ever erased."""

    def graveyard(self) -> Graveyard:
        """Return none."""
        return Graveyard(None)


NOBODY = _Nobody()


@dataclass(frozen=True)
class Erased:
    """The tombstones of one raw bucket.

    Attributes:
        bucket: The raw bucket.
        pseudonyms: The key of today.
    """

    bucket: Bucket
    pseudonyms: Pseudonyms
    _kept: dict[StoredObject, Tombstone] = field(
        default_factory=dict, repr=False, compare=False
    )

    def of(self, identity: str) -> Tombstone:
        """Return the tombstone of a patient; an empty one where he has none."""
        token = patient_token(self.pseudonyms, identity)
        keys = self.pseudonyms.remembered_check_value
        return self.named(token) or Tombstone(token, keys)

    def named(self, token: str) -> Tombstone | None:
        """Return the tombstone that a token names; ``None`` where there is none."""
        try:
            return Tombstone.read(self.bucket.read(_key(token)))
        except ObjectGoneError:
            return None

    def put(self, tombstone: Tombstone) -> None:
        """Store it; from now on the door refuses the patient."""
        self.bucket.write(_key(tombstone.patient), tombstone.text())

    def graveyard(self) -> Graveyard:
        """Return all of them; a request, and one for each that is new.

        Raises:
            KeyRefusedError: Some are of other keys: whom they mean is not known.
        """
        stones = [self._read(item) for item in self.bucket.list(ERASED_PREFIX)]
        keys = self.pseudonyms.remembered_check_value
        if others := sum(stone.key_check_value != keys for stone in stones):
            raise KeyRefusedError(
                f"{others} erased patients are known under other keys, and would be"
                " let in: set the keys that the raw zone remembers (docs/keys.md)"
            )
        return Graveyard(
            self.pseudonyms,
            frozenset(stone.patient for stone in stones),
            frozenset().union(*(stone.instances for stone in stones)),
        )

    def rename(self, new: Pseudonyms) -> int:
        """Let every tombstone follow to a new key; return how many did now.

        The old one goes once the new one is there, with all its versions.
        """
        moved = 0
        for item in list(self.bucket.list(ERASED_PREFIX)):
            stone = self._read(item)
            if stone.key_check_value == new.remembered_check_value:
                continue
            if stone.key_check_value != self.pseudonyms.remembered_check_value:
                raise KeyRefusedError(
                    "a tombstone is of other keys than those of the raw zone: restore"
                    f" {ERASED_PREFIX} of the raw bucket (docs/keys.md)"
                )
            follows = stone.renamed(new)
            self.bucket.write(_key(follows.patient), follows.text())
            purge(self.bucket, item.key)
            moved += 1
        return moved

    def _read(self, item: StoredObject) -> Tombstone:
        if item not in self._kept:
            self._kept[item] = Tombstone.read(self.bucket.read(item.key))
        return self._kept[item]


def blank_rows(rows: pa.Table, is_his: pa.Array) -> pa.Table:
    """Leave of some rows of a ledger only that something was received."""
    columns = []
    for column in rows.schema:
        said = pa.scalar(_SAID.get(column.name), column.type)
        kept = rows[column.name]
        is_kept = column.name in _KEPT
        columns.append(kept if is_kept else pc.if_else(is_his, said, kept))
    return pa.table(columns, schema=rows.schema)


def erased_row(arrival: Row, batch: str) -> dict[str, Any]:
    """Return the outcome of an arrival that the door has refused, the same way."""
    return {name: arrival.get(name) for name in _KEPT} | _SAID | {BATCH: batch}


def forget(
    arrivals: LedgerTable, batch: str, refused: Collection[tuple[Row, str]]
) -> None:
    """Keep nothing of refused files: neither their keys, nor what was copied.

    Args:
        arrivals: Where they were seen.
        batch: That they are in.
        refused: Rows of it, each with the raw key that a killed run may have filled.
    """
    if not refused:
        return
    keys = {key for row, raw_key in refused for key in (raw_key, *_keys(row)) if key}
    purge_all(arrivals.bucket, sorted(keys), keys.__contains__)
    ids = pa.array([row["arrival_id"] for row, _ in refused], pa.string())
    rows = arrivals.read(batch)
    is_his = pc.is_in(rows["arrival_id"], value_set=ids)
    arrivals.write(batch, blank_rows(rows, is_his).to_pylist())
    purge_old(arrivals.bucket, ledger_key(arrivals.table.name, batch))


def _keys(row: Row) -> Iterator[str | None]:
    """Where the bytes of an arrival lie in the raw bucket."""
    yield row["held_key"]
    if row["source"] == "raw":
        yield row["source_key"]


def _key(token: str) -> str:
    return state_key(f"erased/{token}")
