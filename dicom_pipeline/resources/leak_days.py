"""Real days in shifted columns: compared row by row, for every day is somebody's."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from dicom_pipeline.deid.needles import Kind
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.resources.leak_scan import Searched

_STUDY = "study_instance_uid"


def real_days(
    warehouse: Path, days: Mapping[str, set[str]], pseudonyms: Pseudonyms
) -> Searched:
    """Count rows whose date is a real one of their own study.

    A shift is 52 weeks or more, so no date of a study may meet one of its real days.

    Args:
        warehouse: DuckDB file that nobody writes now.
        days: Real days of each study, by its real UID.
        pseudonyms: Names of the studies in the warehouse.
    """
    result = Searched("dates, row by row")
    real = _real(days, pseudonyms)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.register("real_days", real)
        for table, column in _columns(connection):
            rows, hits = connection.execute(
                f"select count(*), count(real_days.day) from {table} as t"  # noqa: S608
                f" left join real_days on t.{_STUDY} = real_days.study"
                f' and cast(t."{column}" as date) = real_days.day'
                f' where t."{column}" is not null'
            ).fetchone() or (0, 0)
            result.pieces += 1
            result.letters += rows
            if hits:
                place = f"{table.replace(chr(34), '')}.{column}"
                result.hits[place] = {Kind.DATE.value: hits}
    return result


def _real(days: Mapping[str, set[str]], pseudonyms: Pseudonyms) -> pa.Table:
    rows = []
    for study, spelled in days.items():
        name = pseudonyms.uid(study)
        for text in spelled:
            with suppress(ValueError):
                rows.append({"study": name, "day": date.fromisoformat(text)})
    shape = pa.schema([("study", pa.string()), ("day", pa.date32())])
    return pa.Table.from_pylist(rows, schema=shape)


def _columns(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    return connection.execute(
        "select '\"' || schema_name || '\".\"' || table_name || '\"', column_name"
        " from duckdb_columns() as c where not internal"
        " and (data_type = 'DATE' or data_type like 'TIMESTAMP%')"
        " and exists (from duckdb_columns() as k where k.table_oid = c.table_oid"
        "  and k.column_name = ?) and table_oid in"
        " (select table_oid from duckdb_tables()) order by all",
        [_STUDY],
    ).fetchall()
