"""The warehouse: where dbt builds, and the copy that people read."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Warehouse:
    """Two DuckDB files, one for the writer and one for everybody else.

    A DuckDB file that a writer has open refuses every other process, readers too, so
    nobody but the build opens ``path``.

    Attributes:
        path: Stage and processed schemas, written by the build.
        snapshot: Processed schema, replaced by rename.
    """

    path: Path
    snapshot: Path
