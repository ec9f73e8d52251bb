"""Looks for an erased patient: in the values of every raw row, in keys, in bytes.

Ids are compared column by column; his name and number are sought in every text, the
stored headers too. Each file is fetched once, and some of its rows are in memory.
"""

import json
import mmap
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial, reduce
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from dicom_pipeline.catalog import MAPPED, PATIENTS
from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.catalog.objects import ARRIVALS, OBJECTS
from dicom_pipeline.catalog.persons import PERSON_HISTORY
from dicom_pipeline.catalog.pixel_reviews import PIXEL_TABLES
from dicom_pipeline.catalog.table import TEXT, Table
from dicom_pipeline.layout import QUARANTINE_PREFIX, RawKey, table_prefix
from dicom_pipeline.resources.bucket import Bucket, StoredObject
from dicom_pipeline.resources.erasure_find import Found
from dicom_pipeline.resources.erasure_texts import Sought
from dicom_pipeline.resources.parquet_files import (
    fetched,
    groups_in,
    read_columns,
    rows_in,
)
from dicom_pipeline.resources.purge import count_versions
from dicom_pipeline.resources.tables import RawTables

Test = Callable[[pa.Array], pa.Array]

_TABLES = (*MAPPED, PERSON_HISTORY, HEADERS, ARRIVALS, OBJECTS, *PIXEL_TABLES)
_PATIENTS = ("patient_identity", "person_identity", "person_before", "person_after")
_NAMES = ("patient_name", "other_patient_names", "patient_identity")
_LONG = ("header", "file_meta", "bulk")
_OWN = ("sop_instance_uid", "raw_key", "arrival_id", "source_key")  # no two are alike
_UNASKED = ("batch_id", "fingerprint")
_WORD = pa.dictionary(pa.int32(), TEXT)
_AT_ONCE = 2  # files; each decodes with one thread
_SHORT_BYTES = 32 << 20  # decoded; one row group after the other takes twice as long
_LONG_ROWS = 500  # more take new memory each time, and twice as long


@dataclass(frozen=True)
class RawScan:
    """Looks for one patient in the raw zone.

    Attributes:
        tables: Of the raw bucket.
        found: What there was of him.
        values: What his headers called him.
    """

    tables: RawTables
    found: Found
    values: Collection[str]

    @property
    def bucket(self) -> Bucket:
        """The raw bucket."""
        return self.tables.bucket

    def hits(self) -> dict[str, int]:
        """Count versions of his files and rows that name him, by place; none is 0."""
        hits = Counter({"raw objects": self._objects()})
        files = [
            (table, item)
            for table in _TABLES
            for item in self.tables.files.listed(table_prefix(table.name))
        ]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for (table, _), rows in zip(
                files, pool.map(lambda each: self._rows(*each), files), strict=True
            ):
                hits[f"raw {table.name}"] += rows
        return {place: count for place, count in hits.items() if count}

    @cached_property
    def sought(self) -> list[str]:
        """Values that are sought in texts: none that another patient is called too."""
        return sorted(set(self.values) - self._shared())

    def _shared(self) -> set[str]:
        schema = PATIENTS.schema
        names = [name for name in _NAMES if name in schema.names]
        wanted = pa.schema([schema.field(name) for name in names])
        shared: set[str] = set()
        for item in self.tables.files.listed(table_prefix(PATIENTS.name)):
            for row in read_columns(self.bucket, item, wanted).to_pylist():
                text = json.dumps(list(row.values()), ensure_ascii=False)
                shared |= {value for value in self.values if value in text}
        return shared

    def _objects(self) -> int:
        sops, arrivals = self.found.sop_uids, self.found.arrivals

        def is_his(key: str) -> bool:
            parsed = RawKey.parse(key)
            return parsed is not None and parsed.sop_uid in sops

        parsed = filter(None, map(RawKey.parse, self.found.raw_keys))
        folders = {"/".join(key.spell().split("/")[:3]) + "/" for key in parsed}
        waiting = count_versions(
            self.bucket,
            QUARANTINE_PREFIX,
            lambda key: key.rsplit("/", 1)[1] in arrivals,
        )
        return waiting + sum(
            count_versions(self.bucket, folder, is_his) for folder in folders
        )

    def _rows(self, table: Table, item: StoredObject) -> int:
        """Count the rows of one file that name him."""
        short, long = _columns_of(table)
        with fetched(self.bucket, item) as body:
            told = self._told(groups_in(body, short, _SHORT_BYTES))
            if long.names:
                said = self._told(rows_in(body, long, _LONG_ROWS))
                told = pc.or_(told, said)
        return pc.sum(told).as_py() or 0

    def _told(self, parts: Iterable[pa.Table]) -> pa.ChunkedArray:
        """Which of some rows name him, in whatever column."""
        told = []
        for rows in parts:
            none = pa.repeat(pa.scalar(value=False), rows.num_rows)
            columns = (_told(rows[n], self._test(n)) for n in rows.column_names)
            some = (column for column in columns if column is not None)
            told.append(reduce(pc.or_, some, none))
        return pa.chunked_array(told, pa.bool_())

    def _test(self, column: str) -> Test:
        """How a column is asked about him: by its ids, or by what he was called."""
        values = self._ids.get(column)
        if values is None:
            return self._words.within
        return partial(pc.is_in, value_set=values)

    @cached_property
    def _words(self) -> Sought:
        return Sought(self.sought)

    @cached_property
    def _ids(self) -> dict[str, pa.Array]:
        found = self.found
        sops = pa.array(sorted(found.sop_uids), TEXT)
        return {
            **dict.fromkeys(_PATIENTS, pa.array([found.identity], TEXT)),
            "sop_instance_uid": sops,
            "described_by_sop_instance_uid": sops,
            "raw_key": pa.array(sorted(found.raw_keys), TEXT),
        }


def _columns_of(table: Table) -> tuple[pa.Schema, pa.Schema]:
    """Short texts, and as words those that rows share: each is looked at once; long."""
    names = [field.name for field in table.schema if field.type == TEXT]
    short = [name for name in names if name not in {*_LONG, *_UNASKED}]
    return (
        pa.schema((name, TEXT if name in _OWN else _WORD) for name in short),
        pa.schema((name, TEXT) for name in names if name in _LONG),
    )


def _told(column: pa.ChunkedArray, test: Test) -> pa.Array | None:
    """Which rows a test is true of, a row without a value never; ``None``: of none."""
    whole = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    is_words = pa.types.is_dictionary(whole.type)
    told = test(whole.dictionary if is_words else whole)
    if not pc.any(told).as_py():
        return None
    found = told.take(whole.indices) if is_words else told
    return pc.fill_null(found, False)  # noqa: FBT003


def byte_hits(
    folder: Path, beside: Iterable[Path], values: Collection[str]
) -> dict[str, int]:
    """Count the values that stand in the bytes or the name of each file below a folder.

    Args:
        folder: Where to look.
        beside: Folders that are left out.
        values: As they are, in UTF-8.

    Returns:
        Values by file, its path from ``folder``; files without any are left out.
    """
    sought = [value.encode() for value in values]
    left = {each.resolve() for each in beside}
    hits = {}
    for file in _files(folder.resolve(), left):
        place = file.relative_to(folder.resolve()).as_posix()
        if count := _in_file(file, sought):
            hits[place] = count
    return hits


def _in_file(file: Path, sought: list[bytes]) -> int:
    try:
        with file.open("rb") as opened:
            if not os.fstat(opened.fileno()).st_size:
                return 0
            with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as body:
                return sum(body.find(value) >= 0 for value in sought)
    except (OSError, ValueError):  # gone meanwhile, or no regular file
        return 0


def _files(folder: Path, beside: set[Path]) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        here = Path(place)
        folders[:] = [each for each in folders if here / each not in beside]
        yield from (here / name for name in names if (here / name).is_file())
