"""Which months are due: what went in against what was built from it.

A record that something ran is not the thing itself, so nothing here asks Dagster. A
month is due when the batches that touch it, or the recipe, differ from those that its
stage tables were last built with.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.tables import State

_STAGED, _PROCESSED = "staged", "processed"


@dataclass(frozen=True)
class Months:
    """What each month's outputs were built from.

    Attributes:
        ledger: Knows what went in.
        recipe: Everything else that shapes the outputs: versions, rules, options.
    """

    ledger: Ledger
    recipe: str

    def digests(self, months: Iterable[str] | None = None) -> dict[str, str]:
        """Return what each month (or every one) would be built from now, digested."""
        batches = self.ledger.batches_that_touch()
        wanted = batches if months is None else months
        return {month: self._digest(batches.get(month, [])) for month in wanted}

    def due(self) -> dict[str, str]:
        """Months whose stage tables are missing or behind, with their digests."""
        built = self._built()
        return {
            month: digest
            for month, digest in self.digests().items()
            if built.get(month) != digest
        }

    def staged(self, digests: Mapping[str, str]) -> None:
        """Remember that these months' stage tables are built."""
        self._state.put(_STAGED, {**self._built(), **digests})

    def staged_digest(self) -> str:
        """Return what the processed tables would be built from now, digested."""
        return self._digest(f"{m}={d}" for m, d in sorted(self._built().items()))

    def processed(self, digest: str) -> None:
        """Remember that the processed tables are built."""
        self._state.put(_PROCESSED, {"digest": digest})

    def processed_is_behind(self) -> bool:
        """Whether a stage table is newer than the processed tables."""
        if not self._built():
            return False
        remembered = self._state.get(_PROCESSED).get("digest")
        return remembered != self.staged_digest()

    def _built(self) -> dict[str, str]:
        return self._state.get(_STAGED)

    def _digest(self, parts: Iterable[str]) -> str:
        text = "\n".join([self.recipe, *parts])
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def _state(self) -> State:
        return State(self.ledger.bucket)
