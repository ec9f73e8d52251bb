"""What the headers of a batch have that no earlier batch had."""

import math
import re
from dataclasses import dataclass

import pyarrow as pa

from dicom_pipeline.dicom.nested.keys import (
    is_known_creator,
    parts_of,
    spelled,
    vm_of,
)
from dicom_pipeline.dicom.nested.seen import OVERLOOKED

_VM = re.compile(r"(?:\d+-)?(\d*)(n?)")


@dataclass(frozen=True)
class News:
    """Places by their path; a path may have a private creator, which is as sent.

    Attributes:
        paths: Elements at a place where there was none.
        vrs: Path and VR, where the place had other VRs only.
        vms: Elements with more values than the dictionary allows.
    """

    paths: tuple[str, ...]
    vrs: tuple[tuple[str, str], ...]
    vms: tuple[str, ...]

    @property
    def any(self) -> bool:
        """Whether there is something new."""
        return bool(self.paths or self.vrs or self.vms)


def news_of(before: pa.Table, added: pa.Table) -> News:
    """Hold what was added against what was known.

    Args:
        before: Rows of ``header_schemas``, merged.
        added: Rows of ``header_schemas``, merged.
    """
    known, new = _pairs(before), _pairs(added)
    known_paths = {path for path, _ in known}
    return News(
        paths=tuple(sorted({path for path, _ in new} - known_paths)),
        vrs=tuple(sorted(p for p in new - known if p[0] in known_paths)),
        vms=tuple(sorted(_above(added) - _above(before))),
    )


def words_of_path(path: str) -> str | None:
    """Say where a path leads, by what nobody has typed into a file.

    Returns:
        Keywords, tags, and private creators that pydicom knows; ``None`` where the
        path has another creator, which may be anything.
    """
    keys = path.split("/")
    private = [parts for key in keys if (parts := parts_of(key))]
    if any(creator and not is_known_creator(creator) for _, creator, _ in private):
        return None
    return ".".join(map(spelled, keys))


def vm_limit(said: str) -> float:
    """Return the most values that a VM such as ``1``, ``1-3`` or ``2-2n`` allows.

    Returns:
        Infinity where there is no limit or nothing is said.

    DICOM:
        PS3.5 6.4 Value Multiplicity.
    """
    limits = [_VM.fullmatch(choice) for choice in said.split(" or ")]
    return max(_limit(match) for match in limits)


def _limit(match: re.Match[str] | None) -> float:
    if match is None or match[2] or not match[1]:
        return math.inf
    return int(match[1])


def _pairs(table: pa.Table) -> set[tuple[str, str]]:
    paths, vrs = table["path"].to_pylist(), table["vr"].to_pylist()
    nowhere = {"", OVERLOOKED}
    return {pair for pair in zip(paths, vrs, strict=True) if pair[0] not in nowhere}


def _above(table: pa.Table) -> set[str]:
    """Paths with more values than allowed; the items of a sequence are not values."""
    rows = table.select(["path", "vr", "vm_max"]).to_pylist()
    return {
        row["path"]
        for row in rows
        if row["vm_max"] > 1  # never of the header itself, nor of what was overlooked
        and row["vr"] != "SQ"
        and row["vm_max"] > vm_limit(vm_of(row["path"].rsplit("/", 1)[-1]))
    }
