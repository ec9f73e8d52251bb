"""The search after an erasure counts what a slow reading of every row counts."""

import io

import pyarrow.parquet as pq
import pytest
from moto import mock_aws

from dicom_pipeline.resources import erasure_scan
from dicom_pipeline.resources.compaction import Compaction
from dicom_pipeline.resources.erasure_find import Finder
from dicom_pipeline.resources.erasure_scan import RawScan
from dicom_pipeline.resources.tables import RawTables
from tests.unit.publish.archives import HER, HIM, IDENTITY, NAMES, Archive
from tests.unit.resources.test_compaction import NOW
from tests.unit.resources.test_erasure_texts import stands_in

CALLED = {NAMES[HIM], HIM, "Ölraustrasse 12"}
"""What only his headers say; his files' ids are sought beside it."""


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    """Nobody is erased: he is everywhere, and in a header of hers.

    But for the patients: who is there still may be another of his name.
    """
    with mock_aws():
        archive = Archive(tmp_path_factory.mktemp("home"))
        archive.send(HIM, 1, 2)
        archive.send(HER, 1, PatientComments=f"not ({NAMES[HIM]})")
        archive.load()
        archive.send(HER, 2, 3, 4, PatientComments=f"{HIM}7 is another")
        archive.load()
        Compaction(archive.raw, NOW.replace(year=2099)).compact()
        for item in list(archive.raw.list("tables/patients/")):
            archive.raw.delete(item.key)
        tables = RawTables(archive.raw)
        erased = archive.erasure()._erased.of(IDENTITY)  # noqa: SLF001
        yield RawScan(
            tables, Finder(archive.ledger, tables).find(IDENTITY, erased), CALLED
        )


def slow(scan: RawScan) -> dict[str, int]:
    """Rows that say anything of him, by table, each value of each row looked at."""
    sought = [*CALLED, *scan.found.sop_uids, IDENTITY]
    hits: dict[str, int] = {}
    for item in scan.bucket.list("tables/"):
        place = f"raw {item.key.split('/')[1]}"
        for row in pq.read_table(io.BytesIO(scan.bucket.read(item.key))).to_pylist():
            texts = [value for value in row.values() if isinstance(value, str)]
            is_his = any(stands_in(text, sought) for text in texts)
            hits[place] = hits.get(place, 0) + is_his
    return {place: count for place, count in hits.items() if count}


@pytest.mark.parametrize(("words_bytes", "texts"), [(0, 1), (1 << 30, 1_000)])
def test_every_row_that_a_slow_reading_finds_is_counted(
    scan, monkeypatch, words_bytes, texts
):
    """Few rows at a time, and all at once."""
    monkeypatch.setattr(erasure_scan, "_SHORT_BYTES", words_bytes)
    monkeypatch.setattr(erasure_scan, "_LONG_ROWS", texts)
    expected = slow(scan)
    expected["raw objects"] += 2  # his files, beside the table of the same name

    assert scan.hits() == expected
