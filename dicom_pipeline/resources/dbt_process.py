"""dbt itself, in this process. Importing it takes a second: only a build does."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest


def invoke(words: Sequence[str], packed: Path | None) -> Any:  # noqa: ANN401
    """Run one command of dbt and return what it says.

    Args:
        words: Command and options.
        packed: A manifest that dbt has parsed before; ``None``: it parses. Read anew
            for each build, since a build leaves its marks in it: of an ephemeral model
            that was compiled once, no other build has the text.
    """
    manifest = Manifest.from_msgpack(packed.read_bytes()) if packed else None
    given = sys.argv
    # dbt logs the arguments of its process: ours may name a folder after a patient.
    sys.argv = ["dbt", *words]
    try:
        return dbtRunner(manifest=manifest).invoke(list(words))
    finally:
        sys.argv = given
        # Without this the process keeps the warehouse locked (measured).
        close: Callable[[], None] = DuckDBConnectionManager.close_all_connections
        close()
