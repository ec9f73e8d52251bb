"""Which keys named a warehouse: it remembers, so that another key is noticed."""

from duckdb import DuckDBPyConnection

from dicom_pipeline.deid.pseudonyms import Pseudonyms


def make_key_table(conn: DuckDBPyConnection) -> None:
    """Have the table in which a warehouse remembers its keys."""
    conn.execute("create schema if not exists stage")
    conn.execute(
        "create table if not exists stage.deid_key_check"
        " (key_version integer primary key, check_value varchar not null)"
    )


def remember_key(conn: DuckDBPyConnection, pseudonyms: Pseudonyms) -> None:
    """Write down which keys named this warehouse, unless their version is there."""
    conn.execute(
        "insert into stage.deid_key_check values (?, ?) on conflict do nothing",
        [pseudonyms.key_version, pseudonyms.check_value],
    )
