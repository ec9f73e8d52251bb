"""What the ledger says against what is there: header rows and files, by month.

The ledger cannot vouch for itself. Header batches are listed, of every month: one
request for a thousand. Of the months that are asked for, the rows in each batch are
counted from the footers, and some of the files are looked for: a look at every file
would cost a request for each, and a listing one for a thousand.
"""

from collections import defaultdict
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.layout import (
    OBJECTS_PREFIX,
    RawKey,
    batch_of,
    month_of,
    table_prefix,
)
from dicom_pipeline.resources.bucket import Bucket, StoredObject
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.outcomes import FILED
from dicom_pipeline.resources.store import CONCURRENCY
from dicom_pipeline.resources.tables import EMPTY, RawTables

SAMPLE = 256  # files, over all months that are asked for; at least one of each


@dataclass(frozen=True)
class Findings:
    """What is not as the ledger says.

    Attributes:
        batches_missing: Header batches of which nothing is there.
        batches_unknown: Header batches that no outcome speaks of: the ledger lost them.
        rows_wrong: Header rows too few or too many, in the batches that were counted.
        files_looked_for: Files of the raw bucket that were looked for.
        files_missing: Those that are not there.
    """

    batches_missing: int = 0
    batches_unknown: int = 0
    rows_wrong: int = 0
    files_looked_for: int = 0
    files_missing: int = 0

    @property
    def holds(self) -> bool:
        """Whether everything is as the ledger says."""
        wrong = (self.batches_missing, self.batches_unknown, self.rows_wrong)
        return not any(wrong) and not self.files_missing


@dataclass(frozen=True)
class Audit:
    """Looks into the raw bucket.

    Attributes:
        ledger: What is said to be there.
        tables: The header rows.
    """

    ledger: Ledger
    tables: RawTables

    def batches(self) -> Findings:
        """Every month: the header batches, by a listing of their names."""
        said = {
            (month, batch)
            for month, batches in self.ledger.accounts.stored().items()
            for batch in batches
        }
        there = {
            (month, batch)
            for month, files in self._listed().items()
            for batch in self.tables.files.homes(files)
        }
        return Findings(
            batches_missing=len(said - there), batches_unknown=len(there - said)
        )

    def months(self, months: Collection[str]) -> dict[str, Findings]:
        """These months: their header rows, and some of their files."""
        rows_wrong = self._rows_wrong(months)
        keys = self._some_keys(months)
        there = _there(
            self.ledger.bucket, [key for some in keys.values() for key in some]
        )
        return {
            month: Findings(
                rows_wrong=rows_wrong[month],
                files_looked_for=len(keys[month]),
                files_missing=len(set(keys[month]) - there),
            )
            for month in months
        }

    def files(self) -> dict[str, tuple[int, int]]:
        """Every file, by a whole listing: how many are said and there, by month."""
        there: dict[str, int] = defaultdict(int)
        for item in self.ledger.bucket.list(OBJECTS_PREFIX):
            key = RawKey.parse(item.key)
            there[key.month if key else "none"] += 1
        said = {m: sum(b.values()) for m, b in self.ledger.accounts.stored().items()}
        return {
            month: (said.get(month, 0), there.get(month, 0))
            for month in sorted(said.keys() | there.keys())
        }

    def _listed(self) -> dict[str, list[StoredObject]]:
        found: dict[str, list[StoredObject]] = defaultdict(list)
        for item in self.tables.files.listed(table_prefix(HEADERS.name)):
            if batch_of(item.key) != EMPTY:
                found[month_of(item.key)].append(item)
        return found

    def _rows_wrong(self, months: Collection[str]) -> dict[str, int]:
        """Rows too few or too many by month; a batch in two files counts once."""
        files, listed = self.tables.files, self._listed()
        homes = [
            (month, batch, home)
            for month in months
            for batch, home in files.homes(listed.get(month, [])).items()
        ]
        with ThreadPoolExecutor(CONCURRENCY) as pool:
            counted = pool.map(files.rows, (home for *_, home in homes))
            left = {
                month: dict(self.ledger.accounts.stored().get(month, {}))
                for month in months
            }
            for (month, batch, _), rows in zip(homes, counted, strict=True):
                left[month][batch] = left[month].get(batch, 0) - rows[batch]
        return {month: sum(map(abs, left[month].values())) for month in months}

    def _some_keys(self, months: Collection[str]) -> dict[str, list[str]]:
        """Keys of some files of each month: the first by keyed id in its last batch."""
        stored = self.ledger.accounts.stored()
        last = {month: max(stored[month]) for month in months if month in stored}
        found: dict[str, list[str]] = {month: [] for month in months}
        share = max(1, SAMPLE // max(1, len(months)))
        for batch in sorted(set(last.values())):
            rows = self.ledger.objects.read(batch).sort_by("arrival_id")
            for row in rows.select(["month", "outcome", "raw_key"]).to_pylist():
                mine = last.get(row["month"]) == batch and row["outcome"] in FILED
                if mine and len(found[row["month"]]) < share:
                    found[row["month"]].append(row["raw_key"])
        return found


def _there(bucket: Bucket, keys: Collection[str]) -> set[str]:
    """Those of the keys that have an object."""

    def one(key: str) -> bool:
        return any(item.key == key for item in bucket.list_page(key).objects)

    with ThreadPoolExecutor(CONCURRENCY) as pool:
        return {
            key
            for key, is_there in zip(keys, pool.map(one, keys), strict=True)
            if is_there
        }
