"""Gives DuckDB what SQL must not spell: the key as functions, the bucket as a secret.

Runs inside dbt, not Dagster. A key rendered by Jinja would be readable in ``target/``,
``logs/`` and every query log; here SQL sees function names alone.
"""

import importlib.util
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import pyarrow as pa
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError
from duckdb import DuckDBPyConnection

from dicom_pipeline.deid.keys import KeyUnavailableError, NoKeyError
from dicom_pipeline.deid.profiles import profile_of
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.deid.surrogates import Surrogates
from dicom_pipeline.deid.terms import imaging_terms
from dicom_pipeline.resources.arrow_functions import Meet, kept, of_one, of_two
from dicom_pipeline.resources.key_sources import KeyAddresses
from dicom_pipeline.resources.vault import surrogates_of, vault_of
from dicom_pipeline.resources.vault_store import vault_store
from dicom_pipeline.resources.warehouse_keys import make_key_table, remember_key


class Plugin(BasePlugin):
    """Registers the functions and the secret on each new connection."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Read the settings of the profile; the key itself comes from its own place."""
        keys = KeyAddresses(
            str(plugin_config.get("key_uri") or ""),
            int(plugin_config.get("key_version") or 1),
            tuple(str(plugin_config.get("previous_key_uris") or "").split()),
        )
        self._endpoint = str(plugin_config.get("s3_endpoint") or "")
        profile = profile_of(str(plugin_config.get("profile") or "research"))
        vault = str(plugin_config.get("vault") or "")
        self._pseudonyms = _pseudonyms(keys, vault if profile.draws_names else None)

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        """Run by dbt-duckdb for the connection that all its cursors come from."""
        # A month's run reads each footer some five times; kept, it takes a third less.
        conn.execute("set global parquet_metadata_cache = true")
        load_extension(conn, "httpfs")
        create_secret(conn, self._endpoint)
        if self._pseudonyms:
            check_key(conn, self._pseudonyms)
        if isinstance(self._pseudonyms, Surrogates):
            check_vault(conn, self._pseudonyms)
        register_functions(conn, self._pseudonyms)


def load_extension(conn: DuckDBPyConnection, name: str) -> None:
    """Load an extension from its wheel; where there is none, let DuckDB find it."""
    spec = importlib.util.find_spec(f"duckdb_extension_{name}")
    places = list(spec.submodule_search_locations or []) if spec else []
    pattern = f"extensions/v{duckdb.__version__}/*.duckdb_extension"
    found = [file for place in places for file in Path(place).glob(pattern)]
    if found:
        conn.load_extension(str(found[0]))


def create_secret(conn: DuckDBPyConnection, endpoint: str) -> None:
    """Let DuckDB read S3 with the credentials of the environment; none, no secret."""
    if not os.environ.get("AWS_ACCESS_KEY_ID"):
        return
    options = {
        "type": "s3",
        "key_id": os.environ["AWS_ACCESS_KEY_ID"],
        "secret": os.environ.get("AWS_SECRET_ACCESS_KEY", ""),
        "session_token": os.environ.get("AWS_SESSION_TOKEN", ""),
        "region": os.environ.get("AWS_REGION", "us-east-1"),
        **_endpoint_options(endpoint),
    }
    settings = ", ".join(f"{name} {_literal(v)}" for name, v in options.items() if v)
    try:
        conn.execute(f"create or replace secret dicom_pipeline_s3 ({settings})")
    except duckdb.Error:
        # The statement holds the secret, and DuckDB quotes statements.
        raise DbtRuntimeError("the S3 secret could not be made in DuckDB") from None


def check_key(conn: DuckDBPyConnection, pseudonyms: Pseudonyms) -> None:
    """Stop if this warehouse was made with other keys; remember the first ones.

    A wrong key fails nothing by itself: it silently gives every patient a second life.
    """
    version = pseudonyms.key_version
    make_key_table(conn)
    [(newest, has_tables)] = conn.execute(
        "select max(key_version), exists (from duckdb_tables() where schema_name ="
        " 'stage' and starts_with(table_name, 'stg_')) from stage.deid_key_check"
    ).fetchall()
    if newest and (newest > version or (newest < version and has_tables)):
        raise DbtRuntimeError(
            f"deid: the warehouse is named by key version {newest}, not {version}: "
            "use that key, or run `dicom-pipeline deid rotate-key` (docs/keys.md)"
        )
    remember_key(conn, pseudonyms)
    [(known,)] = conn.execute(
        "select check_value from stage.deid_key_check where key_version = ?", [version]
    ).fetchall()
    if known != pseudonyms.check_value:
        raise DbtRuntimeError(
            "deid: this is not the key that the warehouse was made with; "
            "a new key needs a new DICOM_PIPELINE_KEY_VERSION"
        )


def check_vault(conn: DuckDBPyConnection, names: Surrogates) -> None:
    """Stop if this warehouse was named by another vault; remember the first one.

    A vault that was begun anew gives every patient a second life, as a wrong key does.
    """
    conn.execute(
        "create table if not exists stage.deid_vault_check (check_value varchar)"
    )
    conn.execute(
        "insert into stage.deid_vault_check"
        " select ? where not exists (from stage.deid_vault_check)",
        [names.vault_check_value],
    )
    [(known,)] = conn.execute("from stage.deid_vault_check").fetchall()
    if known != names.vault_check_value:
        raise DbtRuntimeError(
            "deid: this is not the vault that the warehouse was made with; bring"
            " the prefix vault/ of the raw bucket back (docs/profiles.md)"
        )


@dataclass
class _Holder:
    """The key that the functions of one database are to use."""

    key: Pseudonyms | None = None


_HOLDERS: dict[str, _Holder] = {}
"""By file: while anything in this process keeps a file open, its functions stay."""


def register_functions(conn: DuckDBPyConnection, key: Pseudonyms | None) -> None:
    """Make the functions; without a key the keyed ones are there, and raise.

    A file that this process opened before may have them still, from a connection that
    nobody closed. They cannot be replaced then, but they ask for the key each time.
    """
    held = _holder(conn)
    held.key = key
    integer = pa.int32()
    of_one(conn, "phi_uid", lambda uid: _given(held).uid(uid), meet=_meets_uids(held))
    of_one(conn, "phi_shift_days", lambda of: _given(held).shift_days(of), integer)
    of_two(
        conn,
        "phi_token",
        lambda domain, text: _given(held).token(domain, text),
        meet=_meets_texts(held),
    )
    of_two(
        conn, "phi_batch_token", lambda table, of: _given(held).batch_token(table, of)
    )
    of_two(conn, "text_terms", lambda text, people: imaging_terms(text, [people]))
    of_two(
        conn,
        "text_words",
        lambda text, people: imaging_terms(text, [people], bare_numbers=False),
    )
    with kept():
        conn.create_function(
            "phi_key_check", lambda: _given(held).check_value, [], "VARCHAR"
        )


def _holder(conn: DuckDBPyConnection) -> _Holder:
    [(path,)] = conn.execute(
        "select path from duckdb_databases() where database_name = current_database()"
    ).fetchall()
    return _HOLDERS.setdefault(path, _Holder()) if path else _Holder()


def _meets_uids(held: _Holder) -> Meet:
    return lambda rows: _given(held).meet("uid", [uid for (uid,) in rows])


def _meets_texts(held: _Holder) -> Meet:
    def meet(rows: Collection[tuple[str, ...]]) -> None:
        for domain in {domain for domain, _ in rows}:
            texts = [text for of, text in rows if of == domain]
            _given(held).meet(domain, texts)

    return meet


def _given(held: _Holder) -> Pseudonyms:
    if held.key is None:
        raise NoKeyError
    return held.key


def _pseudonyms(keys: KeyAddresses, vault: str | None) -> Pseudonyms | None:
    """Nothing without an address: analysts build the processed layer without a key."""
    if not keys.key:
        return None
    try:
        if vault is None:
            return keys.pseudonyms()
        names = surrogates_of(keys, vault_of(keys, vault_store(vault, os.environ)))
        names.tidy()
    except KeyUnavailableError as error:
        raise DbtRuntimeError(f"deid: {error}") from None
    return names


def _endpoint_options(endpoint: str) -> dict[str, str]:
    if not endpoint:
        return {}
    address = urlsplit(endpoint if "://" in endpoint else f"https://{endpoint}")
    use_ssl = "true" if address.scheme == "https" else "false"
    return {"endpoint": address.netloc, "url_style": "path", "use_ssl": use_ssl}


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
