"""A release as a whole: its folder, its manifest, and what raw remembers of it."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dicom_pipeline.publish.release import Release, ReleaseError
from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.store import CONCURRENCY
from dicom_pipeline.resources.tables import State

Facts = dict[str, Any]

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Releasing:
    """Releases to one recipient, remembered in the raw zone.

    Attributes:
        recipient: His name.
        release: The tables.
        raw: The raw bucket.
        stage: Bucket of the JPEGs.
    """

    recipient: str
    release: Release
    raw: Bucket
    stage: Bucket

    def run(self, folder: Path, *, new_history: bool = False) -> Facts:
        """Write a release into a folder that is not there yet; return its manifest.

        Args:
            folder: Of the release; whole or not there.
            new_history: Begin anew where the names of the stage layer have changed.

        Raises:
            ReleaseError: The folder is there, or his names would not be those that he
                has had.
        """
        if folder.exists():
            raise ReleaseError("the folder is there already: name another one")
        known = self._history(new_history=new_history)
        beside = folder.with_name(f".{folder.name}.unfinished")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        said = self._manifest(self.release.write(beside), len(known))
        if self.release.jpegs:
            said["jpegs"] = self._jpegs(beside)
        body = json.dumps(said, indent=2).encode()
        (beside / MANIFEST).write_bytes(body)
        self._remember(known, said, hashlib.sha256(body).hexdigest())
        beside.rename(folder)
        return said

    def _manifest(self, tables: Mapping[str, Facts], earlier: int) -> Facts:
        rows = tables.values()
        return {
            "recipient": self.recipient,
            "number": earlier + 1,
            "made_on": f"{datetime.now(UTC):%Y-%m-%d}",
            "key_check_value": self.release.by.new.check_value,
            "key_version": self.release.by.old.key_version,
            "deid_profile": _all(rows, "deid_profile"),
            "deid_rules_sha256": _all(rows, "deid_rules_sha256"),
            "tables": dict(tables),
            "left_out": dict(self.release.left_out),
            "version": version("dicom-pipeline"),
        }

    def _jpegs(self, folder: Path) -> int:
        def fetch(pair: tuple[str, str]) -> None:
            file = folder / pair[0]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(self.stage.read(pair[1]))

        named = self.release.jpegs_by_name()
        with ThreadPoolExecutor(CONCURRENCY) as pool:
            list(pool.map(fetch, named.items()))
        return len(named)

    def _history(self, *, new_history: bool) -> list[Facts]:
        """Earlier releases to him, once it is sure that this one continues them."""
        earlier: list[Facts] = State(self.raw).get(self._name).get("releases", [])
        if not earlier or new_history:
            return earlier
        last, by = earlier[-1], self.release.by
        if last["key_check_value"] != by.new.check_value:
            raise ReleaseError(
                "the release key is not the one of the earlier releases to this"
                " recipient: set DICOM_PIPELINE_RELEASE_KEY_URI back, or say"
                " --new-history; he then cannot join this release with those"
            )
        if last["stage_check_value"] != by.old.check_value:
            raise ReleaseError(
                "the key of the stage layer was rotated since the last release to this"
                " recipient, so his names would change: say --new-history, and tell him"
            )
        return earlier

    def _remember(self, known: list[Facts], said: Facts, digest: str) -> None:
        line = {
            "number": said["number"],
            "made_on": said["made_on"],
            "key_check_value": said["key_check_value"],
            "stage_check_value": self.release.by.old.check_value,
            "rows": {table: facts["rows"] for table, facts in said["tables"].items()},
            "jpegs": said.get("jpegs", 0),
            "manifest_sha256": digest,
        }
        State(self.raw).put(self._name, {"releases": [*known, line]})

    @property
    def _name(self) -> str:
        return f"releases/{self.recipient}"


def _all(tables: Any, name: str) -> list[str]:  # noqa: ANN401  # values of facts
    return sorted({value for facts in tables for value in facts.get(name, ())})
