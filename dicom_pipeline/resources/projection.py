"""The entity tables of a month, made of its headers; no DICOM file is read.

What a month's tables were made with is remembered as a digest of their columns. Another
digest means that a column came, went or is read otherwise: the month is made again.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from dicom_pipeline.catalog import ENTITIES
from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.catalog.table import Table
from dicom_pipeline.dicom.rows import PROJECTION_VERSION, entity_tables
from dicom_pipeline.layout import table_prefix
from dicom_pipeline.resources.batches import is_compacted
from dicom_pipeline.resources.tables import RawTables, State

_PROJECTED = "projected"


def columns_digest(tables: Sequence[Table]) -> str:
    """Digest of what the columns of these tables are and how they are read."""
    words = [
        f"{table.name} {c.name} {c.type} {c.tag} {c.reading}"
        for table in tables
        for c in table.columns
    ]
    text = "\n".join([PROJECTION_VERSION, *words])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Projection:
    """Entity tables beside the headers that they are made of.

    Attributes:
        tables: Both.
    """

    tables: RawTables

    @cached_property
    def made_with(self) -> str:
        """Digest of the columns of today."""
        return columns_digest(ENTITIES)

    def project(self, month: str, batches: Sequence[str]) -> Counter[str]:
        """Make the entity tables of those batches that have none with these columns.

        A batch's last table is written last: one that has it has everything. What the
        month was made with is remembered after its last batch, so a run that dies is
        done again.

        Returns:
            Rows per table that were written now.
        """
        rows: Counter[str] = Counter()
        as_before = self._remembered().get(month) == self.made_with
        done = self.tables.batches(ENTITIES[-1], month) if as_before else set()
        for batch in batches:
            if batch not in done:
                rows += self._project(month, batch)
        if not as_before:
            self._drop_compacted(month)
            self._state.put(_PROJECTED, {**self._remembered(), month: self.made_with})
        return rows

    def _project(self, month: str, batch: str) -> Counter[str]:
        made = entity_tables(self.tables.read(HEADERS, month, batch))
        for table in ENTITIES:
            self.tables.write(table, month, batch, made[table.name])
        return Counter({name: rows.num_rows for name, rows in made.items()})

    def _drop_compacted(self, month: str) -> None:
        """Delete the files that hold what now lies in a file of each batch again."""
        for table in ENTITIES:
            for item in self.tables.files.listed(table_prefix(table.name, month)):
                if is_compacted(item):
                    self.tables.bucket.delete(item.key)

    def _remembered(self) -> dict[str, str]:
        return self._state.get(_PROJECTED)

    @property
    def _state(self) -> State:
        return State(self.tables.bucket)
