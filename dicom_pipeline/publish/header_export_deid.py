"""Headers as nested, typed Parquet on the far side of the line.

Columns are those of the allow-list, values are what its functions leave. Neither the
order of the rows nor what lies together in a file tells when a file was received.
"""

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dicom_pipeline.deid.nested import Cleaned, Cleaner
from dicom_pipeline.deid.nested_rules import nested_rules, nested_sha256
from dicom_pipeline.deid.profiles import Profile
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.dicom.nested.columns import Columns
from dicom_pipeline.dicom.nested.text import many
from dicom_pipeline.dicom.nested.types import leaves
from dicom_pipeline.publish.header_export import DONE, Plan, current_headers, parsed
from dicom_pipeline.publish.header_export_parts import ROW_GROUP, Parts, by_folder
from dicom_pipeline.publish.header_export_people import named_terms
from dicom_pipeline.publish.header_export_places import Place
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.tables import RawTables

RECEIPT: Final = "_deidentification.json"
"""What was done to the headers, by counts; written before the mark of the end."""

LINEAGE: Final = pa.schema(
    [
        ("sop_instance_uid", pa.string()),
        ("patient_key", pa.string()),
        ("device_key", pa.string()),
        ("deid_profile", pa.string()),
        ("deid_rules_sha256", pa.string()),
        ("deid_key_version", pa.int32()),
    ]
)
"""Columns that every exported row has; no keyword is spelled so."""

_CHUNK = 512  # headers parsed at a time: their dictionaries are the largest thing here
_OF_ROW = ("provider", "study_instance_uid", "sop_instance_uid")


@dataclass(frozen=True)
class Line:
    """How headers are brought over the line.

    Attributes:
        pseudonyms: The key.
        profile: How far it goes.
        private: Whether the private elements of the second list may stay.
    """

    pseudonyms: Pseudonyms
    profile: Profile
    private: bool = False

    @property
    def rules_sha256(self) -> str:
        """SHA-256 of the lists that decide."""
        return nested_sha256(private=self.private)

    def cleaner(self, named: Mapping[str, tuple[str, ...]]) -> Cleaner:
        """Return what cleans one header after the other.

        Args:
            named: Names that other files of a patient bear, by his identity.
        """
        rules = nested_rules(private=self.private)
        return Cleaner(rules, self.pseudonyms, self.profile, named)


@dataclass
class Deidentified:
    """What was written, and what was not; counts alone.

    Attributes:
        profile: How far it goes.
        rules_sha256: Of the lists that decided.
        key_version: Of the key.
        private: Whether private elements of the list were let through.
        rows: SOP instances.
        files: Parquet files.
        bytes: Their size.
        columns: Leaf columns of each file.
        kept: Values that are there, by function.
        nulled: Values that are null though the header has them, as (keyword, why).
        dropped: Elements without a column, by why.
        not_listed: Elements of the dictionary that no rule speaks of, by keyword.
    """

    profile: str
    rules_sha256: str
    key_version: int
    private: bool
    rows: int = 0
    files: int = 0
    bytes: int = 0
    columns: int = 0
    kept: Mapping[str, int] = field(default_factory=dict)
    nulled: Mapping[tuple[str, str], int] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    not_listed: Mapping[str, int] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """Everything as JSON has it."""
        nulled = [[*what, count] for what, count in sorted(self.nulled.items())]
        return {**vars(self), "nulled": nulled}


def export_deidentified(
    raw: tuple[RawTables, Ledger],
    line: Line,
    plan: Plan,
    place: Place,
    told: Callable[[int], None] = lambda _rows: None,
) -> Deidentified:
    """Write one row per SOP instance, its newest version.

    Args:
        raw: Where the headers are, and what knows which versions are the newest.
        line: How they are brought over the line.
        plan: Columns and folders, of ``nested_fields``.
        place: Folder to write to, empty.
        told: Called with the rows that are read so far.

    Returns:
        Counts; memory is bounded by ``BUFFER_BYTES`` of columns and one batch.
    """
    writer = _Writer(line, line.cleaner(named_terms(*raw)), plan, place)
    rows = 0
    for headers in current_headers(*raw, order=_shuffled(line.pseudonyms)):
        for chunk in headers.combine_chunks().to_batches(_CHUNK):
            writer.take(chunk)
        rows += headers.num_rows
        told(rows)
    return writer.finish()


def _shuffled(pseudonyms: Pseudonyms) -> Callable[[str], str]:
    """Order batches by nothing that tells when they came."""
    return lambda batch: pseudonyms.token("batch", batch)


class _Writer:
    """Cleans headers and sorts what they become into folders."""

    def __init__(self, line: Line, cleaner: Cleaner, plan: Plan, place: Place) -> None:
        self._plan, self._place = plan, place
        self._cleaner, self._columns = cleaner, Columns()
        self._schema = pa.schema([*LINEAGE, *(f.arrow for f in plan.fields)])
        self._parts = Parts(place, _encode)
        self._done = Deidentified(
            profile=line.profile,
            rules_sha256=line.rules_sha256,
            key_version=line.pseudonyms.key_version,
            private=line.private,
            columns=leaves(plan.fields) + len(LINEAGE),
        )

    def take(self, headers: pa.RecordBatch) -> None:
        """Clean headers and sort them into their folders."""
        rows = headers.select(_OF_ROW).to_pylist()
        with many():
            cleaned = [
                self._cleaner.clean(header, row)
                for header, row in zip(parsed(headers), rows, strict=True)
            ]
            elements = [each.elements for each in cleaned]
            made = self._columns.batch(elements, self._plan.fields)
            folders = self._columns.batch(elements, self._plan.partition_by)
        table = pa.table([*self._lineage(cleaned), *made.columns], self._schema)
        values = [column.to_pylist() for column in folders.columns]
        for folder, part in by_folder(table, folders.schema.names, values):
            self._parts.hold(folder, part)
        self._parts.write_much()

    def finish(self) -> Deidentified:
        """Write what is left, the receipt, then the mark that all is there."""
        done, counts = self._done, self._cleaner.counts
        written = self._parts.write_all()
        done.rows, done.files, done.bytes = written.rows, written.files, written.bytes
        done.kept, done.dropped = dict(counts.kept), dict(counts.dropped)
        done.nulled = dict(counts.nulled + self._columns.lost)
        done.not_listed = dict(sorted(counts.not_listed.items()))
        self._place.put(RECEIPT, json.dumps(done.facts(), indent=2).encode())
        self._place.put(DONE, b"")
        return done

    def _lineage(self, cleaned: Sequence[Cleaned]) -> Iterator[pa.Array]:
        for name in LINEAGE.names[:3]:
            yield pa.array([getattr(each, name) for each in cleaned], pa.string())
        same = (self._done.profile, self._done.rules_sha256, self._done.key_version)
        for kind, value in zip(LINEAGE.types[3:], same, strict=True):
            yield pa.repeat(pa.scalar(value, kind), len(cleaned))


def _encode(rows: pa.Table) -> bytes:
    """Pseudonyms are random: their order says nothing of when a row came."""
    rows = rows.take(pc.sort_indices(rows["sop_instance_uid"]))
    body = io.BytesIO()
    pq.write_table(rows, body, compression="zstd", row_group_size=ROW_GROUP)
    return body.getvalue()
