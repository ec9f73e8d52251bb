"""Names that follow names are frozen: golden vectors, and what must hold of them."""

import csv
from collections import defaultdict
from pathlib import Path

import duckdb
import pytest

from dicom_pipeline.deid.keys import chain_check_value, check_value
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.deid.rotation import (
    Kind,
    RecipientError,
    Renaming,
    for_recipient,
    held_by_name,
    held_by_stage,
)
from dicom_pipeline.deid.rules import rules_from
from dicom_pipeline.resources.dbt_plugin import register_functions
from dicom_pipeline.resources.rotation_sql import register_renaming

K1, K2, K3 = (bytes(range(n, n + 32)) for n in (0, 32, 64))
OLD, NEW = Pseudonyms(K1), Pseudonyms(K2, 2, previous=[K1])
BY = Renaming(OLD, NEW)
FILE = Path(__file__).parent / "golden_vectors_rotation.csv"
MAPPING = Path(__file__).parents[3] / "dbt_project/seeds/anonymization_mapping.csv"
VECTORS = [
    [cell.replace(r"\x1f", "\x1f") for cell in row]
    for row in list(csv.reader(FILE.read_text("utf-8").splitlines()))[1:]
]
PATIENT = OLD.patient_key("ISS\x1fPAT001")


def recipient(name):
    """From the first key to a recipient's own."""
    return for_recipient(K3, name, OLD, shifts_dates=True)


PYTHON = {
    "phi_token": NEW.token,
    "phi_uid": lambda uid, _: NEW.uid(uid),
    "phi_shift_days": lambda patient, _: NEW.shift_days(patient),
    "phi_batch_token": NEW.batch_token,
    "renamed_token": BY.token,
    "renamed_uid": lambda uid, _: BY.uid(uid),
    "released_token": lambda name, token: recipient(name).token(*token.split()),
    "released_uid": lambda name, uid: recipient(name).uid(uid),
    "released_days": lambda name, patient: recipient(name).days_earlier(patient),
    "check_value": lambda *_: NEW.check_value,
}


@pytest.fixture(scope="module")
def rules():
    """The mapping that is shipped."""
    with MAPPING.open(encoding="utf-8", newline="") as lines:
        return rules_from(lines)


@pytest.mark.parametrize(("function", "first", "second", "expected"), VECTORS)
def test_python_keeps_the_golden_vectors(function, first, second, expected):
    """Computed once with nothing but hmac and the formulas of docs/keys.md."""
    assert str(PYTHON[function](first, second)) == expected


@pytest.mark.parametrize(
    ("function", "first", "second", "expected"),
    [v for v in VECTORS if v[0].startswith(("phi_", "renamed_"))],
)
def test_duckdb_keeps_the_golden_vectors(function, first, second, expected):
    """SQL gives what Python gives."""
    arguments = [first, second] if second else [first]
    marks = ", ".join("?" * len(arguments))
    with duckdb.connect() as connection:
        register_functions(connection, NEW)
        register_renaming(connection, BY)

        [(found,)] = connection.execute(
            f"select {function}({marks})", arguments
        ).fetchall()

    assert str(found) == expected


@pytest.mark.parametrize("digits", [16, 32, 48, 64])
def test_a_part_of_a_token_is_renamed_as_that_part_of_the_whole(digits):
    """Stage keeps 16, 32 or 64 digits; new data is cut after the last key."""
    text = "A-1"
    stored = OLD.token("accession", text)[:digits]

    assert BY.token("accession", stored) == NEW.token("accession", text)[:digits]


@pytest.mark.parametrize("token", ["", "abc", "a" * 20])
def test_what_is_not_whole_blocks_is_no_token(token):
    with pytest.raises(ValueError, match="whole blocks"):
        BY.token("accession", token)


def test_every_hash_of_the_mapping_is_whole_blocks(rules):
    """Else a rotation could not rename its column."""
    cut = [r for r in rules if r.target_function == "full_hash"]

    assert cut
    assert {int(r.target_type[8:-1]) % 16 for r in cut} == {0}


def test_a_chain_of_one_is_what_it_was():
    """An installation that never rotated keeps every name and its check value."""
    assert chain_check_value([K1]) == check_value(K1) == OLD.check_value
    assert Pseudonyms(K1, previous=[]).patient_key("a") == OLD.patient_key("a")


def test_the_first_key_alone_resolves_nothing_any_more():
    """Leak of the old key: its names are not the names of today."""
    assert NEW.patient_key("ISS\x1fPAT001") not in {
        PATIENT,
        Pseudonyms(K2).patient_key("ISS\x1fPAT001"),
    }


def test_order_and_number_of_keys_are_part_of_the_check_value():
    """One left out, or two exchanged, is found before a row is named."""
    values = {
        Pseudonyms(K2).check_value,
        NEW.check_value,
        Pseudonyms(K1, 2, previous=[K2]).check_value,
        Pseudonyms(K3, 3, previous=[K1, K2]).check_value,
        Pseudonyms(K3, 3, previous=[K2, K1]).check_value,
    }

    assert len(values) == 5


def test_tombstones_follow_every_key_and_ledger_ids_the_first():
    """After a re-derivation nothing is left of an erased patient but his tombstone."""
    anew = Pseudonyms(K3, 3, retired=[K1, K2])

    assert anew.patient_key("a") == Pseudonyms(K3).patient_key("a")
    assert anew.token("source_key", "k") == OLD.token("source_key", "k")
    chained = Pseudonyms(K3, 3, previous=[K1, K2])
    assert anew.token("erased_patient", "a") == chained.token("erased_patient", "a")
    assert anew.remembered_check_value == chained.remembered_check_value


def test_two_recipients_share_no_name_and_no_date():
    """Neither a token, nor a UID, nor the days by which a patient's dates moved."""
    one, two = recipient("uni-basel"), recipient("trial-7")
    patients = [OLD.patient_key(f"ISS\x1f{n}") for n in range(200)]

    assert {one.token("patient_id", p) for p in patients}.isdisjoint(
        two.token("patient_id", p) for p in patients
    )
    assert one.uid("2.25.1") != two.uid("2.25.1")
    same = sum(one.days_earlier(p) == two.days_earlier(p) for p in patients)
    assert same < 10  # 1 in 469 by chance
    assert one.token("patient_id", PATIENT) == recipient("uni-basel").token(
        "patient_id", PATIENT
    )


@pytest.mark.parametrize("name", ["", "Uni", "a b", "../x", "-a", "a--b", "x" * 41])
def test_a_slip_of_the_pen_is_no_recipient(name):
    with pytest.raises(RecipientError):
        recipient(name)


def test_every_keyed_column_is_renamed(rules):
    """No column that a keyed function makes is taken for one that may stay."""
    keyed = {"surrogate_key", "full_hash", "uid_remap", "date_shift", "datetime_shift"}
    held = held_by_stage(rules)
    stays = [
        rule.column_name
        for rule in rules
        if rule.target_function in keyed
        and held[f"stg_{rule.table_name}"][rule.stage_column].kind is Kind.KEPT
    ]

    assert stays == []


def test_a_name_of_a_column_means_one_thing(rules):
    """Processed tables are renamed by the names of their columns."""
    meanings = defaultdict(set)
    for columns in held_by_stage(rules).values():
        for name, held in columns.items():
            meanings[name].add(held)

    assert {name: m for name, m in meanings.items() if len(m) > 1} == {}
    assert held_by_name(rules)["jpeg_key"].kind is Kind.JPEG


def test_no_key_is_shown():
    for key in (K1, K2, K3):
        shown = repr((NEW, NEW.newest, BY, recipient("uni-basel")))
        assert key.hex() not in shown
        assert repr(key)[2:-1] not in shown
