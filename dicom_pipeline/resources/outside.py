"""All that lies outside of the raw zone, as haystacks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from dicom_pipeline.deid.needles import Kind
from dicom_pipeline.layout import HEADERS_PREFIX, TABLES_PREFIX
from dicom_pipeline.resources.bucket import Bucket, StoredObject
from dicom_pipeline.resources.haystack_bytes import Text
from dicom_pipeline.resources.haystack_objects import bucket_texts
from dicom_pipeline.resources.haystacks import (
    duckdb_texts,
    texts_below,
    texts_of_file,
)
from dicom_pipeline.resources.leak_scan import Haystack


@dataclass(frozen=True)
class Outside:
    """Where identities must not be.

    Attributes:
        stage: The stage bucket.
        warehouse: DuckDB file that the build writes.
        published: Folder of what people open.
        dagster_home: Dagster's storage.
        dbt_home: dbt's ``target`` and ``logs``.
        logs: Folders whose ``*.log`` files are looked at.
        days_are_partitions: Whether Dagster and dbt are told the days of studies.
    """

    stage: Bucket
    warehouse: Path
    published: Path
    dagster_home: Path
    dbt_home: Path
    logs: tuple[Path, ...]
    days_are_partitions: bool = False

    def haystacks(
        self, since: float = 0, where: Mapping[str, str] | None = None
    ) -> Iterator[Haystack]:
        """Everything, or what has changed.

        Args:
            since: Files and objects that are older are left out, but for their keys.
            where: SQL conditions on rows of the warehouse, by column.
        """
        yield Haystack("warehouse", self._warehouse(where or {}))
        yield Haystack("published", texts_below(self.published, "published", since))
        yield Haystack("stage bucket", self._stage(since))
        days = frozenset({str(Kind.DATE)} if self.days_are_partitions else ())
        for name, folder in (("dbt", self.dbt_home), ("dagster", self.dagster_home)):
            yield Haystack(name, texts_below(folder, name, since), allowed=days)
        yield Haystack("logs", self._logs(since))

    def _warehouse(self, where: Mapping[str, str]) -> Iterator[Text]:
        if self.warehouse.exists():
            yield from duckdb_texts(self.warehouse, "warehouse", where)

    def _stage(self, since: float) -> Iterator[Text]:
        def is_due(stored: StoredObject) -> bool:
            return stored.modified_at.timestamp() >= since

        # Keys of unchanged JPEGs were looked at when they were new.
        prefixes = (TABLES_PREFIX, HEADERS_PREFIX) if since else ("",)
        stored = chain.from_iterable(map(self.stage.list, prefixes))
        yield from bucket_texts(self.stage, "stage", stored, is_due)

    def _logs(self, since: float) -> Iterator[Text]:
        for folder in self.logs:
            for path in sorted(folder.glob("*.log")):
                if path.stat().st_mtime >= since:
                    yield from texts_of_file(path, "logs")
