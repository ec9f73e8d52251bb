"""A loss stops the run: the checks that Dagster runs, on a real server."""

import dagster as dg
import pydicom
import pytest
from pydicom.data import get_testdata_file

from dicom_pipeline.assets.raw import raw_files, raw_headers
from dicom_pipeline.checks.balance import everything_has_an_outcome, months_are_whole
from dicom_pipeline.partitions import STUDY_MONTHS
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.tables import RawTables

pytestmark = pytest.mark.s3

UID = "1.2.826.0.1.3680043.8.498.78"
MONTH = "2024-03"


@pytest.fixture(scope="module")
def held(install):
    made = install("balance")
    with made.hold():
        yield made


@pytest.fixture
def places(held, tmp_path):
    """Two batches of one month, let in."""
    with held.open() as opened:
        for bucket in (opened.provider, opened.raw):
            for item in list(bucket.list()):
                bucket.delete(item.key)
        opened._prepare()  # noqa: SLF001
        for number in (1, 2):
            opened.provider.write(f"{tmp_path.name}/{number}", _file(number, tmp_path))
            opened.provider_watch.scan_all()
            for batch in opened.ledger.pending():
                opened.door.admit(batch)
        yield opened


def _file(number: int, folder) -> bytes:
    dataset = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = (
        f"{UID}.{number}"
    )
    dataset.StudyDate, dataset.PatientID = "20240301", "SECRET"
    dataset.AccessionNumber = folder.name[-16:]
    dataset.save_as(folder / "file.dcm")
    return (folder / "file.dcm").read_bytes()


def _ran(places, asset: str, **doors: object) -> dg.ExecuteInProcessResult:
    """Run one raw asset with its checks, as a new process would."""
    resources = {
        "door": doors.get("door", places.door),
        "ledger": Ledger(places.raw),
        "raw_tables": RawTables(places.raw),
    }
    checks = [everything_has_an_outcome, months_are_whole]
    definitions = dg.Definitions(
        assets=[raw_files, raw_headers],
        asset_checks=checks,
        jobs=[dg.define_asset_job("one", dg.AssetSelection.assets(["raw", asset]))],
        resources=resources,
        executor=dg.in_process_executor,
    )
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(str(STUDY_MONTHS.name), [MONTH])
        return definitions.resolve_job_def("one").execute_in_process(
            instance=instance,
            partition_key=MONTH if asset == "headers" else None,
            raise_on_error=False,
        )


def _passed(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    found = result.get_asset_check_evaluations()
    said = repr([each.metadata for each in found])
    assert UID not in said
    assert "SECRET" not in said
    return {each.check_name: each.passed for each in found}


def _delete(places, beginning: str, number: int = 0) -> None:
    keys = [o.key for o in places.raw.list(beginning) if "empty" not in o.key]
    places.raw.delete(sorted(keys)[number])


def test_every_check_passes_where_nothing_is_lost(places):
    """Per run and per month."""
    files, headers = _ran(places, "files"), _ran(places, "headers")

    assert files.success
    assert headers.success
    assert _passed(files) == {
        "run_is_balanced": True,
        "everything_has_an_outcome": True,
    }
    assert _passed(headers) == {"months_are_whole": True}


def test_a_batch_that_the_door_did_not_end_stops_the_run(places, tmp_path):
    """The run counts what it was handed, not what it believes to have done."""
    places.provider.write(f"{tmp_path.name}/3", _file(3, tmp_path))
    places.provider_watch.scan_all()

    class Lazy:
        ledger, grain = places.ledger, places.door.grain

        def admit(self, batch: str) -> dict:  # noqa: ARG002
            return {}

    result = _ran(places, "files", door=Lazy())

    assert not result.success
    assert _passed(result)["run_is_balanced"] is False


def test_a_ledger_batch_that_is_gone_stops_the_run(places):
    """Its header rows have no outcome."""
    _delete(places, "tables/objects/")
    files = everything_has_an_outcome(Ledger(places.raw), RawTables(places.raw))

    assert not files.passed
    assert files.metadata["header_batches_unknown"].value == 1


def test_an_arrival_that_is_gone_stops_the_run(places):
    """An outcome of nothing that was seen."""
    _delete(places, "tables/arrivals/")
    result = _ran(places, "files")

    assert not result.success
    assert _passed(result)["everything_has_an_outcome"] is False


@pytest.mark.parametrize("what", ["tables/headers/", "dicom/"])
def test_what_is_gone_from_a_month_stops_its_run(places, what):
    """A batch of headers, or a file."""
    _delete(places, what)
    _delete(places, what) if what == "dicom/" else None
    result = _ran(places, "headers")

    assert not result.success
