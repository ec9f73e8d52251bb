"""Renaming in SQL: functions for DuckDB, and what becomes of each column."""

import json
from collections.abc import Mapping
from functools import partial

import duckdb
import pyarrow as pa

from dicom_pipeline.deid.rotation import Held, Kind, Renaming
from dicom_pipeline.layout import image_folder
from dicom_pipeline.resources.arrow_functions import of_one, of_two

Connection = duckdb.DuckDBPyConnection
_PATIENT = "patient_key"
_DATES = frozenset({Kind.DATE, Kind.INSTANT})


class RenamingError(RuntimeError):
    """A table holds what cannot be renamed; names the column, never a value."""


def register_renaming(connection: Connection, renaming: Renaming) -> None:
    """Make the functions that ``renamed`` speaks of."""
    of_two(connection, "renamed_token", renaming.token)
    of_one(connection, "renamed_uid", renaming.uid)
    of_one(connection, "renamed_jpeg", partial(jpeg_key, renaming))
    of_one(connection, "days_earlier", renaming.days_earlier, pa.int32())


def jpeg_key(renaming: Renaming, key: str) -> str:
    """Return where a JPEG lies once its object has its new name."""
    folder, _, frame = key.rpartition("/")
    return f"{image_folder(renaming.uid(folder.rpartition('/')[2]))}/{frame}"


def renamed(columns: Mapping[str, str], held: Mapping[str, Held], version: int) -> str:
    """Return the select list that renames the rows of one table.

    Args:
        columns: Of the table, with their types; each must be in ``held``.
        held: What each of them holds.
        version: Of the new key.

    Raises:
        RenamingError: There is a date, and no patient whose shift it has.
    """
    what = {name: _typed(held[name], kind) for name, kind in columns.items()}
    for name, each in what.items():
        if each.kind in _DATES and _PATIENT not in columns:
            raise RenamingError(f"column {name} has a date and no patient")
    return ", ".join(
        f"{_of(name, each, version)} as {_quoted(name)}" for name, each in what.items()
    )


def _typed(held: Held, data_type: str) -> Held:
    """A date that the profile has made a year is no date."""
    is_day = data_type in {"DATE", "TIMESTAMP"}
    return Held(Kind.KEPT) if held.kind in _DATES and not is_day else held


def _of(name: str, held: Held, version: int) -> str:
    column = _quoted(name)
    moved = f"cast({column} - to_days(days_earlier({_quoted(_PATIENT)})) as "
    return {
        Kind.TOKEN: f"renamed_token('{held.domain}', {column})",
        Kind.UID: f"renamed_uid({column})",
        Kind.UIDS: f"list_transform({column}, lambda item : renamed_uid(item))",
        Kind.DATE: f"{moved}date)",
        Kind.INSTANT: f"{moved}timestamp)",
        Kind.JPEG: f"renamed_jpeg({column})",
        Kind.VERSION: f"cast({version} as integer)",
        Kind.KEPT: column,
    }[held.kind]


def _quoted(name: str) -> str:
    return json.dumps(name)
