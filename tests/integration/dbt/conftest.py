"""A small archive with a canary in every text, and dbt to build it."""

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
from obstore.store import LocalStore

from dicom_pipeline.catalog import DEVICES, IMAGES, MAPPED, PATIENTS, SERIES, STUDIES
from dicom_pipeline.catalog.compressed_images import COMPRESSED_IMAGES
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.deid.surrogates import Surrogates
from dicom_pipeline.resources.vault import Vault

PROJECT = Path(__file__).parents[3] / "dbt_project"
KEY = bytes.fromhex("5eed" * 16)
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


def row_of(table, **values):
    """A raw row that says Canary wherever text can stand."""
    issue = [{"column": "x", "code": "y", "text": "Canary"}]
    made = {c.name: KINDS.get(c.type, issue) for c in table.columns}
    return made | {k: v for k, v in values.items() if k in made}


@dataclass(frozen=True)
class Archive:
    """A home folder with raw tables and a warehouse, and dbt to build it."""

    home: Path
    project: Path = PROJECT
    key: bytes = KEY
    profile: str = "research"
    manifest: Manifest | None = None

    @property
    def pseudonyms(self):
        """What its rows are called."""
        if self.profile == "safe_harbor":
            store = LocalStore(self.home / "vault", mkdir=True)
            return Surrogates(Vault(store, self.key), self.key)
        return Pseudonyms(self.key)

    @property
    def variables(self):
        """The environment of the profile."""
        return {
            "DICOM_PIPELINE_WAREHOUSE": str(self.home / "warehouse.duckdb"),
            "DICOM_PIPELINE_RAW_TABLES": str(self.home / "raw"),
            "DICOM_PIPELINE_STAGE_TABLES": str(self.home / "stage"),
            "DICOM_PIPELINE_KEY_URI": "env:TEST_KEY" if self.key else "",
            "DICOM_PIPELINE_PROFILE": self.profile,
            "DICOM_PIPELINE_VAULT": str(self.home / "vault"),
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
        bad = [r for r in results if r.status not in ("success", "pass", "warn")]
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

    def values(self):
        """Every value of every table people may read, as text, with its place."""
        tables = self.rows(
            "select table_schema || '.' || table_name from information_schema.tables"
            " where table_name not in ('anonymization_mapping', 'code_lists')"
        )
        for (table,) in tables:
            for row in self.rows(f"select * from {table}"):
                yield from ((table, str(value)) for value in row)

    @staticmethod
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

    def write_month(self, month, visit, people=PEOPLE, **changes):
        """Store one visit of some people in all five tables."""
        known = [self.facts(person, visit) | changes for person in people]
        for table in (PATIENTS, STUDIES, SERIES, DEVICES):
            key = {DEVICES: "device_identity"}.get(table, table.key[0])
            rows = {fact[key]: row_of(table, **fact) for fact in known}
            self.write(table, month, list(rows.values()))
        images = [
            row_of(
                IMAGES, sop_instance_uid=f"{fact['series_instance_uid']}.{n}", **fact
            )
            for fact in known
            for n in range(IMAGES_A_STUDY)
        ]
        self.write(IMAGES, month, images)
        self.write_jpegs(month, [image["sop_instance_uid"] for image in images])

    def write_jpegs(self, month, uids):
        """Store the JPEG table of one month, as the compressor would."""
        token = self.pseudonyms.batch_token("compressed_images", month)
        pseudonyms = self.pseudonyms
        pseudonyms.meet("uid", uids)
        names = map(pseudonyms.uid, uids)
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
                "deid_profile": self.profile,
                "deid_key_version": self.pseudonyms.key_version,
            }
            for name in names
        ]
        folder = self.home / "stage" / "compressed_images" / f"batch={token}"
        folder.mkdir(parents=True, exist_ok=True)
        stored = pa.Table.from_pylist(rows, schema=COMPRESSED_IMAGES.schema)
        pq.write_table(stored, folder / "part.parquet")


@pytest.fixture(scope="session")
def new_archive():
    """Make an empty archive in a folder."""
    return Archive


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """Two visits of five people, and a month without rows, built once."""
    archive = Archive(tmp_path_factory.mktemp("archive"))
    for visit, month in enumerate(MONTHS[:2]):
        archive.write_month(month, visit)
    for table in MAPPED:
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
