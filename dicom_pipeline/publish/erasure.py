"""Erasure: everything of one patient, found, removed, looked for again, and receipted.

The order makes a killed run safe to repeat: the tombstone first, so that nothing comes
in behind it; the ledger last, so that it still names what was not removed yet.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from dicom_pipeline.catalog import DEVICES
from dicom_pipeline.deid.erased_values import is_sought, own_values, uids_in
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.deid.tombstones import Tombstone, instance_token, patient_token
from dicom_pipeline.dicom.identity import SEPARATOR
from dicom_pipeline.layout import image_folder, table_prefix
from dicom_pipeline.publish.erasure_files import (
    Folders,
    Pseudonymous,
    clean_duckdb,
    clean_sqlite,
    databases_below,
    is_duckdb,
    rows_of,
)
from dicom_pipeline.publish.erasure_receipt import Facts, write_receipt
from dicom_pipeline.publish.erasure_vault import VaultErasure
from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.erased import Erased
from dicom_pipeline.resources.erasure_find import Finder, Found
from dicom_pipeline.resources.erasure_raw import RawErasure
from dicom_pipeline.resources.erasure_scan import RawScan, byte_hits
from dicom_pipeline.resources.erasure_stage import StageErasure
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.local_s3 import LocalS3
from dicom_pipeline.resources.local_s3_reclaim import drop_empty_folders, reclaim
from dicom_pipeline.resources.parquet_files import read_columns
from dicom_pipeline.resources.purge import purge_all
from dicom_pipeline.resources.tables import RawTables

Say = Callable[[str], None]
Done = TypeVar("Done")


def _unheard(_words: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Erasure:
    """Erases patients from one installation.

    Attributes:
        ledger: Of the raw bucket.
        stage: Bucket of the JPEGs.
        provider: The provider's bucket; touched only where it is asked for.
        pseudonyms: The key of today.
        folders: Of the installation, with its databases and receipts.
        writer: Held while databases are written: dbt holds it too.
        vault: Of random names, if there is one.
        forget_person: Takes a patient out of the persons; returns how many rows.
        is_embedded: Whether the store is the one below the home folder.
        say: Told what is being done; never what is personal.
    """

    ledger: Ledger
    stage: Bucket
    provider: Bucket
    pseudonyms: Pseudonyms
    folders: Folders
    writer: Callable[[], AbstractContextManager[object]]
    vault: VaultErasure | None = None
    forget_person: Callable[[str], int] = field(default=lambda _one: 0, repr=False)
    is_embedded: bool = False
    say: Say = field(default=_unheard, repr=False)

    def look(self, identity: str) -> Facts:
        """Count what an erasure would remove; nothing is changed."""
        found = self._find(identity)
        return {
            "token": self._erased.of(identity).patient,
            "files_received": len(found.arrivals),
            "raw_objects": len(found.raw_keys),
            "provider_objects": len(found.provider_keys),
            "instances": len(found.sop_uids),
            "studies": len(found.study_uids),
            "months": len(found.batches),
            "same_id_of_other_issuers": self._finder.others(identity),
        }

    def identity_of(self, token: str) -> str | None:
        """Find whom a token stands for; ``None``: nobody in the raw zone."""
        words = pc.unique(self.ledger.objects.all()["patient_identity"]).to_pylist()
        found = (w for w in words if w and patient_token(self.pseudonyms, w) == token)
        return next(found, None)

    def erase(
        self,
        identity: str,
        *,
        provider_bucket: bool = False,
        store_forgets: bool = False,
    ) -> Facts:
        """Remove everything of a patient and return the receipt.

        Args:
            identity: Issuer or provider, U+001F, normalised Patient ID.
            provider_bucket: Delete the provider's own files as well.
            store_forgets: Leave the bytes of what was deleted to whoever makes the
                embedded store forget them next (``LocalS3.forget``). It owes that
                before its next start, should nobody do it.

        Raises:
            BucketError: A place fails; run it again.
        """
        began = datetime.now(UTC)
        took: dict[str, float] = {}
        found = self._timed("finding", lambda: self._find(identity), took)
        if self.is_embedded:
            LocalS3(self.folders.s3_home).owe()
        stone = self._entombed(identity, found)
        removed: dict[str, int] = {}
        own, uids = {identity.partition(SEPARATOR)[2]}, set[str]()
        values = {text for text in own if is_sought(text)}
        steps = self._steps(found, values, uids, provider_bucket=provider_bucket)
        for words, step in steps:
            removed |= self._timed(words, step, took)
        left = self._timed("looking", lambda: self._left(found, values), took)
        if self.vault:  # last: a name that is asked for is given
            removed |= self.vault.forget(found, self._orphans(found), uids)
        if self.is_embedded and not store_forgets:
            self._timed("disk", lambda: reclaim(self.folders.s3_home), took)
        facts = {
            "removed": removed,
            "found_afterwards": left,
            "took_seconds": took,
            "left_with_the_provider": 0
            if provider_bucket
            else len(found.provider_keys),
        }
        return self._receipt(stone, began, facts)

    def _timed(
        self, words: str, step: Callable[[], Done], took: dict[str, float]
    ) -> Done:
        self.say(words)
        started = datetime.now(UTC)
        done = step()
        took[words] = _since(started)
        return done

    def _steps(
        self, found: Found, values: set[str], uids: set[str], *, provider_bucket: bool
    ) -> Iterator[tuple[str, Callable[[], dict[str, int]]]]:
        raw = RawErasure(self.ledger, self._tables)
        stage = StageErasure(self.stage, self.pseudonyms)
        if provider_bucket:
            yield "the provider's files", lambda: self._provider(found)
        yield "files", lambda: raw.objects(found)
        yield "raw tables", lambda: raw.rows(found, partial(_take, values, uids))
        yield "persons", lambda: {"persons_rows": self.forget_person(found.identity)}
        yield "JPEGs", lambda: stage.images(found)
        yield "folders", lambda: self._folders(found)
        yield "databases", lambda: self._databases(found)
        raw.forget_builds(found)
        yield "ledger", lambda: raw.ledgers(found)

    def _entombed(self, identity: str, found: Found) -> Tombstone:
        stone = self._erased.of(identity).grown(
            (instance_token(self.pseudonyms, sop) for sop in found.sop_uids),
            found.arrivals,
        )
        self._erased.put(stone)
        return stone

    def _folders(self, found: Found) -> dict[str, int]:
        """Delete empty folders, which the embedded store keeps with their names."""
        if self.is_embedded:
            raw, provider = self.ledger.bucket.name, self.provider.name
            sops = map(self.pseudonyms.uid, found.sop_uids)
            keys = (
                *(f"{raw}/{key}" for key in found.raw_keys),
                *(f"{provider}/{key}" for key in found.provider_keys),
                *(f"{self.stage.name}/{image_folder(sop)}/jpeg" for sop in sops),
            )
            drop_empty_folders(self.folders.s3_home, keys)
        return {}

    def _left(self, found: Found, values: set[str]) -> dict[str, int]:
        """Look for him everywhere: 0 places are as it should be."""
        scan = RawScan(self._tables, found, values)
        who = self._pseudonymous(found)
        hits = scan.hits()
        hits |= StageErasure(self.stage, self.pseudonyms).hits(found)
        for file in self._files():
            if is_duckdb(file) and (rows := rows_of(file, who)):
                hits[f"{file.name} rows"] = rows
        sought = {*scan.sought, who.patient_key, *found.study_uids}
        # In the store's own files the provider's may lie.
        beside = (self.folders.s3_home, self._receipts)
        return hits | byte_hits(self._home, beside, sought)

    def _provider(self, found: Found) -> dict[str, int]:
        keys = found.provider_keys
        gone = purge_all(self.provider, sorted(keys), keys.__contains__)
        return {"provider_object_versions": gone}

    def _databases(self, found: Found) -> dict[str, int]:
        """Clean every database below the home folder, one after the other."""
        who = self._pseudonymous(found)
        counts: dict[str, int] = {}
        with self.writer():
            for file in self._files():
                clean = clean_duckdb if is_duckdb(file) else clean_sqlite
                name = file.relative_to(self._home).as_posix()
                counts[f"{name} rows"] = clean(file, who)
        return counts

    def _pseudonymous(self, found: Found) -> Pseudonymous:
        return Pseudonymous(
            self.pseudonyms.patient_key(found.identity),
            frozenset(map(self.pseudonyms.uid, found.sop_uids)),
            frozenset(map(self.pseudonyms.device_key, self._orphans(found))),
        )

    def _orphans(self, found: Found) -> set[str]:
        """Devices of his of which no row is left in raw."""
        left = set(found.devices)
        schema = DEVICES.schema
        alone = schema.empty_table().select(["device_identity"]).schema
        for item in self._tables.files.listed(table_prefix(DEVICES.name)):
            if not left:
                break
            rows = read_columns(self.ledger.bucket, item, alone)
            left -= set(pc.unique(rows["device_identity"]).to_pylist())
        return left

    def _receipt(self, stone: Tombstone, began: datetime, facts: Facts) -> Facts:
        key = self.pseudonyms
        said: Facts = {
            "token": stone.patient,
            "began": began.isoformat(),
            "ended": datetime.now(UTC).isoformat(),
            "seconds": _since(began),
            **facts,
            "key_version": key.key_version,
            "key_check_value": key.check_value,
        }
        name = f"{stone.patient}-{began:%Y%m%dT%H%M%S%f}.json"
        return write_receipt(said, self.ledger.bucket, self._receipts / name)

    def _files(self) -> list[Path]:
        """Databases of ours: Dagster's hold nothing personal and are in use."""
        of = self.folders
        return databases_below(self._home, (of.s3_home, of.dagster_home, of.spool))

    @property
    def _home(self) -> Path:
        return self.folders.home.resolve()

    @property
    def _receipts(self) -> Path:
        return self._home / "erasures"

    def _find(self, identity: str) -> Found:
        return self._finder.find(identity, self._erased.of(identity))

    @property
    def _finder(self) -> Finder:
        return Finder(self.ledger, self._tables)

    @property
    def _erased(self) -> Erased:
        return Erased(self.ledger.bucket, self.pseudonyms)

    @property
    def _tables(self) -> RawTables:
        return RawTables(self.ledger.bucket)


def _since(began: datetime) -> float:
    return round((datetime.now(UTC) - began).total_seconds(), 3)


def _take(values: set[str], uids: set[str], rows: pa.Table) -> None:
    """Remember what headers call their patient."""
    for text in pc.unique(rows["header"]).to_pylist():
        values |= own_values(header := json.loads(text))
        uids |= uids_in(header)
