"""Headers to schemas, to nested Parquet and to dicom_index: what DICOM says arrives."""

import io
import json
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import duckdb
import pyarrow.parquet as pq
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from typer.testing import CliRunner

from dicom_pipeline.checks.drift import headers_are_as_before
from dicom_pipeline.cli.main import app
from dicom_pipeline.dicom.nested.choice import chosen, keys_of
from dicom_pipeline.dicom.nested.seen import level_of
from dicom_pipeline.dicom.nested.types import fields_of
from dicom_pipeline.dicom.quiet import silence
from dicom_pipeline.places import Places
from dicom_pipeline.publish.header_export import DONE, Plan, export_headers
from dicom_pipeline.publish.header_export_places import NotEmptyError, empty_place
from dicom_pipeline.publish.query import raw_connection, run_raw
from dicom_pipeline.resources.header_schemas import HeaderSchemas
from dicom_pipeline.settings import Settings

pytestmark = pytest.mark.s3

CANARY = "Yellow^Canary"
BY_DAY = ("Modality", "StudyDate")


def instance(number: int, **attributes: object) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = f"1.2.3.{number}"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2", "1.2.3"
    dataset.PatientName, dataset.Modality, dataset.KVP = CANARY, "CT", 120
    dataset.StudyDate = "20240131"
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def body(dataset: Dataset) -> bytes:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = io.BytesIO()
    with silence():
        dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()


def private(number: int, creator: str, **attributes: object) -> Dataset:
    dataset = instance(number, **attributes)
    dataset.private_block(0x29, creator, create=True).add_new(0x09, "LO", CANARY)
    return dataset


def code(meaning: str) -> Dataset:
    item = Dataset()
    item.CodeMeaning = meaning
    return item


EARLY = [
    instance(1, KVP=100),
    instance(1, KVP=120, SeriesDescription="corrected"),
    instance(2, StudyDate="20240201"),
    instance(3, StudyDate="***", Modality="A/B ..=%"),
    instance(4, ImageType=["ORIGINAL", "PRIMARY"]),
]
LATE = [
    private(5, "SIEMENS CSA HEADER", Modality="MR", StudyDate="20240131"),
    private(6, CANARY, KVP=[80, 140], AnatomicRegionSequence=[code("Head")]),
]
NEWEST = [*EARLY[1:], *LATE]


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Open an installation with a server of its own."""
    home = tmp_path_factory.mktemp("headers") / "home"
    with Places(Settings(home=home, _env_file=None)).open() as opened:
        yield opened


def load(places: Places, datasets: list[Dataset], start: int) -> None:
    for number, dataset in enumerate(datasets, start):
        places.provider.write(f"in/{number}", body(dataset))
        places.provider_watch.scan_all()  # one batch each: versions have an order
        for batch in places.ledger.pending():
            places.door.admit(batch)


@pytest.fixture(scope="module")
def drifts(places) -> list[dg.AssetCheckResult]:
    """Load early headers, then late ones, and run the check after each, and again."""
    results = []
    for start, datasets in ((0, EARLY), (100, LATE), (200, [])):
        load(places, datasets, start)
        results.append(headers_are_as_before(places.ledger, places.tables))
    return results


@pytest.fixture(scope="module")
def loaded(places, drifts) -> Places:
    return places if drifts else None


@pytest.fixture(scope="module")
def export(loaded, tmp_path_factory) -> Callable[..., Path]:
    """Export into a new folder."""

    def write(*words: str, by: tuple[str, ...] = ()) -> Path:
        out = tmp_path_factory.mktemp("out") / "export"
        export_headers(
            loaded.tables,
            loaded.ledger,
            plan_of(loaded, words, by),
            empty_place(str(out), loaded.store),
        )
        return out

    return write


def plan_of(places: Places, words: tuple[str, ...], by: tuple[str, ...]) -> Plan:
    level = level_of(HeaderSchemas(places.tables, places.ledger).merged())
    fields = chosen(level, keys_of(words)) if words else fields_of(level)
    folders = chosen(level, keys_of(by))
    return Plan(tuple(f for f in fields if f not in folders), folders)


def ask(out: Path, sql: str) -> list[tuple]:
    files = f"read_parquet('{out}/**/*.parquet')"
    return duckdb.sql(sql.format(t=files)).fetchall()


@pytest.mark.s3
def test_the_first_headers_have_nothing_to_differ_from(drifts):
    """All is new, and that is no warning."""
    assert drifts[0].passed
    assert drifts[0].metadata["nothing_to_compare_with"].value
    assert drifts[0].metadata["headers_compared"].value == len(EARLY)


@pytest.mark.s3
def test_later_headers_are_held_against_all_earlier_ones(drifts):
    """New places and too many values, by keyword; an unknown creator is a number."""
    late = {name: entry.value for name, entry in drifts[1].metadata.items()}

    assert not drifts[1].passed
    assert drifts[1].severity is dg.AssetCheckSeverity.WARN
    assert late["batches_compared"] == late["headers_compared"] == len(LATE)
    assert late["elements"] == [
        "AnatomicRegionSequence",
        "AnatomicRegionSequence.CodeMeaning",
        '(0029,"SIEMENS CSA HEADER",09)',
    ]
    assert late["values"] == ["KVP"]
    assert late["new_elements"] == 4
    assert late["by_unknown_creators"] == 1
    assert "Canary" not in repr(drifts)


@pytest.mark.s3
def test_nothing_new_is_compared_with_nothing(drifts, loaded):
    """Neither schema nor comparison is made again."""
    schemas = HeaderSchemas(loaded.tables, loaded.ledger)

    assert drifts[2].passed
    assert drifts[2].metadata["batches_compared"].value == 0
    assert schemas.complete() == 0
    assert level_of(schemas.merged()).count == len(EARLY) + len(LATE)
    assert schemas.known() == level_of(schemas.merged())


@pytest.mark.s3
def test_an_export_has_the_newest_version_of_every_instance(export):
    """With the values that were written, at any depth."""
    out = export()
    columns = (
        "SOPInstanceUID, KVP, PatientName.alphabetic, ImageType, StudyDate::varchar"
    )
    rows = ask(out, f"select {columns} from {{t}} order by 1")

    assert rows == [
        (
            d.SOPInstanceUID,
            [float(v) for v in (d.KVP if d["KVP"].VM > 1 else [d.KVP])],
            CANARY,
            list(d.ImageType) if "ImageType" in d else None,
            None
            if d.StudyDate == "***"
            else f"{d['StudyDate'].value[:4]}-"
            f"{d['StudyDate'].value[4:6]}-{d['StudyDate'].value[6:]}",
        )
        for d in NEWEST
    ]
    assert ask(
        out,
        "select AnatomicRegionSequence[1].CodeMeaning from {t}"
        " where AnatomicRegionSequence is not null",
    ) == [("Head",)]
    assert ask(
        out,
        "select e.creator, e.element, e.values[1]"
        " from (select unnest(OtherElements) as e from {t}) order by 1",
    ) == [("SIEMENS CSA HEADER", "0029xx09", CANARY), (CANARY, "0029xx09", CANARY)]
    assert (out / DONE).exists()


@pytest.mark.s3
def test_plain_duckdb_skips_the_folders_that_a_filter_leaves_out(export):
    """One file of five is read."""
    out = export("KVP", '(0029,"SIEMENS CSA HEADER",09)', by=BY_DAY)
    plan = ask(
        out,
        "explain analyze select count(KVP) from {t}"
        " where Modality = 'CT' and StudyDate = date '2024-02-01'",
    )

    assert len(list(out.rglob("*.parquet"))) == 4
    assert "Total Files Read: 1" in str(plan)
    assert ask(
        out, "select distinct Modality, StudyDate::varchar from {t} order by all"
    ) == [
        ("A/B ..=%", None),
        ("CT", "2024-01-31"),
        ("CT", "2024-02-01"),
        ("MR", "2024-01-31"),
    ]
    assert ask(
        out, "select SIEMENS_CSA_HEADER_0029_09 from {t} where Modality = 'MR'"
    ) == [(CANARY,)]
    assert {p.name for p in out.iterdir()} == {
        "Modality=CT",
        "Modality=MR",
        "Modality=A%2FB%20..%3D%25",
        DONE,
    }


@pytest.mark.s3
def test_an_export_goes_to_a_bucket_but_never_among_other_files(loaded, export):
    """The same rows; the second time there is something already."""
    url = f"s3://{loaded.raw.name}/exports/first"
    plan = plan_of(loaded, ("KVP",), BY_DAY)
    export_headers(loaded.tables, loaded.ledger, plan, empty_place(url, loaded.store))

    stored = [o for o in loaded.raw.list("exports/first/") if o.key.endswith("parquet")]
    rows = sum(
        pq.ParquetFile(io.BytesIO(loaded.raw.read(o.key))).metadata.num_rows
        for o in stored
    )
    assert rows == len(NEWEST)
    with pytest.raises(NotEmptyError):
        empty_place(url, loaded.store)
    with pytest.raises(NotEmptyError):
        empty_place(str(export("KVP")), loaded.store)


@pytest.mark.s3
def test_the_index_shows_what_an_export_shows(loaded, export):
    """Values that the door has read into columns, and those that only the text has."""
    words = ("SOPInstanceUID", "Modality", "StudyDate", "KVP", "PatientName")
    level = HeaderSchemas(loaded.tables, loaded.ledger).known()
    listed = ", ".join(words)
    with raw_connection(
        loaded.store, loaded.raw.name, chosen(level, keys_of(words))
    ) as connection:
        index = run_raw(connection, f"select {listed} from dicom_index order by 1")
        places = run_raw(connection, "select count(*) from raw.header_schemas").rows

    assert index.rows == [
        tuple(r.values())
        for r in pq.read_table(export(*words))
        .select(words)
        .sort_by("SOPInstanceUID")
        .to_pylist()
    ]
    assert places[0][0] > len(words)


@pytest.mark.s3
def test_the_command_shows_and_exports(loaded, monkeypatch, tmp_path):
    """An unknown creator is withheld, and identified data need a word of consent."""
    monkeypatch.setattr("dicom_pipeline.cli.headers.Settings", lambda: loaded.settings)
    held = SimpleNamespace(open=lambda: nullcontext(loaded))
    monkeypatch.setattr("dicom_pipeline.cli.headers.Places", lambda _settings: held)
    run = CliRunner().invoke
    out = str(tmp_path / "out")

    shown = run(app, ["headers", "schema", "--json"])
    drawn = run(app, ["headers", "schema", "--find", "CodeMeaning"])
    refused = run(app, ["headers", "export", out])
    typo = run(
        app, ["headers", "export", out, "--layer", "raw", "--field", "PatientNam"]
    )
    done = run(app, ["headers", "export", out, "--layer", "raw", "--json"])

    creators = {e["creator"] for e in json.loads(shown.stdout)["elements"]}
    assert creators == {"", "SIEMENS CSA HEADER", "?"}
    assert "Canary" not in shown.output
    assert "└─ CodeMeaning" in drawn.stdout
    assert refused.exit_code == typo.exit_code == 1
    assert "--layer raw" in refused.output
    assert "did you mean PatientName" in typo.output
    assert json.loads(done.stdout)["rows"] == len(NEWEST)
    assert json.loads(done.stdout)["lost"] == [["StudyDate", "bad_date", 1]]
