"""SQL over Arrow tables in memory, and answers that are kept while those stay."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

_ALONE: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "threads": 1,  # each has hash tables of its own
}

Answer = TypeVar("Answer")


def ask(sql: str, **tables: pa.Table) -> list[tuple[Any, ...]]:
    """Return the rows of a query over ``tables``; nothing else is in its reach."""
    with _opened(tables) as connection:
        return connection.execute(sql).fetchall()


def choose(sql: str, **tables: pa.Table) -> pa.Table:
    """Return the answer of a query over ``tables`` as a table."""
    with _opened(tables) as connection:
        return connection.execute(sql).to_arrow_table()


def _opened(tables: dict[str, pa.Table]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config=_ALONE)
    for name, table in tables.items():
        connection.register(name, table)
    return connection


@dataclass
class Kept:
    """Answers by name, each kept for as long as its table is the same object."""

    _answers: dict[str, tuple[pa.Table, Any]] = field(default_factory=dict)
    _parts: dict[str, dict[int, tuple[pa.Table, Any]]] = field(default_factory=dict)

    def of(
        self, name: str, table: pa.Table, compute: Callable[[pa.Table], Answer]
    ) -> Answer:
        """Return ``compute(table)``, computed once per table."""
        known = self._answers.get(name)
        if known is None or known[0] is not table:
            known = self._answers[name] = (table, compute(table))
        answer: Answer = known[1]
        return answer

    def each(
        self, name: str, parts: list[pa.Table], compute: Callable[[pa.Table], Answer]
    ) -> list[Answer]:
        """Return ``compute`` of each part, computed once per part."""
        known = self._parts.get(name, {})
        found = {
            id(part): known.get(id(part)) or (part, compute(part)) for part in parts
        }
        self._parts[name] = found  # holds the parts, so that no id is used again
        return [found[id(part)][1] for part in parts]
