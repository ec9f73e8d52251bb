"""Which columns are left of a raw table once its rules have run."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dicom_pipeline.catalog.table import FLOAT, INTEGER, TEXT, TEXTS, Column, Table
from dicom_pipeline.deid.rules import Rule

LINEAGE = (
    ("batch_token", "varchar", "Keyed hash of the raw month; never in processed."),
    ("deid_profile", "varchar", "Privacy profile that the row was made under."),
    ("deid_rules_sha256", "varchar", "SHA-256 of the rules that made the row."),
    ("deid_key_version", "integer", "Version of the key that made the row."),
)
_HOW = {
    "surrogate_key": "keyed surrogate (safe_harbor: random)",
    "full_hash": "keyed hash (safe_harbor: null)",
    "anon_text": "ANON_TEXT where a value was",
    "uid_remap": "keyed UID (safe_harbor: random)",
    "date_shift": "moved by the patient's own whole weeks"
    " (limited: kept; safe_harbor: year)",
    "datetime_shift": "moved by the patient's own whole weeks"
    " (limited: kept; safe_harbor: year)",
    "year_only": "year (safe_harbor: null)",
    "keep_time": "time of day (safe_harbor: null)",
    "age_cap": "at most 090Y",
    "round_num": "rounded and bounded",
    "keep_num": "as a number; null if it is none",
    "keep_code": "code on the list; null off the list",
    "text_terms": "words of the imaging lexicon alone",
    "null_out": "always null",
    "set_const": "said by this pipeline",
}
_UNITS = {
    "_mm": "mm",
    "_ms": "ms",
    "_kg": "kg",
    "_deg": "degrees",
    "_t": "T",
    "_mas": "mAs",
    "_ma": "mA",
    "_bq": "Bq",
    "_m": "m",
    "_m2": "kg/m2",
}
_STORED = {FLOAT: "double", INTEGER: "bigint", TEXT: "varchar", TEXTS: "varchar[]"}
_KEYS = {
    "patient_key": "Surrogate of the patient; keyed, in safe_harbor random.",
    "device_key": "Surrogate of the device; keyed, in safe_harbor random.",
    "person_key": "Patient key of the oldest of the patients that are this person.",
}


@dataclass(frozen=True)
class StageColumn:
    """One column of a stage or processed model."""

    name: str
    data_type: str
    description: str


def stage_columns(table: Table, rules: Sequence[Rule]) -> tuple[StageColumn, ...]:
    """Columns of ``stg_<table>``, in the order of the model."""
    of_column = {r.column_name: r for r in rules if r.table_name == table.name}
    survivors = tuple(
        StageColumn(rule.stage_column, rule.target_type, _description(column, rule))
        for column in table.columns
        if (rule := of_column[column.name]).target_function != "drop"
    )
    return survivors + tuple(StageColumn(*column) for column in LINEAGE)


def passed_columns(table: Table) -> tuple[StageColumn, ...]:
    """Columns of a table that is pseudonymous already, as they are."""
    return tuple(StageColumn(c.name, _STORED[c.type], c.about) for c in table.columns)


def _description(column: Column, rule: Rule) -> str:
    if rule.stage_column in _KEYS:
        return _KEYS[rule.stage_column]
    unit = next(
        (u for end, u in _UNITS.items() if re.search(f"{end}$", column.name)), ""
    )
    how = _HOW[rule.target_function] + (f", {unit}" if unit else "")
    return f"{column.description.removesuffix('.')}; {how}."
