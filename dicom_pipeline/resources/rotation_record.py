"""What the raw zone remembers of keys: versions, addresses, check values; never a key.

A key that is wrong fails nothing by itself: it gives every patient a second life. So
the first file names the zone with its key, and every change of it is a rotation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dicom_pipeline.deid.keys import KeyUnavailableError
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.deid.rotation import Mode
from dicom_pipeline.resources.bucket import Bucket, BucketError
from dicom_pipeline.resources.tables import State

_KEYS, _CHECKS = "deid_keys", "deid_key_checks"
CUSTODY = "docs/keys.md"


class KeyRefusedError(BucketError, KeyUnavailableError):
    """There is no key, or not the right one; says what to do, and nothing of it."""


@dataclass(frozen=True)
class KeyLink:
    """One version of the key.

    Attributes:
        version: Its number.
        mode: How it took over.
        check_value: Of it and of the keys whose names it renames.
        own_check_value: Of it alone; empty where it was not remembered.
        uri: Where it was at that time.
    """

    version: int
    mode: Mode
    check_value: str
    own_check_value: str = ""
    uri: str = ""

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> "KeyLink":
        """Return it from JSON."""
        return cls(**{**said, "mode": Mode(said["mode"])})


@dataclass(frozen=True)
class KeyRecord:
    """Every version of the key, oldest first, and the rotation that is under way.

    Attributes:
        links: The versions.
        coming: The version that a rotation goes to.
        batches: Batch tokens of the JPEG tables that were there when it began.
        is_published: Whether the snapshot was of that time's tables.
    """

    links: tuple[KeyLink, ...] = ()
    coming: KeyLink | None = None
    batches: tuple[str, ...] = ()
    is_published: bool = False

    @classmethod
    def of(cls, raw: Bucket) -> "KeyRecord":
        """Read it; what was remembered before there were rotations counts too."""
        state = State(raw)
        said = state.get(_KEYS)
        if not said:
            known = sorted((int(v), c) for v, c in state.get(_CHECKS).items())
            modes = [Mode.FIRST, *[Mode.REDERIVE] * len(known)]
            return cls(
                tuple(
                    KeyLink(version, mode, value)
                    for mode, (version, value) in zip(modes, known, strict=False)
                )
            )
        coming = said.get("coming")
        return cls(
            tuple(map(KeyLink.read, said["links"])),
            KeyLink.read(coming) if coming else None,
            tuple(said["batches"]),
            said["is_published"],
        )

    def put(self, raw: Bucket) -> None:
        """Remember it."""
        State(raw).put(
            _KEYS,
            {
                "links": [asdict(link) for link in self.links],
                "coming": asdict(self.coming) if self.coming else None,
                "batches": list(self.batches),
                "is_published": self.is_published,
            },
        )

    @property
    def modes(self) -> list[Mode]:
        """How each version took over, oldest first."""
        return [link.mode for link in self.links]


def hold_key(raw: Bucket, pseudonyms: Pseudonyms, uris: Sequence[str] = ()) -> None:
    """Let a raw zone be named with the keys that it remembers, and no other.

    Args:
        raw: The raw bucket.
        pseudonyms: Of the keys that are set.
        uris: Where they are, oldest first; remembered, so that one that is missing
            can be found.

    Raises:
        KeyRefusedError: The keys are others, or a rotation is due or half done.
    """
    record = KeyRecord.of(raw)
    if not record.links:
        KeyRecord(_first(pseudonyms, uris)).put(raw)
        return
    newest = record.links[-1]
    if record.coming:
        raise KeyRefusedError(
            f"a rotation to key version {record.coming.version} was begun and not"
            " ended: run `dicom-pipeline deid rotate-key` again, with the keys that it"
            f" was begun with ({CUSTODY})"
        )
    if pseudonyms.key_version > newest.version:
        raise KeyRefusedError(
            f"this raw zone is named by key version {newest.version}: run"
            " `dicom-pipeline deid rotate-key`, or set DICOM_PIPELINE_KEY_VERSION and"
            f" DICOM_PIPELINE_KEY_URI back ({CUSTODY})"
        )
    if pseudonyms.key_version < newest.version:
        raise KeyRefusedError(
            f"this raw zone has been rotated to key version {newest.version}: set"
            f" DICOM_PIPELINE_KEY_VERSION={newest.version}, and the addresses as"
            f" `rotate-key` has said ({CUSTODY}); restart what runs"
        )
    check_chain(record.links, pseudonyms)


def check_chain(links: Sequence[KeyLink], pseudonyms: Pseudonyms) -> None:
    """Stop unless these keys are the remembered ones, in their order and roles.

    Raises:
        KeyRefusedError: One is missing or another; says which, and where it was.
    """
    own = pseudonyms.own_check_values
    if len(own) != len(links):
        raise KeyRefusedError(
            f"{len(own) - 1} earlier keys are set, and this raw zone has had"
            f" {len(links) - 1}: name each once, oldest first, in"
            " DICOM_PIPELINE_RETIRED_KEY_URIS (before a re-derivation) and"
            f" DICOM_PIPELINE_PREVIOUS_KEY_URIS (since then); {_where(links[:-1])}"
        )
    for link, value in zip(links[:-1], own, strict=False):
        if link.own_check_value not in {value, ""}:
            raise KeyRefusedError(
                f"the key that is set for version {link.version} is not the one that"
                f" it had: {_where([link])}; see {CUSTODY}"
            )
    newest = links[-1]
    if newest.own_check_value not in {own[-1], ""}:
        raise _wrong(newest)
    if newest.check_value != pseudonyms.check_value:
        if len(links) == 1:
            raise _wrong(newest)
        raise KeyRefusedError(
            "the earlier keys are the right ones in the wrong setting: those before"
            " the last re-derivation belong into DICOM_PIPELINE_RETIRED_KEY_URIS,"
            f" those since into DICOM_PIPELINE_PREVIOUS_KEY_URIS ({CUSTODY})"
        )


def _wrong(link: KeyLink) -> KeyRefusedError:
    version = link.version
    return KeyRefusedError(
        f"this is not the key of version {version}: set DICOM_PIPELINE_KEY_URI back to"
        f" it ({_where([link])}), or, if the key is meant to change, rotate it: a new"
        " key under the next DICOM_PIPELINE_KEY_VERSION, and `dicom-pipeline deid"
        f" rotate-key` ({CUSTODY})"
    )


def _where(links: Sequence[KeyLink]) -> str:
    said = [f"version {k.version} was at {k.uri}" for k in links if k.uri]
    return ", ".join(said) or "their addresses were not remembered"


def _first(pseudonyms: Pseudonyms, uris: Sequence[str]) -> tuple[KeyLink, ...]:
    """Links of a zone that begins, or that lost what it remembered."""
    own = pseudonyms.own_check_values
    if len(own) > 1:
        raise KeyRefusedError(
            "earlier keys are set, and this raw zone has had none: leave"
            " DICOM_PIPELINE_PREVIOUS_KEY_URIS and DICOM_PIPELINE_RETIRED_KEY_URIS"
            f" empty, or restore state/{_KEYS}.json of the raw bucket ({CUSTODY})"
        )
    uri = uris[-1] if uris else ""
    version = pseudonyms.key_version
    return (KeyLink(version, Mode.FIRST, pseudonyms.check_value, own[0], uri),)
