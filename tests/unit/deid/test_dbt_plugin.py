"""What dbt's connection is given: functions, an S3 secret, a check of the key."""

import traceback

import duckdb
import pytest
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError

from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.resources.dbt_plugin import (
    check_key,
    create_secret,
    load_extension,
    register_functions,
)

MODULE = "dicom_pipeline.resources.dbt_plugin"
KEY = bytes(range(32))
CALLS = (
    "phi_token('patient_id', 'x')",
    "phi_uid('1.2')",
    "phi_shift_days('x')",
    "phi_batch_token('images', '2024-01')",
    "phi_key_check()",
)


@pytest.fixture
def connection():
    """An empty DuckDB."""
    with duckdb.connect() as connection:
        yield connection


@pytest.mark.parametrize("call", CALLS)
def test_without_a_key_each_function_says_so(connection, call):
    """The functions are there, so that SQL binds; calling one stops with a reason."""
    register_functions(connection, None)

    with pytest.raises(duckdb.Error, match="set DICOM_PIPELINE_KEY_URI"):
        connection.execute(f"select {call}")


def test_words_need_no_key(connection):
    """The lexicon is public; only identifiers are keyed."""
    register_functions(connection, None)

    query = "select text_terms('MRI Knee of Hand', 'Hand^X'), text_terms('zzz', '')"
    assert connection.execute(query).fetchall() == [("mri knee of", None)]


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("http://127.0.0.1:18333", ("endpoint=127.0.0.1:18333", "use_ssl=false")),
        ("https://s3.example.org", ("endpoint=s3.example.org", "use_ssl=true")),
    ],
)
def test_the_secret_reaches_the_endpoint(connection, monkeypatch, endpoint, expected):
    """Path style, and TLS as the scheme of the endpoint says; a quote does no harm."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "it's a secret")
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    load_extension(connection, "httpfs")

    create_secret(connection, endpoint)

    query = "select secret_string from duckdb_secrets()"
    [(said,)] = connection.execute(query).fetchall()
    for part in (*expected, "url_style=path", "region=eu-west-3", "secret=redacted"):
        assert part in said


def test_no_credentials_no_secret(connection, monkeypatch):
    """Local Parquet needs no S3, and a machine without credentials builds it."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)

    create_secret(connection, "http://127.0.0.1:18333")

    assert connection.execute("select count(*) from duckdb_secrets()").fetchall() == [
        (0,)
    ]


def test_a_failing_secret_is_not_quoted(connection, monkeypatch):
    """DuckDB quotes the statement that failed, and the statement holds the secret."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-hush")
    connection.execute("set secret_directory = '/nowhere'")
    connection.close()

    with pytest.raises(DbtRuntimeError) as raised:
        create_secret(connection, "")

    assert "hush-hush" not in "".join(traceback.format_exception(raised.value))


def test_a_warehouse_knows_its_key(connection):
    """The first key is remembered; another stops, and so does one that is over."""
    check_key(connection, Pseudonyms(KEY))
    check_key(connection, Pseudonyms(KEY))
    with pytest.raises(DbtRuntimeError, match="not the key"):
        check_key(connection, Pseudonyms(bytes(32)))
    check_key(connection, Pseudonyms(bytes(32), key_version=2))
    with pytest.raises(DbtRuntimeError, match="named by key version 2, not 1"):
        check_key(connection, Pseudonyms(KEY))
    stored = connection.execute("from stage.deid_key_check order by 1").fetchall()
    assert [version for version, _ in stored] == [1, 2]
    assert KEY.hex() not in str(stored)


def test_a_bad_key_address_stops_the_plugin():
    """A key that is configured and cannot be had is no reason to go on without one."""
    with pytest.raises(DbtRuntimeError, match="the key file cannot be read"):
        BasePlugin.create(MODULE, config={"key_uri": "file:///nowhere/key"})


def test_a_file_that_is_still_open_uses_the_key_that_was_given_last(tmp_path):
    """A connection that nobody closed keeps its functions, not its key."""
    file = tmp_path / "warehouse.duckdb"
    with duckdb.connect(file) as first, duckdb.connect(file) as second:
        register_functions(first, Pseudonyms(KEY))
        register_functions(second, None)

        with pytest.raises(duckdb.Error, match="set DICOM_PIPELINE_KEY_URI"):
            second.execute("select phi_uid('1.2')")
