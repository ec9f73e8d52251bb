"""Who is one person, kept in the raw zone: groups, rules, history.

The groups are one file under one name, written again only where they differ; they lie
before the stage line, which turns both identities of a row into keys. What changed is
written first, under a name that says which change it is: a killed run writes it again.
"""

import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dicom_pipeline.catalog.persons import PERSON_HISTORY, PERSONS
from dicom_pipeline.catalog.table import Table
from dicom_pipeline.deid.person_counts import PersonCounts, counted
from dicom_pipeline.deid.person_facts import Grouping
from dicom_pipeline.deid.person_rules import IDENTITIES, PersonRules
from dicom_pipeline.deid.persons import grouped
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.layout import (
    UNKNOWN,
    ledger_key,
    state_key,
    table_key,
    table_prefix,
)
from dicom_pipeline.resources.bucket import Bucket, ObjectGoneError
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.person_evidence import PersonEvidence
from dicom_pipeline.resources.purge import purge, purge_old
from dicom_pipeline.resources.tables import RawTables, State

GROUPS_KEY = table_key(PERSONS.name, UNKNOWN, "groups")
_RULES = "person_rules"
_CHANGES = b"changes"
_OLDEST_GONE = "oldest_gone"
_EVIDENCE_GONE = "evidence_gone"
_UNLINKED = "unlinked"

Row = dict[str, Any]
Groups = Mapping[str, str]
"""Identity of a patient to that of his person; who is alone is not in it."""


@dataclass(frozen=True)
class Persons:
    """The persons of one raw bucket.

    Attributes:
        ledger: Of the bucket.
        pseudonyms: Gives the keys by which people speak of patients.
        rebuild: Told that the groups are others: makes their stage table due.
    """

    ledger: Ledger
    pseudonyms: Pseudonyms
    rebuild: Callable[[], None]

    @property
    def bucket(self) -> Bucket:
        """The raw bucket."""
        return self.ledger.bucket

    @property
    def rules(self) -> PersonRules:
        """What people have said, of identities."""
        return PersonRules.read(State(self.bucket).get(_RULES), IDENTITIES)

    @property
    def rules_by_key(self) -> PersonRules:
        """The same, of patient keys."""
        rules = self.rules
        return rules.renamed({one: self.key(one) for one in rules.patients})

    def say(self, rules: PersonRules) -> None:
        """Keep what people say of patient keys, in place of what they said before.

        Raises:
            PersonRulesError: A key that no patient has.
        """
        wanted = rules.patients
        known = self._evidence.identities() if wanted else set()
        self.pseudonyms.meet("patient_id", known)
        names = {key: one for one in known if (key := self.key(one)) in wanted}
        State(self.bucket).put(_RULES, rules.renamed(names).facts())

    def key(self, identity: str) -> str:
        """Return the patient key of an identity."""
        return self.pseudonyms.patient_key(identity)

    def look(self) -> tuple[PersonCounts, Grouping]:
        """Group without keeping anything."""
        patients = self._evidence.patients()
        found = grouped(patients, self.rules)
        changed = _changed(self._stored[0], _groups(found))
        return counted(found, len(patients), len(changed)), found

    def group(self) -> PersonCounts:
        """Group, keep the groups, and write down what changed."""
        patients = self._evidence.patients()
        rules = self.rules
        found = grouped(patients, rules)
        before, changes = self._stored
        after = _groups(found)
        changed = _changed(before, after)
        if changed:
            there = {patient.identity for patient in patients}
            why = _reasons(found, rules)
            rows = list(_history(changed & there, before, after, why, there))
            key = ledger_key(PERSON_HISTORY.name, f"{changes + 1:08d}")
            self.bucket.write(key, _written(PERSON_HISTORY, rows))
            self.rebuild()
        body = _file(found, changes + bool(changed))
        if body != self._body:
            self.bucket.write(GROUPS_KEY, body)
        return counted(found, len(patients), len(changed))

    def history(self) -> list[Row]:
        """Return every change, the oldest first."""
        return [
            row
            for item in self._tables.files.listed(table_prefix(PERSON_HISTORY.name))
            for row in pq.read_table(io.BytesIO(self.bucket.read(item.key))).to_pylist()
        ]

    def forget(self, identity: str) -> int:
        """Take an erased patient out of rules, history and groups, with old versions.

        Whoever was one person with him is alone until the next grouping, which makes
        persons of what is left: his part in their evidence is not known before.

        Returns:
            Rows of history and groups, links and unlinks that named him.
        """
        rules = self.rules
        left = rules.without(identity)
        gone = len(rules.links) + len(rules.unlinks)
        gone -= len(left.links) + len(left.unlinks)
        if left != rules:
            State(self.bucket).put(_RULES, left.facts())
        purge_old(self.bucket, state_key(_RULES))
        return gone + self._forget_history(identity) + self._forget_group(identity)

    def _forget_group(self, identity: str) -> int:
        groups, changes = self._stored
        person = groups.get(identity)
        if person is None:
            return 0
        self.rebuild()
        rows = pq.read_table(io.BytesIO(self._body)).to_pylist()
        left = [row for row in rows if row["person_identity"] != person]
        self.bucket.write(GROUPS_KEY, _parquet_of_groups(left, changes))
        purge_old(self.bucket, GROUPS_KEY)
        return 1

    def _forget_history(self, identity: str) -> int:
        gone = 0
        for item in self._tables.files.listed(table_prefix(PERSON_HISTORY.name)):
            rows = pq.read_table(io.BytesIO(self.bucket.read(item.key))).to_pylist()
            left = [row for row in rows if identity not in row.values()]
            gone += len(rows) - len(left)
            if not left:
                purge(self.bucket, item.key)
            elif left != rows:
                self.bucket.write(item.key, _written(PERSON_HISTORY, left))
                purge_old(self.bucket, item.key)
        return gone

    @property
    def _stored(self) -> tuple[Groups, int]:
        """The groups as they are kept, and how often they have changed."""
        body = self._body
        if not body:
            return {}, 0
        rows = pq.read_table(io.BytesIO(body))
        both = (rows["patient_identity"], rows["person_identity"])
        changes = int((rows.schema.metadata or {}).get(_CHANGES, b"0"))
        return dict(zip(*(each.to_pylist() for each in both), strict=True)), changes

    @property
    def _body(self) -> bytes:
        try:
            return self.bucket.read(GROUPS_KEY)
        except ObjectGoneError:
            return b""

    @cached_property
    def _tables(self) -> RawTables:
        return RawTables(self.bucket)

    @property
    def _evidence(self) -> PersonEvidence:
        return PersonEvidence(self._tables, self.ledger)


def _groups(found: Grouping) -> Groups:
    return {one: person.identity for person in found.persons for one in person.members}


def _changed(before: Groups, after: Groups) -> set[str]:
    """Patients whose person is another; who is in no group is his own."""
    both = before.keys() | after.keys()
    return {one for one in both if before.get(one, one) != after.get(one, one)}


def _history(
    changed: Iterable[str],
    before: Groups,
    after: Groups,
    why: Mapping[str, str],
    there: set[str],
) -> Iterable[Row]:
    """Rows of the history; of whoever was erased, none, and no word in others'."""
    now = datetime.now(UTC)
    for one in sorted(changed):
        was = before.get(one, one)
        reason = why.get(one, _EVIDENCE_GONE) if was in there else _OLDEST_GONE
        yield {
            "changed_at": now,
            "patient_identity": one,
            "person_before": was if was in there else None,
            "person_after": after.get(one, one),
            "reason": reason,
        }


def _reasons(found: Grouping, rules: PersonRules) -> dict[str, str]:
    """By patient: what joins him, or else what keeps him from being joined."""
    parted = {one: _UNLINKED for two in rules.unlinks for one in two}
    doubts = {one: held.doubt.value for held in found.held for one in held.members}
    joined = {
        one: "+".join(sorted(evidence))
        for person in found.persons
        for one, evidence in person.members.items()
    }
    return parted | doubts | joined


def _file(found: Grouping, changes: int) -> bytes:
    """The groups as Parquet; the same groups after the same changes, the same bytes."""
    rows = [
        {
            "patient_identity": one,
            "person_identity": person.identity,
            "evidence": "+".join(sorted(why)),
        }
        for person in found.persons
        for one, why in person.members.items()
    ]
    return _parquet_of_groups(rows, changes)


def _parquet_of_groups(rows: list[Row], changes: int) -> bytes:
    return _written(PERSONS, rows, {_CHANGES: str(changes).encode()})


def _written(
    table: Table, rows: list[Row], metadata: Mapping[bytes, bytes] | None = None
) -> bytes:
    made = pa.Table.from_pylist(rows, schema=table.schema.with_metadata(metadata))
    sink = io.BytesIO()
    pq.write_table(made, sink, compression="zstd")
    return sink.getvalue()
