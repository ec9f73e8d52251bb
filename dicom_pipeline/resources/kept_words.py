"""How much of the descriptions in the raw tables crosses the line."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from dicom_pipeline.catalog import ENTITIES, PATIENTS
from dicom_pipeline.catalog.table import TEXT, Table
from dicom_pipeline.deid.kept_words import KeptWords
from dicom_pipeline.deid.rules import Rule
from dicom_pipeline.layout import table_prefix
from dicom_pipeline.resources.parquet_files import read_columns
from dicom_pipeline.resources.tables import RawTables

People = Mapping[str, set[str]]

_WHO = "patient_identity"
_NAMES = (
    *("patient_id", "patient_name", "other_patient_ids", "other_patient_names"),
    *("patient_birth_name", "patient_mother_birth_name", "responsible_person"),
    "name_to_use",
)
"""As in the macro ``keyed_rows``: what descriptions must not repeat."""


def kept_words(
    tables: RawTables, rules: Sequence[Rule], *, bare_numbers: bool = True
) -> list[KeptWords]:
    """Count, over every row of the raw tables, what ``text_terms`` leaves.

    Args:
        tables: Of the raw zone; one file of rows is in memory at a time.
        rules: The mapping.
        bare_numbers: Whether numbers without a unit are kept, as the profile says.
    """
    people = _people(tables)
    return [
        _counted(tables, table, rule, people, bare_numbers=bare_numbers)
        for table in ENTITIES
        for rule in rules
        if rule.table_name == table.name and rule.target_function == "text_terms"
    ]


def _people(tables: RawTables) -> People:
    """Every name and id of each patient, of all that raw says of him."""
    found: dict[str, set[str]] = defaultdict(set)
    for rows in _rows(tables, PATIENTS, [_WHO, *_NAMES]):
        for row in rows.to_pylist():
            found[row[_WHO]] |= {row[name] for name in _NAMES if row[name]}
    return found


def _counted(
    tables: RawTables, table: Table, rule: Rule, people: People, *, bare_numbers: bool
) -> KeptWords:
    found = KeptWords(table.name, rule.column_name)
    named = [c.name for c in table.columns if c.vr == "PN" and c.keyword]
    has_who = _WHO in {c.name for c in table.columns}
    by = [rule.column_name, *([_WHO] if has_who else []), *named]
    length = int(re.sub(r"\D", "", rule.target_type))
    for rows in _rows(tables, table, by):
        some = rows.filter(pc.not_equal(rows[rule.column_name], ""))
        for row in some.group_by(by).aggregate([([], "count_all")]).to_pylist():
            names = {row[name] for name in named if row[name]}
            known = people.get(row.get(_WHO, ""), set())
            found.add(
                row[rule.column_name],
                names | known,
                length,
                row["count_all"],
                bare_numbers=bare_numbers,
            )
    return found


def _rows(tables: RawTables, table: Table, columns: list[str]) -> Iterator[pa.Table]:
    schema = pa.schema([(name, TEXT) for name in columns])
    for item in tables.files.listed(table_prefix(table.name)):
        yield read_columns(tables.bucket, item, schema)
