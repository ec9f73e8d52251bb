"""The golden vectors in SQL: the file for Snowflake, read by engines that are here."""

import csv
import json
import stat
import subprocess
from pathlib import Path

import duckdb
import pytest

from dicom_pipeline.deid.pads import pads_of
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.deid.rules import Rule
from dicom_pipeline.publish.snowflake_pads import main, write_pads
from tests.oracles.snowflake_sql import functions, inlined, pads, table

ROOT = Path(__file__).parents[3]
FAKESNOW = ROOT / ".venv" / "fakesnow" / "bin" / "python"
KEY = bytes(range(32))
VECTORS = [
    [{"phi_token": "phi_hmac"}.get(cell, cell.replace(r"\x1f", "\x1f")) for cell in row]
    for row in csv.reader((Path(__file__).parent / "golden_vectors.csv").open("r"))
    if row[0].startswith("phi_")
]
DOMAINS = ("patient_id", "device", "accession", "station", "uid", "date", "batch")
# What Snowflake has and DuckDB spells otherwise.
SHIMS = (
    "to_binary(x, f) as case f when 'HEX' then unhex(x) else encode(x) end",
    "sha2_binary(x, bits) as unhex(sha256(x))",
    "hex_encode(x) as hex(x)",
    "charindex(x, y) as strpos(y, x)",
    "startswith(x, y) as starts_with(x, y)",
)


@pytest.fixture(scope="module")
def connection():
    """DuckDB with the pads in their table, and Snowflake's words for what it has."""
    with duckdb.connect() as connection:
        connection.execute("create schema deid")
        connection.execute(table())
        for domain in DOMAINS:
            said = [domain, *pads(KEY, domain), Pseudonyms(KEY).check_value]
            connection.execute("insert into deid.hmac_pads values (?, ?, ?, ?)", said)
        for shim in SHIMS:
            connection.execute(f"create macro {shim}")
        connection.execute("create table texts (text varchar)")
        texts = [f"{n}{'é' * (n % 3)}.1.2" for n in range(500)]
        connection.executemany("insert into texts values (?)", [[t] for t in texts])
        yield connection


def nested(call):
    """A call of a function of the file, its body in place of its name."""
    return inlined(f"deid.{call}", functions()).replace("number(38, 0)", "hugeint")


def asked(connection, name, *arguments):
    """What one function gives, as text."""
    call = nested(f"{name}({', '.join(['?'] * len(arguments))})")
    [(found,)] = connection.execute(f"select {call}", arguments).fetchall()
    return None if found is None else str(found)


@pytest.mark.parametrize(("function", "first", "second", "expected"), VECTORS)
def test_nested_sql_keeps_the_golden_vectors(
    connection, function, first, second, expected
):
    """No function but SHA-256, and no number above 38 digits."""
    arguments = [first, second] if second else [first]

    assert asked(connection, function, *arguments) == expected


def test_fakesnow_keeps_the_golden_vectors(tmp_path):
    """The same file in the words of Snowflake's own dialect."""
    if not FAKESNOW.exists():
        pytest.skip("no .venv/fakesnow: `make .venv/.fakesnow` makes it")
    file = tmp_path / "vectors.csv"
    with file.open("w", newline="") as lines:
        csv.writer(lines).writerows([c for c in row[:3] if c] for row in VECTORS)
    script = ROOT / "tests" / "oracles" / "snowflake_sql.py"
    done = subprocess.run(
        [FAKESNOW, script, file], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [row[3] for row in VECTORS]


@pytest.mark.parametrize(
    ("call", "method"),
    [
        ("phi_hmac('device', text)", lambda known, text: known.token("device", text)),
        ("phi_uid(text)", Pseudonyms.uid),
        ("phi_shift_days(text)", Pseudonyms.shift_days),
        (
            "phi_batch_token(text, '2024-03')",
            lambda known, text: known.batch_token(text, "2024-03"),
        ),
    ],
    ids=["hmac", "uid", "shift", "batch"],
)
def test_nested_sql_gives_what_python_gives(connection, call, method):
    """500 hashes have every bit set and clear, in every place."""
    rows = connection.execute(f"select text, {nested(call)} from texts").fetchall()

    assert len(rows) == 500
    assert [(t, str(found)) for t, found in rows] == [
        (t, str(method(Pseudonyms(KEY), t))) for t, _ in rows
    ]


def test_nothing_stands_for_nothing(connection):
    """As in DuckDB's own functions."""
    for name in ("phi_uid", "phi_shift_days"):
        assert asked(connection, name, None) is None
    assert asked(connection, "phi_hmac", "device", None) is None


def test_a_class_without_pads_is_an_error_that_quotes_nothing(connection):
    """A null would pass for a value that was never sent."""
    with pytest.raises(duckdb.Error) as error:
        asked(connection, "phi_hmac", "unknown class", "Quistgaard")

    assert "Quistgaard" not in str(error.value)
    assert asked(connection, "phi_key_check") == Pseudonyms(KEY).check_value


def test_the_pads_are_those_of_the_rfc():
    """Of each class that a rule names, and of those that macros name."""
    rule = Rule("raw", "t", "c", "full_hash", "varchar(32)", domain="issuer")
    made = {each.domain: (each.inner, each.outer) for each in pads_of(KEY, [rule])}

    assert made.keys() >= {"issuer", "patient_id", "device", "uid", "date", "batch"}
    assert all(made[domain] == pads(KEY, domain) for domain in made)


def test_pads_are_written_for_their_owner_alone(tmp_path, monkeypatch):
    """Once; and nothing of them is said."""
    monkeypatch.setenv("SNOWFLAKE_TEST_KEY", KEY.hex())
    file = tmp_path / "pads.csv"
    count = write_pads("env:SNOWFLAKE_TEST_KEY", file)
    lines = list(csv.DictReader(file.open()))

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(lines) == count
    assert {line["check_value"] for line in lines} == {Pseudonyms(KEY).check_value}
    assert "already" in main(["env:SNOWFLAKE_TEST_KEY", str(file)])
    assert "nothing" in main(["env:NOT_SET", str(tmp_path / "other.csv")])
    assert "KEY-URI FILE" in main([])
