"""Where a vault lies: a bucket or a folder; no error of it quotes a key or a body."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, ObjectStore, S3Store

from dicom_pipeline.deid.vault import VaultError

KEY, READS = "key", "reads/"
_SLOTS = "slots/"


class VaultStoreError(VaultError):
    """The store of the vault fails."""


@dataclass(frozen=True)
class VaultStore:
    """The objects of one vault.

    Attributes:
        store: A bucket's prefix, a folder, or memory.
    """

    store: ObjectStore

    def slots(self, after: int = 0) -> Iterator[tuple[str, int]]:
        """Name and bytes of each slot behind a number, in order."""
        return self.listed(_SLOTS, slot(after) if after else None)

    def listed(
        self, prefix: str, after: str | None = None
    ) -> Iterator[tuple[str, int]]:
        """Name and bytes of each object below a prefix."""
        try:
            pages = list(obstore.list(self.store, prefix, offset=after))
        except BaseError:
            raise VaultStoreError("the vault cannot be listed") from None
        # A folder lists in any order.
        yield from sorted(
            (item["path"], item["size"]) for page in pages for item in page
        )

    def read(self, name: str) -> bytes:
        """Return an object.

        Raises:
            FileNotFoundError: There is none.
            VaultStoreError: The store fails.
        """
        try:
            return bytes(obstore.get(self.store, name).bytes())
        except BaseError:
            raise VaultStoreError("the vault cannot be read") from None

    def write(self, name: str, body: bytes) -> None:
        """Put an object, replacing what was there."""
        try:
            obstore.put(self.store, name, body)
        except BaseError:
            raise VaultStoreError("the vault cannot be written") from None

    def create(self, name: str, body: bytes) -> bool:
        """Put an object where none is; otherwise say no."""
        try:
            obstore.put(self.store, name, body, mode="create")
        except AlreadyExistsError:
            return False
        except BaseError:
            raise VaultStoreError("the vault cannot be written") from None
        return True


def slot(number: int) -> str:
    """Name of a slot."""
    return f"{_SLOTS}{number:010d}"


def number_of(name: str) -> int:
    """Read the number back."""
    return int(name.removeprefix(_SLOTS))


def vault_store(address: str, environment: Mapping[str, str]) -> ObjectStore:
    """Return the store of a vault.

    Args:
        address: ``s3://bucket/prefix`` or a folder.
        environment: ``AWS_`` variables by which the bucket is reached.

    Raises:
        VaultStoreError: There is no address.
    """
    if not address:
        raise VaultStoreError("profile safe_harbor needs DICOM_PIPELINE_VAULT")
    place = urlsplit(address)
    if place.scheme != "s3":
        return LocalStore(address, mkdir=True)
    endpoint = environment.get("AWS_ENDPOINT_URL", "")
    known = ("AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    wanted = (*known, "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL")
    reached = {
        name.lower(): environment[name] for name in wanted if name in environment
    }
    return S3Store(
        place.netloc,
        prefix=place.path.strip("/"),
        config=reached,  # type: ignore[arg-type]
        virtual_hosted_style_request=not endpoint,
        client_options={"allow_http": endpoint.startswith("http://")},
    )
