"""A small archive of three patients, filed by the real door into buckets in memory."""

import io
import json
import sqlite3
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from dicom_pipeline.catalog.compressed_images import COMPRESSED_IMAGES
from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.deid.nested_fields import nested_fields
from dicom_pipeline.deid.nested_rules import nested_rules
from dicom_pipeline.deid.profiles import Profile
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.dicom.header import Header, extract
from dicom_pipeline.dicom.identity import patient_identity
from dicom_pipeline.dicom.nested.seen import Look
from dicom_pipeline.dicom.packed import packed
from dicom_pipeline.layout import (
    HEADERS_PREFIX,
    Grain,
    compressed_images_key,
    image_folder,
)
from dicom_pipeline.publish.erasure import Erasure
from dicom_pipeline.publish.header_export import Plan
from dicom_pipeline.publish.header_export_deid import Line, export_deidentified
from dicom_pipeline.publish.header_export_places import BucketFolder
from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.erased import Erased
from dicom_pipeline.resources.headers import HeaderRead
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.projection import Projection
from dicom_pipeline.resources.store import Store
from dicom_pipeline.resources.tables import RawTables, parquet
from dicom_pipeline.sources.arrivals import Watch
from dicom_pipeline.sources.door import Door
from dicom_pipeline.sources.intake import Intake
from dicom_pipeline.sources.known import Known

KEY = Pseudonyms(bytes(range(32)))
ISSUER = "KRANKENHAUS-A"
HIM, HER, THEM = "QX-7700131", "QX-7700132", "QX-8811033"
NAMES = {HIM: "Ölrausch^Friedemann", HER: "Kreuzberg^Annelore", THEM: "Okafor^Ngozi"}
FOUND_BY = [*NAMES[HIM].split("^"), HIM, "1.2.826.0.1.31."]
IDENTITY = patient_identity(ISSUER, "p", HIM, "")


def dicom(patient: str, number: int, **more: object) -> bytes:
    """One CT image; study, series and instance follow from patient and number."""
    root = f"1.2.826.0.1.{patient[-2:]}"
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = f"{root}.3.{number}"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    made.SpecificCharacterSet = "ISO_IR 192"
    made.PatientID, made.PatientName = patient, NAMES[patient]
    made.IssuerOfPatientID = ISSUER
    made.PatientAddress = f"{NAMES[patient][:5]}strasse 12"
    made.StudyInstanceUID = f"{root}.1.{number % 2}"
    made.SeriesInstanceUID = f"{root}.2.{number % 2}"
    made.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    made.SOPClassUID = CTImageStorage
    made.StudyDate = f"2024{1 + number % 2:02}10"
    made.Modality, made.InstanceNumber = "CT", number
    made.Manufacturer, made.DeviceSerialNumber = "ACME", "77"
    made.Rows = made.Columns = 1
    made.BitsAllocated = 16
    made.PixelData = number.to_bytes(2, "little")
    for keyword, value in more.items():
        setattr(made, keyword, value)
    body = io.BytesIO()
    pydicom.dcmwrite(body, made, enforce_file_format=True)
    return body.getvalue()


class PlainReader:
    """Reads whole objects: what the real one reads by ranges."""

    def read(self, bucket, objects):
        """Yield the header of each."""
        for stored in objects:
            found = extract(bucket.read(stored.key), stored.bytes)
            found = packed(found) if isinstance(found, Header) else found
            yield HeaderRead(stored, found, 1)


@dataclass(frozen=True)
class Folders:
    """Where the archive keeps what it writes."""

    home: Path

    s3_home = property(lambda self: self.home / "s3")
    dagster_home = property(lambda self: self.home / "dagster")
    spool = property(lambda self: self.home / "spool")


class Archive:
    """Buckets, a warehouse, a snapshot and an export below one folder."""

    def __init__(self, home: Path, *, versioned: bool = False) -> None:
        """Make empty buckets."""
        self.home = home
        self.store = Store(access_key="test", secret_key="test", attempts=1)
        self.provider, self.raw, self.stage = (
            Bucket(name, self.store) for name in ("provider", "raw", "stage")
        )
        for bucket in (self.provider, self.raw, self.stage):
            bucket.create()
            if versioned:
                self.store.client.put_bucket_versioning(
                    Bucket=bucket.name, VersioningConfiguration={"Status": "Enabled"}
                )

    @property
    def ledger(self) -> Ledger:
        """As another process would see it."""
        return Ledger(self.raw)

    def erasure(self) -> Erasure:
        """Make one over everything."""
        return Erasure(
            ledger=self.ledger,
            stage=self.stage,
            provider=self.provider,
            pseudonyms=KEY,
            folders=Folders(self.home),
            writer=nullcontext,
        )

    def send(self, patient: str, *numbers: int, name: str = "", **more: object) -> None:
        """Let the provider upload images under keys that name their patient."""
        for number in numbers:
            key = f"in/{name or patient}/{number}.dcm"
            self.provider.write(key, dicom(patient, number, **more))

    def load(self) -> None:
        """Let in what has come and project it."""
        ledger = self.ledger
        intake = Intake(
            ledger, Known(ledger), lambda text: KEY.token("source_key", text)[:32], 100
        )
        Watch("provider", self.provider, "", intake).scan_all()
        door = Door(
            {"provider": self.provider, "raw": self.raw},
            ledger,
            "p",
            Grain.MONTHLY,
            PlainReader(),
            Erased(self.raw, KEY),
        )
        for batch in ledger.pending():
            door.admit(batch)
        projection = Projection(RawTables(self.raw))
        for month, batches in ledger.batches_by_month().items():
            projection.project(month, batches)

    def build(self) -> None:
        """Put what follows from raw into stage, warehouse, snapshot and an export."""
        months: dict[str, list[dict]] = {}
        for row in self.headers():
            month = f"{row['study_date']:%Y-%m}"
            sop = KEY.uid(row["sop_instance_uid"])
            key = f"{image_folder(sop)}/000001.jpg"
            self.stage.write(key, b"\xff\xd8" + sop.encode())
            found = {"sop_instance_uid": sop, "jpeg_key": key, "frame": 1}
            months.setdefault(month, []).append(found)
        for month, rows in months.items():
            token = KEY.batch_token(COMPRESSED_IMAGES.name, month)
            made = pa.Table.from_pylist(rows, schema=COMPRESSED_IMAGES.schema)
            key = compressed_images_key(token, "part")
            self.stage.write(key, parquet(COMPRESSED_IMAGES, made))
        self._export()
        self._databases()

    def headers(self) -> list[dict]:
        """Rows of the raw headers."""
        tables = RawTables(self.raw)
        return [
            row
            for month, batches in self.ledger.batches_by_month().items()
            for batch in batches
            for row in tables.read(HEADERS, month, batch).to_pylist()
        ]

    def _export(self) -> None:
        """Write the headers across the line, as the command does."""
        tables, rules, look = RawTables(self.raw), nested_rules(), Look()
        look.at_all(json.loads(row["header"]) for row in self.headers())
        export_deidentified(
            (tables, self.ledger),
            Line(KEY, Profile.RESEARCH),
            Plan(nested_fields(look.level, rules)),
            BucketFolder(self.stage, f"{HEADERS_PREFIX}first/"),
        )

    def _databases(self) -> None:
        rows = [
            (KEY.patient_key(patient_identity(ISSUER, "p", patient, "")), patient, n)
            for patient in NAMES
            for n in range(500)
        ]
        people = pa.table(
            dict(
                zip(
                    ("patient_key", "planted", "n"),
                    zip(*rows, strict=True),
                    strict=True,
                )
            )
        )
        self.home.joinpath("published").mkdir(parents=True, exist_ok=True)
        for file in ("warehouse.duckdb", "published/analytics.duckdb"):
            with duckdb.connect(str(self.home / file)) as connection:
                connection.execute("create schema processed")
                connection.execute(
                    "create table processed.dim_patients"
                    " (patient_key varchar, planted varchar, n int)"
                )
                connection.execute("comment on table processed.dim_patients is 'Who.'")
                connection.register("people", people)
                connection.execute("insert into processed.dim_patients from people")
                connection.unregister("people")
                connection.execute(
                    "create view main.people as from processed.dim_patients"
                )
        with sqlite3.connect(
            self.home / "published" / "catalogue.sqlite"
        ) as connection:
            connection.execute("create table people (patient_key, planted, n)")
            connection.executemany("insert into people values (?, ?, ?)", rows)
