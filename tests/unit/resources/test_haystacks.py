"""Each class of identity is found in each kind of place, and no value is told."""

import hashlib
import io
import json
import sqlite3
import tarfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dicom_pipeline.catalog.headers import HEADERS
from dicom_pipeline.checks.leaks import facts
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.layout import table_key
from dicom_pipeline.resources.leak_days import real_days
from dicom_pipeline.resources.leak_scan import LeakScan
from dicom_pipeline.resources.outside import Outside
from dicom_pipeline.resources.tables import parquet
from tests.unit.sources.memory_store import RawBucket

UID = "1.2.826.0.1.3680043.8.498.77"
HEADER = {
    "0020000D": {"vr": "UI", "Value": [UID]},
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "QUISTGAARD^HAND"}]},
    "00100020": {"vr": "LO", "Value": ["MRN-0047-1199"]},
    "00100030": {"vr": "DA", "Value": ["19500312"]},
    "00080020": {"vr": "DA", "Value": ["20240105"]},
    "00080080": {"vr": "LO", "Value": ["St. Nowhere's Infirmary"]},
}
IDENTITIES = {
    "name": "Dr Quistgaard",
    "id": "mrn00471199",
    "birth date": "12.03.1950",
    "date": "2024-01-05",
    "place or contact": "ST NOWHERE'S INFIRMARY",
    "uid": UID,
    "unkeyed hash": hashlib.sha256(UID.encode()).hexdigest(),
}


@dataclass
class TellingBucket(RawBucket):
    """A bucket whose objects have user metadata."""

    told: dict[str, str] = field(default_factory=dict)

    def metadata(self, _key):
        """Return the same for each."""
        return self.told


class Home:
    """An installation in which nothing is amiss yet."""

    def __init__(self, folder: Path) -> None:
        """Store one header, and make an empty warehouse."""
        self.raw, self.stage = TellingBucket(), TellingBucket()
        row = {"study_instance_uid": UID, "header": json.dumps(HEADER)}
        rows = pa.Table.from_pylist([row], schema=HEADERS.schema)
        key = table_key("headers", "2024-01", "b1")
        self.raw.bodies[key] = parquet(HEADERS, rows)
        self.outside = Outside(
            stage=self.stage,
            warehouse=folder / "warehouse.duckdb",
            published=folder / "published",
            dagster_home=folder / "dagster",
            dbt_home=folder / "dbt",
            logs=(folder,),
        )
        for place in ("published", "dagster", "dbt/target"):
            (folder / place).mkdir(parents=True)
        self.folder = folder
        self.sql(
            "create table t (study_instance_uid text, day date, text varchar,"
            " texts varchar[], row struct(a varchar), bytes blob, number bigint)"
        )

    def sql(self, *statement: object) -> None:
        """Write into the warehouse."""
        with duckdb.connect(str(self.outside.warehouse)) as connection:
            connection.execute(*statement)

    def scan(self):
        """Seek everyone everywhere."""
        no_words = np.empty(0, np.int64)
        scan = LeakScan(
            self.raw, frozenset({"hand"}), lambda: no_words, self.folder / "dagster"
        )
        return scan.run(scan.known(), self.outside.haystacks())


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def in_a_column(home, text):
    home.sql("insert into t (text) values (?)", [f"x {text} y"])


def in_a_list(home, text):
    home.sql("insert into t (texts) values (?)", [["x", text]])


def in_a_struct(home, text):
    home.sql("insert into t (row) values ({'a': ?})", [text])


def in_bytes(home, text):
    home.sql("insert into t (bytes) values (?)", [text.encode()])


def in_a_comment(home, text):
    quoted = text.replace("'", "''")
    home.sql(f"comment on column t.text is '{quoted}'")


def in_dagster_s_storage(home, text):
    with sqlite3.connect(home.outside.dagster_home / "runs.db") as connection:
        connection.execute("create table event_logs (event text)")
        event = json.dumps({"message": f"failed: {text}"})
        connection.execute("insert into event_logs values (?)", [event])
    connection.close()


def in_dbt_s_log(home, text):
    (home.outside.dbt_home / "dbt.log").write_text(f"Could not convert '{text}'\n")


def in_dbt_s_packed_manifest(home, text):
    body = text.encode()
    packed = b"\x81\xa4name\xd9" + bytes([len(body)]) + body + b"\xc0"
    (home.outside.dbt_home / "target" / "partial_parse.msgpack").write_bytes(packed)


def in_a_log_file(home, text):
    (home.folder / "server.log").write_text(f"GET /raw/{text}/x 200\n")


def in_a_published_file(home, text):
    rows = pa.table({"text": [f"of {text}"]})
    pq.write_table(rows, home.outside.published / "export.parquet")


def in_a_published_page(home, text):
    (home.outside.published / "report.html").write_text(f"<td>{text}</td>")


def in_a_file_s_name(home, text):
    (home.outside.published / f"{text.replace('/', '-')}.csv").touch()


def in_an_object_key(home, text):
    home.stage.bodies[f"images/00/{text}/1.jpg"] = b""


def in_user_metadata(home, text):
    home.stage.told = {"source": text}
    home.stage.bodies["images/00/a/1.jpg"] = jpeg(b"")


def in_stage_parquet(home, text):
    sink = io.BytesIO()
    pq.write_table(pa.table({"jpeg_key": [text]}), sink)
    home.stage.bodies["tables/compressed_images/batch=1/1.parquet"] = sink.getvalue()


def in_a_jpeg_comment(home, text):
    home.stage.bodies["images/00/a/1.jpg"] = jpeg(text.encode())


def in_exif_as_utf16(home, text):
    home.stage.bodies["images/00/a/1.jpg"] = jpeg(text.encode("utf-16-le"))


def after_the_picture(home, text):
    home.stage.bodies["images/00/a/1.jpg"] = jpeg(b"") + text.encode()


def in_a_packed_frame(home, text):
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        body = jpeg(text.encode())
        member = tarfile.TarInfo("1.jpg")
        member.size = len(body)
        archive.addfile(member, io.BytesIO(body))
    home.stage.bodies["images/00/a/frames.tar"] = sink.getvalue()


PLACES = [
    value for name, value in dict(globals()).items() if name[:3] in {"in_", "aft"}
]


def jpeg(comment: bytes) -> bytes:
    """Start, comment, an empty scan whose data looks like a marker, end."""
    said = b"\xff\xfe" + (len(comment) + 2).to_bytes(2) + comment
    return b"\xff\xd8" + said + b"\xff\xda\x00\x02" + b"\xff\x00\xff\xd0" + b"\xff\xd9"


@pytest.mark.parametrize("plant", PLACES, ids=lambda plant: plant.__name__)
@pytest.mark.parametrize("kind", IDENTITIES)
def test_an_identity_is_found_wherever_it_stands(home, kind, plant):
    """Seven classes, nineteen places; what is told of it is class, place and count."""
    plant(home, IDENTITIES[kind])

    report = home.scan()

    kinds = {k for h in report.haystacks for found in h.hits.values() for k in found}
    assert kind in kinds
    told = f"{report!r} {facts(report)!r}".casefold()
    assert all(value.casefold() not in told for value in IDENTITIES.values())


def test_a_clean_home_is_clean_and_the_control_sees_everyone(home):
    """Pseudonyms, and the picture itself, are no leak."""
    home.sql("insert into t (text, number) values (?, 471199)", ["2.25.471199"])
    home.stage.bodies["images/00/a/1.jpg"] = jpeg(b"")

    report = home.scan()

    assert report.hits == 0
    assert report.control.sees
    assert sum(report.control.sought.values()) == 7
    assert report.left_out == {}


def test_a_scan_that_cannot_see_says_so(home, monkeypatch):
    """A blind scan is no proof."""
    monkeypatch.setattr(
        "dicom_pipeline.resources.leak_scan.bucket_texts", lambda *_: iter(())
    )

    assert home.scan().control.missed["name"] == 2


def test_a_real_day_in_a_shifted_column_is_found_by_its_own_study(home):
    """A day that is another patient's shifted one is none; one's own real day is."""
    key = Pseudonyms(bytes(32))
    for study, day in ((UID, "2024-01-05"), (UID, "2020-01-03"), ("1.9", "2024-01-05")):
        home.sql(
            "insert into t (study_instance_uid, day) values (?, ?)",
            [key.uid(study), day],
        )

    found = real_days(home.outside.warehouse, {UID: {"20240105", "junk"}}, key)

    assert found.hits == {"main.t.day": {"date": 1}}


def test_only_what_changed_is_looked_at_again(home):
    """Between whole scans a build looks at new files, and at rows of its months."""
    in_dbt_s_log(home, "Quistgaard")
    home.sql("insert into t (study_instance_uid, text) values ('a', 'quistgaard')")
    later = datetime.now(UTC).timestamp() + 60
    where = {"nowhere": "false", "study_instance_uid": "study_instance_uid = 'b'"}

    texts = [
        text.body
        for haystack in home.outside.haystacks(later, where)
        for text in haystack.texts
    ]

    assert "quistgaard" not in "".join(texts).casefold()
