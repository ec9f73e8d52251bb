"""An erased patient whose key others bear, as that of the person that they are."""

import sqlite3
from contextlib import closing

import duckdb

from dicom_pipeline.publish.erasure_files import (
    Pseudonymous,
    clean_duckdb,
    clean_sqlite,
    rows_of,
)

OLDEST = Pseudonymous("oldest" * 8, frozenset(), frozenset())
ROWS = [(OLDEST.patient_key,) * 2, ("younger", OLDEST.patient_key), ("other", "other")]
LEFT = [("other", "other"), ("younger", "younger")]
TABLE = "create table dim_patients (patient_key varchar, person_key varchar)"
ASK = "select * from dim_patients order by 1"


def test_the_others_of_a_duckdb_file_are_persons_of_their_own(tmp_path):
    """And not a byte of the key is left in the file."""
    file = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(TABLE)
        connection.executemany("insert into dim_patients values (?, ?)", ROWS)

    assert clean_duckdb(file, OLDEST) == 1
    with duckdb.connect(str(file), read_only=True) as connection:
        assert connection.execute(ASK).fetchall() == LEFT
    assert rows_of(file, OLDEST) == 0
    assert OLDEST.patient_key.encode() not in file.read_bytes()


def test_the_others_of_an_sqlite_file_are_persons_of_their_own(tmp_path):
    """As above."""
    file = tmp_path / "catalogue.sqlite"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(TABLE)
        connection.executemany("insert into dim_patients values (?, ?)", ROWS)

    assert clean_sqlite(file, OLDEST) == 1
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute(ASK).fetchall() == LEFT
    assert OLDEST.patient_key.encode() not in file.read_bytes()
