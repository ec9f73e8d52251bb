"""Days instead of months, late slices, runs that find nothing new, and compaction."""

from io import BytesIO

import dagster as dg
import duckdb
import pydicom
import pytest
from dagster._core.storage.asset_check_execution_record import (
    AssetCheckExecutionRecordStatus,
)
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.layout import Grain, RawKey
from dicom_pipeline.partitions import range_tags
from dicom_pipeline.places import Places
from dicom_pipeline.resources.dbt import Dbt
from dicom_pipeline.resources.jpegs import Jpegs
from dicom_pipeline.resources.months import GrainChangedError
from dicom_pipeline.settings import Settings

pytestmark = pytest.mark.s3

COMPLETENESS_TEST = "not_null_fct_series_completeness"
FIRST, SECOND, NONE = "2024-01-05", "2024-01-17", "unknown"


def slice_of(series, number, date):
    """File of one slice; slices are 2 mm apart."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.Modality = CTImageStorage, "CT"
    dataset.SOPInstanceUID = f"1.2.826.0.1.3680043.{series}.{number}"
    dataset.StudyInstanceUID = f"1.2.826.0.1.3680043.{series}"
    dataset.SeriesInstanceUID = dataset.StudyInstanceUID
    dataset.PatientID, dataset.StudyDate = "1", date.replace("-", "")
    dataset.InstanceNumber = number
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.ImagePositionPatient = [0, 0, 2 * number]
    dataset.Rows = dataset.Columns = 8
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.PixelData = bytes(range(64))
    file = BytesIO()
    pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """An installation that is cut by days."""
    home = tmp_path_factory.mktemp("daily") / "home"
    settings = Settings(home=home, grain=Grain.DAILY, batch_size=3, _env_file=None)
    with pytest.MonkeyPatch.context() as patch, Places(settings).open() as opened:
        patch.setenv("DICOM_PIPELINE_HOME", str(home))
        yield opened


@pytest.fixture(scope="module")
def engine(places):
    """Dagster without its daemon."""
    from dicom_pipeline.engine import open_engine  # noqa: PLC0415  # reads the home

    with open_engine(places, lambda _: None) as opened:
        yield opened


@pytest.fixture(scope="module")
def first(places, engine):
    """Two days and no day, one slice missing on the first."""
    for series, date, numbers in ((1, FIRST, (1, 2, 4, 5)), (2, SECOND, (1, 2, 3))):
        for number in numbers:
            body = slice_of(series, number, date)
            places.provider.write(f"{series}/{number}", body)
    places.provider.write("3/1", slice_of(3, 1, ""))
    engine.run_all_due()
    return stored(places)


@pytest.fixture(scope="module")
def fewer(places, engine, first):  # noqa: ARG001  # after it
    """The same in fewer files."""
    job = engine.definitions.get_job_def("compact_raw")
    quiet = {"ops": {"raw__compaction": {"config": {"days": 0.0}}}}
    assert job.execute_in_process(instance=engine.instance, run_config=quiet).success
    return stored(places)


@pytest.fixture(scope="module")
def late(places, engine, fewer):  # noqa: ARG001  # after it
    """The slice that was missing, days later."""
    places.provider.write("late", slice_of(1, 3, FIRST))
    engine.run_all_due()
    return stored(places)


def stored(places):
    """Fingerprints of everything in the raw and stage buckets."""
    buckets = (places.raw, places.stage)
    return {(b.name, item.key): item.fingerprint for b in buckets for item in b.list()}


def asked(places, sql):
    """Rows of what people see."""
    with duckdb.connect(str(places.settings.snapshot), read_only=True) as connection:
        return connection.execute(sql).fetchall()


JUDGED = """
    select number_of_instances, completeness, missing_instances from fct_series
    order by 1 desc
"""


def test_files_lie_by_day_and_each_day_is_a_partition(places, engine, first):
    """Keys, partitions and raw rows tell days; no day is unknown."""
    keys = [key for bucket, key in first if (bucket, key[:6]) == ("raw", "dicom/")]
    days = {RawKey.parse(key).month for key in keys}
    partitions = engine.instance.get_dynamic_partitions("study_month")

    assert days == set(partitions) == {FIRST, SECOND, NONE}
    assert sum(key.startswith(f"dicom/day={FIRST}/") for key in keys) == 4
    assert places.tables.months(HEADERS) == days
    assert places.ledger.balance().holds


def test_what_dbt_tests_is_on_record_as_checks(engine, first):  # noqa: ARG001
    """The job does not plan them one by one, and each is there all the same."""
    key = dg.AssetCheckKey(dg.AssetKey(["processed", "fct_series"]), COMPLETENESS_TEST)
    storage = engine.instance.event_log_storage

    [record] = storage.get_asset_check_execution_history(key, limit=5)

    assert record.status == AssetCheckExecutionRecordStatus.SUCCEEDED


def test_compaction_changes_no_answer(places, first, fewer):
    """Fewer files, the same DICOM objects and JPEGs, nothing due, all in balance."""
    kept = {item: found for item, found in first.items() if "tables/" not in item[1]}

    assert len(fewer) < len(first)
    assert kept.items() <= fewer.items()
    assert places.months.due() == {}
    assert places.ledger.balance().received == 8
    assert places.ledger.unaccounted() == 0


def test_a_late_slice_joins_its_day_and_completes_its_series(places, fewer, late):
    """One day is built again; the series that had a gap has none."""
    files = {item for item in late.items() if "/headers/" in item[0][1]}
    new = {key for (_, key), _ in files - set(fewer.items())}

    assert asked(places, JUDGED) == [
        (5, "complete", 0),
        (3, "complete", 0),
        (1, "unknown", 0),
    ]
    assert len(new) == 1
    assert FIRST in new.pop()


def test_nothing_new_writes_nothing(places, engine, late, monkeypatch):
    """Neither what is due, which is nothing, nor a day that is asked for by hand."""
    monkeypatch.setattr(Dbt, "build", None)
    monkeypatch.setattr(Jpegs, "render_month", None)
    before = places.settings.snapshot.stat()

    engine.run_all_due()
    engine._run("load_months", range_tags(FIRST, SECOND))  # noqa: SLF001

    assert stored(places) == late
    assert places.settings.snapshot.stat() == before


def test_the_other_grain_is_refused(places, late):
    """Before anything is touched, in words that say what to do."""
    settings = places.settings.model_copy(update={"grain": Grain.MONTHLY})
    other = Places(settings)
    other.__dict__["store"] = places.store

    with pytest.raises(GrainChangedError, match="DICOM_PIPELINE_GRAIN=daily"):
        other._prepare()  # noqa: SLF001

    assert stored(places) == late
