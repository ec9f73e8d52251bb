"""Groups in the raw zone: the same again, killed in between, undone, erased."""

import io
import json
from datetime import UTC, date, datetime

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dicom_pipeline.assets.persons import raw_persons
from dicom_pipeline.catalog import IMAGES, PATIENTS
from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.resources import persons as resource
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.persons import GROUPS_KEY, Persons
from dicom_pipeline.resources.tables import RawTables
from tests.unit.resources.ledgers import loaded, newer, record
from tests.unit.sources.memory_store import Fuse, KilledError, RawBucket

BORN = date(1950, 3, 4)


def header_of(patient_id, issuer, others):
    """A header in the DICOM JSON Model that lists other ids with their issuers."""
    items = [
        {"00100020": {"Value": [name]}, "00100021": {"Value": [said]}}
        for said, name in others
    ]
    return {
        "00100020": {"vr": "LO", "Value": [patient_id]},
        "00100021": {"vr": "LO", "Value": [issuer]},
        "00101002": {"vr": "SQ", "Value": items},
    }


class Bucket(RawBucket):
    """A raw bucket without versions that gives streams."""

    def download(self, key, body):
        """Copy one object into a file."""
        body.write(self.read(key))


class Hospital:
    """A raw zone whose patients have one instance each."""

    def __init__(self) -> None:
        """Have an empty one."""
        self.bucket = Bucket()
        self.ledger = Ledger(self.bucket)
        self.rebuilt = 0
        self.day = 0
        self.batches: dict[str, str] = {}

    @property
    def persons(self):
        """As a new process sees them."""
        key = Pseudonyms(bytes(range(32)))
        return Persons(Ledger(self.bucket), key, self.rebuild)

    def rebuild(self):
        """Count."""
        self.rebuilt += 1

    def receive(self, name, *others, issuer="A", sop="", correct=False):
        """Load one instance of a patient, or a newer version of one."""
        self.day += 1
        sop = sop or f"1.{self.day}"
        seen = datetime(2024, 1, self.day, tzinfo=UTC)
        end = (newer if correct else loaded)(f"a{self.day}", sop, modified_at=seen)
        batch = record(self.ledger, end)
        self.batches[name] = batch
        known = {
            "sop_instance_uid": sop,
            "patient_identity": f"{issuer}\x1f{name}",
            "fingerprint": f"f-a{self.day}",
            "batch_id": batch,
            "modified_at": seen,
            "issuer_of_patient_id": issuer,
            "patient_birth_date": BORN,
            "header": json.dumps(header_of(name, issuer, others)),
        }
        for table in (HEADERS, PATIENTS, IMAGES):
            row = {n: known.get(n) for n in table.schema.names}
            rows = pa.Table.from_pylist([row], schema=table.schema)
            RawTables(self.bucket).write(table, "2024-01", batch, rows)

    def lose(self, name):
        """Take the rows of a patient away, as an erasure does."""
        batch = self.batches[name]
        for key in [
            key for key in self.bucket.bodies if f"month=2024-01/batch={batch}" in key
        ]:
            del self.bucket.bodies[key]

    def groups(self):
        """Rows of the file."""
        rows = pq.read_table(io.BytesIO(self.bucket.read(GROUPS_KEY))).to_pylist()
        return {row["patient_identity"]: row["person_identity"] for row in rows}


@pytest.fixture
def hospital():
    """Three patients, two of whom are one."""
    made = Hospital()
    made.receive("1")
    made.receive("2", ("A", "1"))
    made.receive("3")
    return made


ONE, TWO, THREE = ("A\x1f1", "A\x1f2", "A\x1f3")


def test_what_headers_list_becomes_a_group(hospital):
    """With counts and codes, and nothing else, for whoever runs it."""
    counts = hospital.persons.group()

    assert hospital.groups() == {ONE: ONE, TWO: ONE}
    assert counts.by_size == {1: 1, 2: 1}
    assert counts.by_evidence == {"other_id": 2}
    assert (counts.patients, counts.persons, counts.changed) == (3, 2, 1)
    assert hospital.rebuilt == 1
    assert "A" not in repr(counts)


def test_the_same_again_changes_nothing(hospital):
    """Neither a byte, nor the history, nor what is due."""
    hospital.persons.group()
    before = dict(hospital.bucket.bodies)

    assert hospital.persons.group().changed == 0
    assert hospital.bucket.bodies == before
    assert hospital.rebuilt == 1


@pytest.mark.parametrize("write", range(1, 3))
@pytest.mark.parametrize("after", [False, True])
def test_a_killed_run_is_finished_by_the_next(hospital, write, after):
    """One line of history for one change, and the table is due."""
    hospital.bucket.fuse = Fuse(write, after)
    with pytest.raises(KilledError):
        hospital.persons.group()
    hospital.bucket.fuse = Fuse()
    hospital.persons.group()

    [line] = hospital.persons.history()
    assert (line["patient_identity"], line["reason"]) == (TWO, "other_id")
    assert hospital.groups() == {ONE: ONE, TWO: ONE}
    assert hospital.rebuilt >= 1


def test_the_asset_tells_dagster_counts_alone(hospital):
    """No id, no key, no name in its metadata."""
    done = dg.materialize([raw_persons], resources={"persons": hospital.persons})
    [event] = done.asset_materializations_for_node(raw_persons.node_def.name)

    assert event.metadata["persons_changed"].value == 1
    assert event.metadata["by_evidence"].value == {"other_id": 2}
    assert not [one for one in (ONE, TWO, THREE) if one in repr(event)]
    assert hospital.persons.key(ONE) not in repr(event)


def test_a_corrected_header_takes_its_evidence_back(hospital):
    """Only the newest version of an instance says whom it is of."""
    hospital.receive("4", ("A", "3"), sop="1.9")
    hospital.persons.group()
    assert hospital.groups()["A\x1f4"] == THREE

    hospital.receive("4", sop="1.9", correct=True)
    hospital.persons.group()

    assert hospital.groups() == {ONE: ONE, TWO: ONE}
    assert hospital.persons.history()[-1]["reason"] == "evidence_gone"


def test_people_part_and_join_by_patient_key(hospital):
    """The history says what happened, in order; the keys come back."""
    persons = hospital.persons
    persons.group()
    one, two, three = map(persons.key, (ONE, TWO, THREE))
    for rules in (
        persons.rules_by_key.unlinked(one, two),
        persons.rules_by_key.unlinked(one, two).linked(two, three),
        persons.rules_by_key,
    ):
        persons.say(rules)
        persons.group()

    assert hospital.groups() == {ONE: ONE, TWO: ONE}
    told = [(row["patient_identity"], row["reason"]) for row in persons.history()]
    assert told == [
        (TWO, "other_id"),
        (TWO, "unlinked"),
        (THREE, "linked"),
        (TWO, "other_id"),
        (THREE, "evidence_gone"),
    ]


def test_an_erased_patient_leaves_no_trace(hospital, monkeypatch):
    """The next grouping makes one person of those who are left, by the oldest."""
    monkeypatch.setattr(resource, "purge", lambda bucket, key: bucket.delete(key))
    monkeypatch.setattr(resource, "purge_old", lambda *_: 0)
    hospital.receive("5", ("A", "2"))
    persons = hospital.persons
    persons.say(persons.rules_by_key.linked(*map(persons.key, (ONE, THREE))))
    persons.group()
    hospital.lose("1")
    assert hospital.persons.forget(ONE) == 5  # history 3, a link, his row
    assert ONE not in repr((hospital.groups(), hospital.persons.history()))
    assert hospital.groups() == {}
    assert hospital.rebuilt == 2

    hospital.persons.group()
    assert hospital.groups() == {TWO: TWO, "A\x1f5": TWO}
    assert hospital.persons.rules.links == frozenset()
    assert ONE not in repr(hospital.persons.history())
