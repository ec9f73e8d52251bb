"""The door of the raw zone: each arrival is read, filed and given its outcome.

Everything that the header says is read here, once; the raw tables are made from what
was read. A bad file is set aside with its reason; a bad place stops the batch, which
is then done again from its beginning.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.catalog.objects import ARRIVALS, OBJECTS
from dicom_pipeline.deid.tombstones import Graveyard
from dicom_pipeline.dicom.header import READER_VERSION, Ignored, Refused
from dicom_pipeline.dicom.identity import patient_identity
from dicom_pipeline.dicom.months import month_of
from dicom_pipeline.dicom.reasons import IgnoredReason
from dicom_pipeline.dicom.rows import (
    FileFacts,
    PackedHeader,
    Shelf,
    header_tables,
)
from dicom_pipeline.layout import Grain, RawKey, quarantine_key
from dicom_pipeline.resources.bucket import (
    Bucket,
    ObjectChangedError,
    ObjectGoneError,
    StoredObject,
)
from dicom_pipeline.resources.erased import NOBODY, Refusals, erased_row, forget
from dicom_pipeline.resources.header_workers import HeaderReader
from dicom_pipeline.resources.headers import HeaderRead
from dicom_pipeline.resources.ledger import STORED, Ledger, Outcome, Row, Version
from dicom_pipeline.resources.outcomes import FILED
from dicom_pipeline.resources.store import CONCURRENCY
from dicom_pipeline.resources.tables import RawTables
from dicom_pipeline.sources.intake import RAW
from dicom_pipeline.sources.versions import Versions

_TAKEN_OVER = [name for name in ARRIVALS.schema.names if name in OBJECTS.schema.names]


@dataclass(frozen=True)
class Admission:
    """What became of one arrival, while its batch is being done."""

    arrival: Row
    read: HeaderRead
    month: str = ""
    month_source: str | None = None
    raw_key: str = ""
    outcome: Outcome | None = None
    reason: str | None = None
    patient: str | None = field(default=None, repr=False)

    @property
    def version(self) -> Version:
        """The file as one version of its SOP instance; only where it has a header."""
        uids = (
            (self.header.study_instance_uid, self.header.series_instance_uid)
            if self.header
            else (None, None)
        )
        return Version(self.arrival["fingerprint"], (self.patient, *uids))

    @property
    def is_erased(self) -> bool:
        """Whether it is of an erased patient."""
        return self.reason == IgnoredReason.ERASED

    @property
    def header(self) -> PackedHeader | None:
        """The header, where it could be read."""
        found = self.read.found
        return found if isinstance(found, PackedHeader) else None


@dataclass(frozen=True)
class Door:
    """Lets one batch of arrivals into the raw bucket.

    Attributes:
        sources: The buckets that arrivals name, by ``provider`` and ``raw``.
        ledger: Where outcomes are recorded.
        provider: Name of the provider, the namespace of its patient ids.
        grain: How time is cut.
        reader: Reads the headers, in processes of its own where it has some.
        erased: Patients who are not let in again.
    """

    sources: Mapping[str, Bucket]
    ledger: Ledger
    provider: str
    grain: Grain
    reader: HeaderReader = field(default_factory=HeaderReader)
    erased: Refusals = NOBODY

    @property
    def raw(self) -> Bucket:
        """The bucket behind the door."""
        return self.ledger.bucket

    def admit(self, batch: str) -> Counter[str]:
        """Do one batch and return the count of each outcome.

        The order of arrivals within a batch is (time, fingerprint, key), so that a
        repetition gives every file the same outcome.
        """
        order = ("modified_at", "fingerprint", "source_key")
        arrivals = self.ledger.arrivals.read(batch).sort_by(
            [(column, "ascending") for column in order]
        )
        graves = self.erased.graveyard()
        rows = arrivals.to_pylist()
        read = [self._filed(each, graves) for each in self._read(rows)]
        known = self.ledger.versions(
            each.header.sop_instance_uid for each in read if each.header
        )
        done = self._with_outcomes(self._copied(_judged(read, known)), known)
        self._write_headers(batch, done)
        refused = [(each.arrival, each.raw_key) for each in done if each.is_erased]
        forget(self.ledger.arrivals, batch, refused)
        self.ledger.objects.write(batch, [_ledger_row(each, batch) for each in done])
        self._release(done)
        return Counter(str(each.outcome) for each in done)

    def _read(self, arrivals: list[Row]) -> list[Admission]:
        by_source: dict[str, list[Row]] = defaultdict(list)
        read: dict[str, HeaderRead] = {}
        for arrival in arrivals:
            if arrival["source_key"] is None:
                gone = Ignored(IgnoredReason.ERASED)
                read[arrival["arrival_id"]] = HeaderRead(_stored(arrival), gone, 0)
            else:
                by_source[_source_of(arrival)].append(arrival)
        shelf = Shelf()
        for source, rows in by_source.items():
            ids = {_stored(row): row["arrival_id"] for row in rows}
            for each in self.reader.read(self.sources[source], list(ids)):
                read[ids[each.stored]] = _on(shelf, each)
        return [Admission(row, read[row["arrival_id"]]) for row in arrivals]

    def _filed(self, each: Admission, graves: Graveyard) -> Admission:
        """Say where the file belongs, or why it is not let in."""
        found = each.read.found
        if isinstance(found, Refused):
            return _ended(each, Outcome.QUARANTINED, found.reason)
        if isinstance(found, Ignored):
            return _ended(each, Outcome.IGNORED, found.reason)
        month, source = month_of(found, self.grain.value)
        uids = found.study_instance_uid, found.series_instance_uid
        key = RawKey(month, *uids, found.sop_instance_uid, each.arrival["fingerprint"])
        filed = replace(
            each,
            month=month,
            month_source=source,
            raw_key=key.spell(),
            patient=patient_identity(
                found.text("00100021"), self.provider, found.text("00100020"), uids[0]
            ),
        )
        if graves.refuses(filed.patient, found.sop_instance_uid):
            return _ended(filed, Outcome.IGNORED, IgnoredReason.ERASED)
        return filed

    def _copied(self, read: list[Admission]) -> list[Admission]:
        """Copy every file to its place; what left meanwhile is ignored."""
        with ThreadPoolExecutor(CONCURRENCY) as pool:
            return list(pool.map(self._copy, read))

    def _copy(self, each: Admission) -> Admission:
        target = each.raw_key
        if each.outcome is Outcome.IGNORED:
            return each
        if each.outcome is Outcome.QUARANTINED:
            target = _waits_at(each)
        source = self.sources[_source_of(each.arrival)]
        if source == self.raw and target == each.read.stored.key:
            return each
        try:
            self.raw.copy_from(source, each.read.stored, target)
        except ObjectGoneError:
            return _ended(each, Outcome.IGNORED, IgnoredReason.VANISHED)
        except ObjectChangedError:
            return _ended(each, Outcome.IGNORED, IgnoredReason.SUPERSEDED)
        return each

    def _with_outcomes(
        self, copied: list[Admission], known: Mapping[str, list[Version]]
    ) -> list[Admission]:
        """Tell first, identical and new versions apart, in the order of arrival."""
        versions = Versions.of(known)
        done = []
        for each in copied:
            if each.outcome is None and each.header is not None:
                sop = each.header.sop_instance_uid
                done.append(_ended(each, versions.outcome(sop, each.version)))
            else:
                done.append(each)
        return done

    def _release(self, done: Iterable[Admission]) -> None:
        """Delete the waiting copies of replayed files that need not wait any more."""
        for each in done:
            held = each.arrival["held_key"]
            waits = each.outcome is Outcome.QUARANTINED and held == _waits_at(each)
            if held and not waits and each.outcome is not Outcome.IGNORED:
                self.raw.delete(held)

    def _write_headers(self, batch: str, done: Iterable[Admission]) -> None:
        files: dict[str, list[tuple[PackedHeader, FileFacts]]] = defaultdict(list)
        for each in done:
            if each.outcome in STORED and each.header is not None:
                facts = self._facts(each, batch)
                files[each.month].append((each.header, facts))
        tables = RawTables(self.raw)
        for month, of_month in files.items():
            tables.write_parts(HEADERS, month, batch, header_tables(of_month))

    def _facts(self, each: Admission, batch: str) -> FileFacts:
        return FileFacts(
            provider=self.provider,
            raw_key=each.raw_key,
            bytes=each.arrival["bytes"],
            fingerprint=each.arrival["fingerprint"],
            modified_at=each.arrival["modified_at"],
            batch_id=batch,
        )


def _stored(row: Row) -> StoredObject:
    return StoredObject(
        row["held_key"] or row["source_key"],
        row["held_fingerprint"] or row["fingerprint"],
        row["bytes"],
        row["modified_at"],
    )


def _on(shelf: Shelf, read: HeaderRead) -> HeaderRead:
    """Put a header's text out of the way until it is written."""
    if not isinstance(read.found, PackedHeader):
        return read
    return replace(read, found=shelf.keep(read.found))


def _judged(
    read: list[Admission], known: Mapping[str, list[Version]]
) -> list[Admission]:
    """Set aside what cannot be a version of the instance that its UID names."""
    versions, judged = Versions.of(known), []
    for each in read:
        reason = None
        if each.outcome is None and each.header is not None:
            reason = versions.conflict(
                each.header.sop_instance_uid, each.version, each.arrival["accepts"]
            )
        judged.append(_ended(each, Outcome.QUARANTINED, reason) if reason else each)
    return judged


def _source_of(arrival: Row) -> str:
    """Where the bytes are: a replay takes them from the quarantine."""
    return RAW if arrival["held_key"] else str(arrival["source"])


def _waits_at(each: Admission) -> str:
    return quarantine_key(str(each.reason), each.arrival["arrival_id"])


def _ended(each: Admission, outcome: Outcome, reason: str | None = None) -> Admission:
    return replace(each, outcome=outcome, reason=reason)


def _ledger_row(each: Admission, batch: str) -> Row:
    if each.is_erased:
        return erased_row(each.arrival, batch)
    header = each.header
    return {
        **{name: each.arrival[name] for name in _TAKEN_OVER},
        "outcome": each.outcome,
        "reason": each.reason,
        "raw_key": each.raw_key if each.outcome in FILED else None,
        "month": each.month or None,
        "month_source": each.month_source,
        "sop_instance_uid": header.sop_instance_uid if header else None,
        "study_instance_uid": header.study_instance_uid if header else None,
        "series_instance_uid": header.series_instance_uid if header else None,
        "patient_identity": each.patient,
        "header_bytes": header.header_bytes if header else None,
        "requests": each.read.requests,
        "reader_version": READER_VERSION,
        "batch_id": batch,
    }
