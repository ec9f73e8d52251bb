"""What the published tables and columns mean, read from the build's own rules.

The mapping that made a warehouse lies in it as a seed, so the words are those of the
rules that ran, not of the rules of today.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Final

import duckdb

from dicom_pipeline.catalog import ENTITIES
from dicom_pipeline.catalog.compressed_images import COMPRESSED_IMAGES
from dicom_pipeline.deid.rules import Rule
from dicom_pipeline.deid.stage import StageColumn, passed_columns, stage_columns
from dicom_pipeline.publish.dbt_models import KEY, MODELS, processed_columns

PROCESSED: Final = "processed"
DICTIONARY: Final = "data_dictionary"
_MAPPING: Final = "anonymization_mapping"

Descriptions = Mapping[tuple[str, str], str]


def grain_of(table: str) -> str:
    """What one row of a published table is; empty for a table of no model."""
    return next((model.about for model in MODELS if model.name == table), "")


def key_of(table: str) -> str:
    """The column that tells the rows of a published table apart; empty: none known."""
    model = next((model for model in MODELS if model.name == table), None)
    tests = model.tests if model is not None else {}
    return next((column for column, asked in tests.items() if asked == KEY), "")


def descriptions(connection: duckdb.DuckDBPyConnection, database: str) -> Descriptions:
    """Describe columns by ``(table, column)``; empty where the rules are unknown.

    Args:
        connection: With the warehouse attached.
        database: Name that it is attached under.
    """
    rules = _rules(connection, database)
    return {
        (table, column.name): column.description
        for table, columns in _processed(rules).items()
        for column in columns
    }


def _processed(rules: Sequence[Rule]) -> Mapping[str, Sequence[StageColumn]]:
    try:
        stage = {f"stg_{table.name}": stage_columns(table, rules) for table in ENTITIES}
    except KeyError:  # built with the rules of another version
        return {}
    stage["stg_compressed_images"] = passed_columns(COMPRESSED_IMAGES)
    return processed_columns(stage)


def _rules(connection: duckdb.DuckDBPyConnection, database: str) -> list[Rule]:
    schema = connection.execute(
        "select schema_name from duckdb_tables()"
        " where database_name = ? and table_name = ?",
        [database, _MAPPING],
    ).fetchone()
    if schema is None:
        return []
    names = [field.name for field in fields(Rule)]
    rows = connection.execute(
        f'select {", ".join(names)} from "{database}"."{schema[0]}".{_MAPPING}'  # noqa: S608
    ).fetchall()
    return [Rule(*(cell or "" for cell in row)) for row in rows]
