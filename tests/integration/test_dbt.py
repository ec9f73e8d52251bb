"""Raw Parquet becomes stage and processed tables, and no one in them can be named."""

import base64
import datetime as dt
import json
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from dicom_pipeline.catalog import DEVICES, ENTITIES, IMAGES, PATIENTS, SERIES, STUDIES
from dicom_pipeline.catalog.compressed_images import COMPRESSED_IMAGES
from dicom_pipeline.deid.pseudonyms import Pseudonyms

PROJECT = Path(__file__).parents[2] / "dbt_project"
KEY = bytes.fromhex("5eed" * 16)
PSEUDONYMS = Pseudonyms(KEY)
ARRIVED = dt.datetime(2024, 6, 1, 12, tzinfo=dt.UTC)
MONTHS = ("2024-01", "2024-02", "unknown")
PEOPLE = range(5)
IMAGES_A_STUDY = 15
KINDS = {
    pa.string(): "Canary^Value",
    pa.int64(): 3,
    pa.float64(): 71.5,
    pa.bool_(): True,
    pa.date32(): dt.date(2024, 1, 17),
    pa.time64("us"): dt.time(10, 30),
    pa.timestamp("us"): dt.datetime(2024, 1, 17, 10),  # noqa: DTZ001  # DT without zone
    pa.timestamp("us", tz="UTC"): ARRIVED,
    pa.list_(pa.string()): ["Canary^Item"],
    pa.list_(pa.float64()): [0.5, 0.5],
}


@dataclass(frozen=True)
class Archive:
    """A home folder with raw tables and a warehouse, and dbt to build it."""

    home: Path
    project: Path = PROJECT
    key: bytes = KEY
    profile: str = "research"
    manifest: Manifest | None = None

    @property
    def variables(self):
        """The environment of the profile."""
        return {
            "DICOM_PIPELINE_WAREHOUSE": str(self.home / "warehouse.duckdb"),
            "DICOM_PIPELINE_RAW_TABLES": str(self.home / "raw"),
            "DICOM_PIPELINE_STAGE_TABLES": str(self.home / "stage"),
            "DICOM_PIPELINE_KEY_URI": "env:TEST_KEY" if self.key else "",
            "DICOM_PIPELINE_PROFILE": self.profile,
            "TEST_KEY": self.key.hex(),
        }

    def dbt(self, *arguments, months=None):
        """Run dbt in this process; failed nodes with their messages, "" for dbt."""
        before = dict(os.environ)
        os.environ.update(self.variables)
        try:
            done = dbtRunner(manifest=self.manifest).invoke(
                [
                    "--quiet",
                    *arguments,
                    *("--project-dir", str(self.project)),
                    *("--profiles-dir", str(self.project)),
                    *("--target-path", str(self.home / "target")),
                    *("--log-path", str(self.home / "logs")),
                    *("--vars", json.dumps({"months": months} if months else {})),
                ]
            )
        finally:
            DuckDBConnectionManager.close_all_connections()
            os.environ.clear()
            os.environ.update(before)
        if done.exception:
            return {"": str(done.exception)}
        results = getattr(done.result, "results", [])
        bad = [r for r in results if r.status not in ("success", "pass")]
        return {r.node.name: str(r.message) for r in bad}

    def rows(self, query):
        """Rows of the warehouse."""
        path = self.variables["DICOM_PIPELINE_WAREHOUSE"]
        with duckdb.connect(path, read_only=True) as connection:
            return connection.execute(query).fetchall()

    def change(self, statement):
        """Change the warehouse behind dbt's back."""
        with duckdb.connect(self.variables["DICOM_PIPELINE_WAREHOUSE"]) as connection:
            connection.execute(statement)

    def write(self, table, month, rows, batch="b1"):
        """Store one batch of one raw table."""
        folder = self.home / "raw" / table.name / f"month={month}"
        folder.mkdir(parents=True, exist_ok=True)
        stored = pa.Table.from_pylist(rows, schema=table.schema)
        pq.write_table(stored, folder / f"batch={batch}.parquet")


def row_of(table, **values):
    """A raw row that says Canary wherever text can stand."""
    issue = [{"column": "x", "code": "y", "text": "Canary"}]
    made = {c.name: KINDS.get(c.type, issue) for c in table.columns}
    return made | {k: v for k, v in values.items() if k in made}


def facts(person, visit):
    """What the rows of one study share; visits are 35 days apart."""
    study = f"1.2.{person}.{visit}"
    return {
        "patient_identity": f"ISS\x1fCanary{person}",
        "device_identity": f"CanaryMaker{person % 2}",
        "study_instance_uid": study,
        "series_instance_uid": f"{study}.1",
        "patient_name": "Hand^Canary",
        "patient_sex": "F",
        "patient_age": "093Y",
        "modality": "MR",
        "manufacturer": "Siemens Canary",
        "study_description": "MRI hand Canary knee w/o contrast",
        "study_date": dt.date(2024, 1, 10 + person) + dt.timedelta(35 * visit),
        "modified_at": ARRIVED + dt.timedelta(hours=visit),
    }


def write_month(archive, month, visit, people=PEOPLE, **changes):
    """Store one visit of some people in all five tables."""
    known = [facts(person, visit) | changes for person in people]
    for table in (PATIENTS, STUDIES, SERIES, DEVICES):
        key = {DEVICES: "device_identity"}.get(table, table.key[0])
        rows = {fact[key]: row_of(table, **fact) for fact in known}
        archive.write(table, month, list(rows.values()))
    images = [
        row_of(IMAGES, sop_instance_uid=f"{fact['series_instance_uid']}.{n}", **fact)
        for fact in known
        for n in range(IMAGES_A_STUDY)
    ]
    archive.write(IMAGES, month, images)
    write_jpegs(archive, month, [image["sop_instance_uid"] for image in images])


def write_jpegs(archive, month, uids):
    """Store the JPEG table of one month, as the compressor would."""
    token = PSEUDONYMS.batch_token("compressed_images", month)
    names = map(PSEUDONYMS.uid, uids)
    empty = dict.fromkeys(COMPRESSED_IMAGES.schema.names)
    rows = [
        empty
        | {
            "sop_instance_uid": name,
            "frame": 1,
            "jpeg_key": f"images/{name}/000001.jpg",
            "status": "ok",
            "pixel_decision": "pass",
            "batch_token": token,
        }
        for name in names
    ]
    folder = archive.home / "stage" / "compressed_images" / f"batch={token}"
    folder.mkdir(parents=True, exist_ok=True)
    stored = pa.Table.from_pylist(rows, schema=COMPRESSED_IMAGES.schema)
    pq.write_table(stored, folder / "part.parquet")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Two visits of five people, and a month without rows, built once."""
    archive = Archive(tmp_path_factory.mktemp("archive"))
    for visit, month in enumerate(MONTHS[:2]):
        write_month(archive, month, visit)
    for table in ENTITIES:
        archive.write(table, "unknown", [], batch="empty")
    assert archive.dbt("build") == {}
    return archive


@pytest.fixture
def archive(built, tmp_path):
    """Return a copy of the built archive that a test may change."""
    home = tmp_path / "home"
    shutil.copytree(built.home, home)
    shutil.rmtree(home / "logs")
    return replace(built, home=home)


def warehouse_values(archive):
    """Every value of every table people may read, as text, with its place."""
    tables = archive.rows(
        "select table_schema || '.' || table_name from information_schema.tables"
        " where table_name not in ('anonymization_mapping', 'code_lists')"
    )
    for (table,) in tables:
        for row in archive.rows(f"select * from {table}"):
            yield from ((table, str(value)) for value in row)


def test_nothing_that_names_a_patient_crosses_the_line(built):
    """No text of raw is in a table, a compiled query, a result file or a log."""
    raw = built.rows(
        f"from read_parquet('{built.home}/raw/*/*/*.parquet', union_by_name=true)"
    )
    places = {table for table, text in warehouse_values(built) if "anary" in text}
    files = [*(built.home / "target").rglob("*"), *(built.home / "logs").rglob("*")]
    said = [f.name for f in files if f.is_file() and b"anary" in f.read_bytes()]

    assert "anary" in str(raw)  # the scan can find what it looks for
    assert places == set()
    assert said == []


def test_no_real_date_or_identifier_crosses_the_line(built):
    """Neither the true month nor a UID as sent is beside the moved dates."""
    texts = {text for _, text in warehouse_values(built)}
    dates = [t[:10] for t in texts if t[:4].isdigit() and t[4:5] == "-"]

    assert len(dates) > 10
    assert not [each for each in dates if each >= "2023-04"]
    assert not [t for t in texts if t.startswith("1.2.") and "10008" not in t]


def test_the_key_is_nowhere(built):
    """Neither hex nor base64 nor the bytes are in what dbt and DuckDB write."""
    forms = [KEY, KEY.hex().encode(), base64.b64encode(KEY).rstrip(b"=")]
    files = [f for f in built.home.rglob("*") if f.is_file()]
    found = [f.name for f in files for form in forms if form in f.read_bytes()]

    assert len(files) > 50
    assert found == []


def test_rows_join_and_none_is_lost(built):
    """One row for each JPEG, with its image, series, study, patient and device."""
    [counts] = built.rows(
        "select count(*), count(distinct patient_key), count(modality),"
        " count(study_date), count(patient_sex), count(manufacturer)"
        " from processed.processed_images"
    )
    jpegs = len(PEOPLE) * 2 * IMAGES_A_STUDY
    [studies] = built.rows(
        "select count(*), min(number_of_series), max(number_of_instances)"
        " from processed.fct_studies"
    )

    assert counts == (jpegs, len(PEOPLE), jpegs, jpegs, jpegs, jpegs)
    assert studies == (10, 1, IMAGES_A_STUDY)
    assert built.rows("select max(jpeg_count) from processed.fct_images") == [(1,)]


def test_intervals_and_weekdays_are_kept_and_days_are_not(built):
    """A patient's visits stay 35 days apart, on the weekday they were on."""
    visits = built.rows(
        "select patient_key, list(study_date order by study_date)"
        " from processed.fct_studies group by all"
    )
    true = {
        PSEUDONYMS.patient_key(fact["patient_identity"]): fact["study_date"]
        for fact in (facts(person, 0) for person in PEOPLE)
    }

    assert len(visits) == len(PEOPLE)
    for patient_key, (first, second) in visits:
        moved = (true[patient_key] - first).days
        assert (second - first).days == 35
        assert moved == PSEUDONYMS.shift_days(patient_key)


def test_meanings_survive(built):
    """An age is capped, a maker has one name, a description loses its names."""
    [found] = built.rows(
        "select distinct patient_age, manufacturer, study_description, rows"
        " from processed.processed_images"
    )

    assert found == ("090Y", "SIEMENS", "mri knee wo contrast", 3)


def test_a_rerun_changes_nothing(archive):
    """The same months again, and everything again, give the same rows."""
    before = sorted(warehouse_values(archive))

    assert archive.dbt("build", months=["2024-01", "unknown"]) == {}
    assert sorted(warehouse_values(archive)) == before
    assert archive.dbt("build", "--select", "tag:stage") == {}
    assert sorted(warehouse_values(archive)) == before


def test_a_ready_manifest_builds_as_well(archive):
    """Dagster hands the parsed project in: 0.3 s of start-up instead of 4."""
    archive.dbt("ls")  # parses, with this home's places in it
    parsed = (archive.home / "target" / "partial_parse.msgpack").read_bytes()
    ready = replace(archive, manifest=Manifest.from_msgpack(parsed))
    before = sorted(warehouse_values(archive))

    assert ready.dbt("build", "--select", "tag:stage", months=["2024-02"]) == {}
    assert ready.dbt("build", "--select", "tag:processed") == {}
    assert sorted(warehouse_values(archive)) == before


def test_a_text_that_is_no_month_is_refused(archive):
    """Months become SQL literals and file names; nothing else may."""
    failed = archive.dbt("run", "--select", "stg_series", months=["2024-1') or 1=1"])

    assert "YYYY-MM or unknown" in failed["stg_series"]


def test_a_month_that_changed_replaces_its_rows(archive):
    """Changed rows change, a removed study goes, others stay; the month is enough."""
    write_month(archive, "2024-02", visit=1, people=range(1, 5), patient_sex="M")

    assert archive.dbt("build", months=["2024-02"]) == {}
    sexes = archive.rows(
        "select patient_sex, count(*) from processed.dim_patients group by 1 order by 1"
    )
    # The removed visit of the first person was their newest; the older one is back.
    assert sexes == [("F", 1), ("M", 4)]
    assert archive.rows("select count(*) from processed.fct_studies") == [(9,)]
    images = 9 * IMAGES_A_STUDY
    assert archive.rows("select count(*) from stage.stg_images") == [(images,)]
    assert archive.rows("select count(*) from processed.processed_images") == [
        (images,)
    ]


def test_the_newest_version_wins_over_all_months(archive):
    """A late copy of an old month does not overwrite what a newer month says."""
    older = {"modified_at": ARRIVED - dt.timedelta(days=9), "patient_sex": "M"}
    write_month(archive, "2024-01", visit=0, **older)

    assert archive.dbt("build", "--select", "tag:stage", months=["2024-01"]) == {}
    found = archive.rows(
        "select patient_sex, count(*) from stage.stg_patients group by 1"
    )
    assert found == [("F", len(PEOPLE))]


def test_a_new_raw_column_stops_the_build_by_name(archive, tmp_path):
    """Without a rule nothing passes, and the message says what to decide."""
    project = tmp_path / "project"
    shutil.copytree(PROJECT, project)
    catalogue = project / "macros" / "rules" / "catalogue.sql"
    text = catalogue.read_text("utf-8")
    more = text.replace('"patient_sex":', '"shoe_size": "DS", "patient_sex":')
    catalogue.write_text(more, "utf-8")

    failed = replace(archive, project=project).dbt("run", "--select", "stg_patients")

    assert "no rule for column: raw.patients.shoe_size" in failed["stg_patients"]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            """update stage.anonymization_mapping
            set target_function = 'keep_code', argument = 'maker'
            where column_name = 'patient_name'""",
            "not the packaged one",
        ),
        ("delete from stage.anonymization_mapping", "anonymization_mapping is empty"),
        (
            "insert into stage.code_lists values ('sex', null, '.*')",
            "not the packaged one",
        ),
    ],
    ids=["changed", "empty", "wider"],
)
def test_a_changed_mapping_stops_the_build(archive, statement, message):
    """Who may write the warehouse may not decide what leaves raw."""
    archive.change(statement)

    failed = archive.dbt("run", "--select", "stg_patients")

    assert message in failed["stg_patients"]


def test_without_a_key_stage_stops_and_processed_builds(archive):
    """Analysts need no key, and nobody builds pseudonyms without one."""
    keyless = replace(archive, key=b"")

    failed = keyless.dbt("run", "--select", "tag:stage")

    assert len(failed) == 6
    assert all("no de-identification key" in text for text in failed.values())
    assert keyless.dbt("build", "--select", "tag:processed") == {}


def test_another_key_or_profile_stops(archive):
    """Each would silently give every patient a second life."""
    other_key = replace(archive, key=bytes(32))
    other_profile = replace(archive, profile="limited")

    by_key = other_key.dbt("run", "--select", "stg_patients")
    by_profile = other_profile.dbt(
        "run", "--select", "stg_patients", months=["2024-01"]
    )

    assert "not the key that the warehouse was made with" in str(by_key)
    assert "--full-refresh" in by_profile["stg_patients"]


def test_inside_the_hospital_dates_are_kept(archive):
    """The profile limited keeps days; identifiers are as hidden as ever."""
    limited = replace(archive, profile="limited")

    assert limited.dbt("run", "--select", "tag:stage", "--full-refresh") == {}
    [(first,)] = limited.rows("select min(study_date) from stage.stg_studies")
    assert first == facts(0, 0)["study_date"]
    assert not [table for table, t in warehouse_values(limited) if "anary" in t]
