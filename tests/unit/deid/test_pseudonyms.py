"""Pseudonyms are frozen: what one release called a patient, the next one does too."""

import csv
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from dicom_pipeline.deid.keys import sub_key
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.resources.dbt_plugin import register_functions

KEY = bytes(range(32))
FILE = Path(__file__).parent / "golden_vectors.csv"
VECTORS = [
    [cell.replace(r"\x1f", "\x1f") for cell in row]
    for row in list(csv.reader(FILE.read_text("utf-8").splitlines()))[1:]
]
METHODS = {
    "phi_token": "token",
    "phi_uid": "uid",
    "phi_shift_days": "shift_days",
    "phi_batch_token": "batch_token",
}


@pytest.fixture(scope="module")
def connection():
    """DuckDB with the functions of the plugin."""
    with duckdb.connect() as connection:
        register_functions(connection, Pseudonyms(KEY))
        yield connection


@pytest.mark.parametrize(("function", "first", "second", "expected"), VECTORS)
def test_python_keeps_the_golden_vectors(function, first, second, expected):
    """The values of the design document, and those the first release gave."""
    if function == "sub_key":
        found = sub_key(KEY, first).hex()
    else:
        arguments = [first, second] if second else [first]
        found = getattr(Pseudonyms(KEY), METHODS[function])(*arguments)

    assert str(found) == expected


@pytest.mark.parametrize(
    ("function", "first", "second", "expected"),
    [vector for vector in VECTORS if vector[0] in METHODS],
)
def test_duckdb_keeps_the_golden_vectors(connection, function, first, second, expected):
    """SQL gives what Python gives: JPEG names and tables must join."""
    arguments = [first, second] if second else [first]
    marks = ", ".join("?" * len(arguments))

    [(found,)] = connection.execute(f"select {function}({marks})", arguments).fetchall()

    assert str(found) == expected


def test_nothing_stands_for_nothing(connection):
    """Null is null in every place, also within a list and beside other rows."""
    query = "select phi_token('patient_id', t), phi_uid(t), phi_shift_days(t)"

    rows = connection.execute(f"{query} from (values (null), ('a')) v(t)").fetchall()
    [(uids,)] = connection.execute(
        "select list_transform([null, '1.2'], lambda item : phi_uid(item))"
    ).fetchall()

    assert rows[0] == (None, None, None)
    assert None not in rows[1]
    assert uids[0] is None
    assert uids[1].startswith("2.25.")


def test_a_shift_is_whole_weeks_of_one_to_ten_years():
    """Weekdays stay, and the day is never the true one."""
    shifts = {Pseudonyms(KEY).shift_days(f"{n:064x}") for n in range(5000)}

    assert min(shifts) == 364
    assert max(shifts) == 364 + 7 * 468
    assert len(shifts) == 469
    assert all(shift % 7 == 0 for shift in shifts)
    monday = date(2024, 3, 4)
    assert (monday - timedelta(days=shifts.pop())).weekday() == 0


def test_a_uid_is_legal_and_fits_38_digits():
    """PS3.5 9.1: at most 64 characters; 38 digits are what a decimal column holds."""
    for n in range(2000):
        root, arc, number = Pseudonyms(KEY).uid(f"1.2.{n}").split(".")
        assert (root, arc) == ("2", "25")
        assert int(number) < 2**126
        assert len(number) <= 38
        assert not number.startswith("0")


def test_a_hundred_thousand_patients_do_not_collide():
    """One key for one identity, in the longest and the shortest form that joins."""
    pseudonyms = Pseudonyms(KEY)
    keys = {pseudonyms.patient_key(f"ISS\x1f{n}")[:32] for n in range(100_000)}

    assert len(keys) == 100_000


def test_equal_texts_of_two_classes_do_not_link():
    """The domain is part of the key: an accession number is no patient id."""
    pseudonyms = Pseudonyms(KEY)

    assert pseudonyms.token("accession", "1") != pseudonyms.token("patient_id", "1")


def test_the_key_is_not_shown():
    """A traceback or a log line with the object holds no part of the key."""
    assert KEY.hex() not in repr(Pseudonyms(KEY))
    assert repr(KEY) not in repr(Pseudonyms(KEY))
