"""One patient taken out of the raw zone: his files, his rows, his lines in the ledger.

A file of rows is written again without them, under its own key, and its old versions
are deleted. The ledger comes last: as long as it names him, a run that was killed
finds him again.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dicom_pipeline.catalog import ENTITIES
from dicom_pipeline.catalog.header_schemas import HEADER_SCHEMAS
from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.catalog.pixel_reviews import PIXEL_TABLES
from dicom_pipeline.catalog.table import Table
from dicom_pipeline.dicom.rows import entity_tables
from dicom_pipeline.layout import (
    QUARANTINE_PREFIX,
    RawKey,
    ledger_key,
    table_prefix,
)
from dicom_pipeline.resources.bucket import Bucket, ObjectGoneError, StoredObject
from dicom_pipeline.resources.erased import blank_rows
from dicom_pipeline.resources.erasure_find import Found
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.ledger_table import LedgerTable
from dicom_pipeline.resources.months import Step
from dicom_pipeline.resources.parquet_files import BATCH, row_groups
from dicom_pipeline.resources.purge import purge, purge_all, purge_old
from dicom_pipeline.resources.tables import RawTables, State

Counts = dict[str, int]
Change = Callable[[pa.Table], pa.Table]
Seen = Callable[[pa.Table], None]
"""Told of header rows before they go."""

_PART_BYTES = 16 << 20


@dataclass(frozen=True)
class RawErasure:
    """Takes one patient out of one raw bucket.

    Attributes:
        ledger: Of the bucket.
        tables: Of the same.
    """

    ledger: Ledger
    tables: RawTables

    @property
    def bucket(self) -> Bucket:
        """The raw bucket."""
        return self.ledger.bucket

    def objects(self, found: Found) -> Counts:
        """Delete his files with all versions; copies that a killed door left, too."""
        sops, arrivals, keys = found.sop_uids, found.arrivals, found.raw_keys

        def is_his(key: str) -> bool:
            parsed = RawKey.parse(key)
            return key in keys or (parsed is not None and parsed.sop_uid in sops)

        def waited(key: str) -> bool:
            return key.rsplit("/", 1)[1] in arrivals

        filed = {_folder(key) for key in keys if not key.startswith(QUARANTINE_PREFIX)}
        return {
            "raw_object_versions": purge_all(self.bucket, sorted(filed), is_his),
            "quarantine_versions": purge(self.bucket, QUARANTINE_PREFIX, waited),
        }

    def rows(self, found: Found, seen: Seen) -> Counts:
        """Take his rows out of the headers, and what was made of them."""
        counts: Counts = {"raw_headers_rows": 0, "raw_entity_rows": 0}
        keys = pa.array(sorted(found.raw_keys), pa.string())

        def without(rows: pa.Table) -> pa.Table:
            is_his = pc.is_in(rows["raw_key"], value_set=keys)
            seen(rows.filter(is_his))
            return rows.filter(pc.invert(is_his))

        for month, batches in sorted(found.batches.items()):
            for item in self._holding(HEADERS, month, batches):
                counts["raw_headers_rows"] += self._change(HEADERS, item, without)
            counts["raw_entity_rows"] += self._entities(month, batches)
        counts["header_schemas"] = self._schemas(found)
        return counts | self._pixels(found)

    def forget_builds(self, found: Found) -> None:
        """Let his months be built again: what his rows described is described anew."""
        state = State(self.bucket)
        for step in Step:
            made = state.get(step)
            left = {m: digest for m, digest in made.items() if m not in found.batches}
            if left != made:
                state.put(step, left)

    def ledgers(self, found: Found) -> Counts:
        """Blank his lines; they still count as received, and as ignored: erased."""
        tables = (self.ledger.arrivals, self.ledger.objects)
        return {
            f"ledger_{table.table.name}_rows": self._blank(table, found.arrivals)
            for table in tables
        }

    def _blank(self, ledger: LedgerTable, arrivals: Iterable[str]) -> int:
        wanted = pa.array(sorted(arrivals), pa.string())
        seen = ledger.all()
        mine = seen.filter(pc.is_in(seen["arrival_id"], value_set=wanted))
        batches = set(mine[BATCH].to_pylist())
        blanked = 0

        def blank(rows: pa.Table) -> pa.Table:
            nonlocal blanked
            is_his = pc.is_in(rows["arrival_id"], value_set=wanted)
            if not pc.any(is_his).as_py():
                return rows
            named = pc.and_(is_his, rows["source_key"].is_valid())
            blanked += pc.sum(named).as_py() or 0
            return blank_rows(rows, is_his)

        prefix = table_prefix(ledger.table.name)
        for item in self.tables.files.listed(prefix):
            if batches & self.tables.files.homes([item]).keys():
                self._change(ledger.table, item, blank)
        return blanked

    def _entities(self, month: str, batches: Iterable[str]) -> int:
        """Project the batches again from the headers that are left."""
        made = {batch: self._projected(month, batch) for batch in sorted(batches)}
        removed = 0
        for table in ENTITIES:
            for item in self._holding(table, month, batches):
                held = self.tables.files.homes([item]).keys() & made.keys()
                again = [made[batch][table.name] for batch in sorted(held)]
                removed += self._replace(table, item, held, again)
        return removed

    def _projected(self, month: str, batch: str) -> dict[str, pa.Table]:
        try:
            rows = self.tables.read(HEADERS, month, batch)
        except ObjectGoneError:
            rows = HEADERS.schema.empty_table()
        return entity_tables(rows)

    def _replace(
        self, table: Table, item: StoredObject, held: set[str], again: list[pa.Table]
    ) -> int:
        names = pa.array(sorted(held), pa.string())

        def without(rows: pa.Table) -> pa.Table:
            return rows.filter(pc.invert(pc.is_in(rows[BATCH], value_set=names)))

        return self._change(table, item, without, again)

    def _pixels(self, found: Found) -> Counts:
        """Take out what people and text recognition have said of his images."""
        sops = pa.array(sorted(found.sop_uids), pa.string())

        def without(rows: pa.Table) -> pa.Table:
            return rows.filter(pc.invert(pc.is_in(rows["sop_instance_uid"], sops)))

        return {
            f"{table.name}_rows": sum(
                self._change(table, item, without)
                for item in self.tables.files.listed(table_prefix(table.name))
            )
            for table in PIXEL_TABLES
        }

    def _schemas(self, found: Found) -> int:
        """Delete the schemas of his batches; they are made again when asked for.

        A path may quote a private creator, and that is free text.
        """
        batches = set().union(*found.batches.values())
        keys = [ledger_key(HEADER_SCHEMAS.name, batch) for batch in sorted(batches)]
        return purge_all(self.bucket, keys)

    def _holding(
        self, table: Table, month: str, batches: Iterable[str]
    ) -> list[StoredObject]:
        wanted, files = set(batches), self.tables.files
        listed = files.listed(table_prefix(table.name, month))
        return [item for item in listed if wanted & files.homes([item]).keys()]

    def _change(
        self,
        table: Table,
        item: StoredObject,
        change: Change,
        more: Iterable[pa.Table] = (),
    ) -> int:
        """Write a file again as ``change`` leaves it; return how many rows are gone."""
        before, after, same = 0, 0, True
        with _parquet(table) as (file, writer):
            for rows in row_groups(self.bucket, item, table.schema):
                left = change(rows)
                same = same and left.equals(rows)
                before += rows.num_rows
                after += _put(writer, left)
            for rows in more:
                same = False
                after += _put(writer, rows)
            writer.close()
            if not after:
                purge(self.bucket, item.key)
            elif not same:
                file.seek(0)
                self.bucket.upload(item.key, file, _PART_BYTES, {})  # type: ignore[arg-type]
                purge_old(self.bucket, item.key)
        return before - after


@contextmanager
def _parquet(table: Table) -> Iterator[tuple[IO[bytes], pq.ParquetWriter]]:
    with (
        TemporaryFile() as file,
        pq.ParquetWriter(file, table.schema, compression="zstd") as writer,
    ):
        yield file, writer


def _put(writer: pq.ParquetWriter, rows: pa.Table) -> int:
    if rows.num_rows:
        writer.write_table(rows, row_group_size=rows.num_rows)
    count: int = rows.num_rows
    return count


def _folder(key: str) -> str:
    """Where to look for a key and its neighbours: the study, or the key itself."""
    parsed = RawKey.parse(key)
    return key if parsed is None else "/".join(key.split("/")[:3]) + "/"
