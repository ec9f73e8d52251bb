"""Public series of the Imaging Data Commons, chosen by SQL over its index.

The index is a Parquet file of a Python package, one row per series; the objects lie in
public buckets that take unsigned requests.
"""

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from os.path import commonprefix
from pathlib import Path
from typing import Final

import duckdb

from dicom_pipeline.resources.store import Store
from dicom_pipeline.sources.s3 import S3, store_of_environment
from dicom_pipeline.sources.source import (
    GONE,
    Expected,
    Failed,
    Found,
    SourceError,
)

_PACKAGE: Final = "idc_index_data"
_TABLES: Final = (
    "idc_index",
    "prior_versions_index",
    "collections_index",
    "analysis_results_index",
)
_CHOOSERS: Final = (
    "series_aws_url",
    "crdc_series_uuid",
    "SeriesInstanceUID",
    "StudyInstanceUID",
    "PatientID",
    "collection_id",
)
_COHORT: Final = """
    select series_aws_url, instanceCount, series_size_MB
    from idc_index
    where {column} in (select {column} from ({query}))
    order by series_aws_url
"""
_MEGABYTE: Final = 1_000_000
_EXTRA: Final = "pip install 'dicom-pipeline[idc]'"


@dataclass(frozen=True)
class Series:
    """One series of the index.

    Attributes:
        bucket: Public bucket.
        folder: Folder of its objects, with the slash at its end.
        files: Objects in it.
        bytes: Their size, as exact as the index has it.
    """

    bucket: str
    folder: str
    files: int
    bytes: int


@dataclass(frozen=True)
class Idc:
    """The series that a query or a condition chooses.

    Attributes:
        cohort: ``SELECT`` over ``idc_index``, or what follows its ``WHERE``. A query
            chooses by the first it has of ``series_aws_url``, ``crdc_series_uuid``,
            ``SeriesInstanceUID``, ``StudyInstanceUID``, ``PatientID`` and
            ``collection_id``.
        store: Where the public buckets are.
        index: Folder of the Parquet files; by default that of the package.
    """

    cohort: str
    store: Store = field(compare=False)
    index: Path | None = None

    @classmethod
    def at(cls, word: str) -> "Idc":
        """Read ``idc:`` and what follows it."""
        return cls(word.partition(":")[2], store_of_environment(anonymous=True))

    @cached_property
    def series(self) -> tuple[Series, ...]:
        """What is chosen.

        Raises:
            SourceError: The index is not installed, or the question is wrong.
        """
        try:
            with _opened(self.index or _installed()) as connection:
                rows = connection.sql(_cohort(connection, self.cohort)).fetchall()
        except duckdb.Error as error:
            raise SourceError(f"the cohort query fails: {error}") from None
        if not rows:
            raise SourceError("the cohort query chooses no series")
        return tuple(_series(*row) for row in rows)

    @property
    def prefix(self) -> str:
        """What the keys of the chosen series have in common."""
        keys = [f"{each.bucket}/{each.folder}" for each in self.series]
        return commonprefix(keys)  # noqa: RUF071  # a listing's prefix is text

    def expected(self) -> Expected:
        """Add up what the index says."""
        return Expected(
            sum(each.files for each in self.series),
            sum(each.bytes for each in self.series),
            len(self.series),
        )

    def items(self) -> Iterator[Found]:
        """Yield the objects of each series; one that is no more there is a failure."""
        for each in self.series:
            objects = S3(each.bucket, each.folder, self.store, may_be_archives=False)
            count = 0
            for found in objects.items():
                count += 1
                yield found
            yield from [Failed(GONE)] * max(0, each.files - count)


def _installed() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise SourceError(
            f"the index of the Imaging Data Commons is not installed: {_EXTRA} (79 MB)"
        )
    return Path(spec.origin).parent


def _opened(folder: Path) -> duckdb.DuckDBPyConnection:
    """Open a database that sees these files and nothing else of this machine."""
    files = {name: folder / f"{name}.parquet" for name in _TABLES}
    there = {name: file for name, file in files.items() if file.exists()}
    connection = duckdb.connect()
    connection.execute(f"set allowed_paths = {[str(file) for file in there.values()]}")
    connection.execute("set enable_external_access = false")
    for name, file in there.items():
        connection.read_parquet(str(file)).create_view(name)
    return connection


def _cohort(connection: duckdb.DuckDBPyConnection, cohort: str) -> str:
    asked = cohort.strip().rstrip(";")
    begin = asked.lower().split(maxsplit=1)[:1]
    if begin not in (["select"], ["with"], ["from"]):
        asked = f"select series_aws_url from idc_index where {asked}"  # noqa: S608
    columns = connection.sql(asked).columns
    column = next((each for each in _CHOOSERS if each in columns), None)
    if column is None:
        raise SourceError(
            f"the cohort query has none of the columns {', '.join(_CHOOSERS)}"
        )
    return _COHORT.format(column=column, query=asked)


def _series(url: str, files: int, megabytes: float) -> Series:
    """Split ``s3://bucket/folder/*``."""
    bucket, _, below = url.removeprefix("s3://").partition("/")
    size = round(megabytes * _MEGABYTE)
    return Series(bucket, below.removesuffix("*"), files, size)
