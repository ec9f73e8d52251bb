"""Which keys were in use before a rotation: the settings, held against raw."""

from collections.abc import Sequence
from dataclasses import replace

from dicom_pipeline.deid.rotation import Mode
from dicom_pipeline.resources.key_sources import KeyAddresses
from dicom_pipeline.resources.rotation_record import (
    CUSTODY,
    KeyLink,
    KeyRecord,
    KeyRefusedError,
)


def addresses_before(record: KeyRecord, now: KeyAddresses, mode: Mode) -> KeyAddresses:
    """Return where the keys were that the raw zone is named by.

    Args:
        record: What the raw zone remembers.
        now: What is set: the new key and the earlier ones.
        mode: How the new key is to take over.

    Raises:
        KeyRefusedError: The settings are not those of this rotation; says which are.
    """
    if not record.links:
        raise KeyRefusedError(
            "no file was ever loaded: there are no names to rotate. Set"
            " DICOM_PIPELINE_KEY_URI alone"
        )
    links = record.links
    earlier = (*now.retired, *now.previous)
    expected = settings_after(links, mode, now)
    if len(earlier) != len(links):
        raise KeyRefusedError(f"{len(earlier)} earlier keys are set; {_set(expected)}")
    if (now.retired, now.previous) != (
        earlier[: len(expected.retired)],
        earlier[len(expected.retired) :],
    ):
        raise KeyRefusedError(f"for --mode {mode}: {_set(expected)}")
    start = _made_anew([link.mode for link in links])
    return KeyAddresses(
        key=earlier[-1],
        version=links[-1].version,
        previous=earlier[start:-1],
        retired=earlier[:start],
    )


def settings_after(
    links: Sequence[KeyLink], mode: Mode, now: KeyAddresses
) -> KeyAddresses:
    """Return what is to be set for a rotation, and stays set after it."""
    known = tuple(link.uri or f"<key-of-version-{link.version}>" for link in links)
    if mode is Mode.REDERIVE:
        return replace(now, previous=(), retired=known)
    start = _made_anew([link.mode for link in links])
    return replace(now, previous=known[start:], retired=known[:start])


def _made_anew(modes: Sequence[Mode]) -> int:
    return max(i for i, mode in enumerate(modes) if mode is not Mode.CHAINED)


def _set(expected: KeyAddresses) -> str:
    return (
        f"set DICOM_PIPELINE_PREVIOUS_KEY_URIS='{' '.join(expected.previous)}' and"
        f" DICOM_PIPELINE_RETIRED_KEY_URIS='{' '.join(expected.retired)}'"
        f" ({CUSTODY})"
    )
