"""Where an installation keeps things: its store, its buckets, its key.

Shared by the command line and by Dagster; knows neither.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import Self

from dicom_pipeline.catalog import MAPPED
from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.deid.keys import create_key_file
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.layout import VAULT_PREFIX
from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.key_sources import KeyAddresses
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.local_s3 import LocalS3
from dicom_pipeline.resources.months import hold_grain
from dicom_pipeline.resources.rotation_record import hold_key
from dicom_pipeline.resources.store import Store
from dicom_pipeline.resources.tables import RawTables
from dicom_pipeline.resources.vault import Vault, surrogates_of, vault_of
from dicom_pipeline.resources.vault_store import vault_store
from dicom_pipeline.settings import Settings, StoreKind


class Zones:
    """The zones of one installation and the key that parts them."""

    def __init__(self, settings: Settings) -> None:
        """Keep the settings; nothing is opened yet."""
        self.settings = settings

    @contextmanager
    def open(self) -> Iterator[Self]:
        """Have a store that answers, with its buckets and an empty batch per table."""
        with self.local_s3.running() if self.is_embedded else nullcontext():
            self._prepare()
            yield self

    def _prepare(self) -> None:
        self.settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.is_embedded:
            for bucket in (self.provider, self.raw, self.stage):
                bucket.create()
        key_file = Path(self.settings.key.removeprefix("file://"))
        if not self.settings.key_uri and not key_file.exists():
            create_key_file(key_file)
        hold_grain(self.ledger, self.settings.grain)
        self._hold_key()
        self.tables.make_room((*MAPPED, HEADERS))

    def _hold_key(self) -> None:
        hold_key(self.raw, self.pseudonyms, self.key_addresses.all)

    @property
    def is_embedded(self) -> bool:
        """Whether the store is the one under the home folder."""
        return self.settings.store is StoreKind.EMBEDDED

    @cached_property
    def local_s3(self) -> LocalS3:
        """The embedded server."""
        return LocalS3(self.settings.s3_home)

    @cached_property
    def store(self) -> Store:
        """The object store that is in use."""
        if self.is_embedded:
            return self.local_s3.store
        return Store(endpoint=self.settings.s3_endpoint, region=self.settings.s3_region)

    @cached_property
    def provider(self) -> Bucket:
        """Where the provider uploads; only ``push`` writes to it."""
        return Bucket(self.settings.provider_bucket, self.store)

    @cached_property
    def raw(self) -> Bucket:
        """The identified zone."""
        return Bucket(self.settings.raw_bucket, self.store)

    @cached_property
    def stage(self) -> Bucket:
        """The pseudonymous zone."""
        return Bucket(self.settings.stage_bucket, self.store)

    @cached_property
    def ledger(self) -> Ledger:
        """What was seen and what became of it."""
        return Ledger(self.raw)

    @cached_property
    def tables(self) -> RawTables:
        """The raw tables."""
        return RawTables(self.raw)

    @cached_property
    def pseudonyms(self) -> Pseudonyms:
        """Names for everything that leaves the raw zone."""
        if self.settings.profile.draws_names:
            return surrogates_of(self.key_addresses, self.vault)
        return self.key_addresses.pseudonyms()

    @property
    def vault_address(self) -> str:
        """Where the vault of random names is, in a profile that has one."""
        draws = self.settings.profile.draws_names
        return f"s3://{self.raw.name}/{VAULT_PREFIX}" if draws else ""

    @cached_property
    def vault(self) -> Vault:
        """The vault, whatever the profile: an earlier one may have filled it."""
        address = f"s3://{self.raw.name}/{VAULT_PREFIX}"
        place = vault_store(address, self.store.environment())
        return vault_of(self.key_addresses, place)

    @property
    def key_addresses(self) -> KeyAddresses:
        """Where the keys are."""
        settings = self.settings
        return KeyAddresses(
            settings.key,
            settings.key_version,
            tuple(settings.previous_key_uris.split()),
            tuple(settings.retired_key_uris.split()),
        )
