"""Installations to load files into: the real command, the real server."""

import contextlib
import io
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pydicom
import pydicom.data
import pytest
from typer.testing import CliRunner

from dicom_pipeline.cli.main import app
from dicom_pipeline.places import Places
from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.settings import Settings
from dicom_pipeline.sources.hospital import write_hospital

COMMAND = Path(sys.executable).with_name("dicom-pipeline")
KEPT = ("dicom/", "quarantine/", "tables/")


@dataclass(frozen=True)
class State:
    """All that a load leaves: objects by fingerprint, rows, and the balance."""

    raw: dict[str, str]
    stage: dict[str, str]
    tables: dict[str, list[str]]
    received: int
    outcomes: dict[str, int]
    reasons: dict[str, int]


@dataclass
class Installation:
    """One home folder and everything that its command line has said."""

    home: Path
    more: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    held: Places | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What a command of this installation sees."""
        return {**os.environ, "DICOM_PIPELINE_HOME": str(self.home), **self.more}

    def run(self, *words: object) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, in this process: a new one imports for seconds."""
        environment = {"DICOM_PIPELINE_HOME": str(self.home), **self.more}
        given = [*map(str, words)]
        done = CliRunner().invoke(app, given, env=environment, catch_exceptions=False)
        self.said += [done.stdout, done.stderr]
        return subprocess.CompletedProcess(
            given, done.exit_code, done.stdout, done.stderr
        )

    def command(self, *words: object) -> subprocess.CompletedProcess[str]:
        """Run a command to its end as a person does who types it: all that it says."""
        done = subprocess.run(
            [COMMAND, *map(str, words)],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        self.said += [done.stdout, done.stderr]
        return done

    def ingest(self, *sources: Path) -> None:
        """Load files; anything but success is a failure."""
        done = self.run("ingest", *sources)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self, *words: object) -> subprocess.Popen[str]:
        """Start a command in a process group of its own."""
        return subprocess.Popen(
            [COMMAND, *map(str, words)],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def kill(self, running: subprocess.Popen[str]) -> None:
        """End the command and its server as a power cut does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        self.said += [text for text in running.communicate() if text]
        server = self.home / "s3" / "pid"
        if server.exists():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(server.read_text()), signal.SIGKILL)

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Keep one server running for all that follows: a start takes seconds."""
        with self.open() as self.held:
            yield
        self.held = None

    @contextlib.contextmanager
    def open(self) -> Iterator[Places]:
        """Have the buckets, with the server that runs or one of its own."""
        if self.held is not None:
            yield self.held
            return
        with Places(Settings(home=self.home, _env_file=None)).open() as places:
            yield places

    def processed(self, sql: str) -> list[tuple]:
        """Ask the published snapshot."""
        snapshot = self.home / "published" / "analytics.duckdb"
        with duckdb.connect(str(snapshot), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def tables(self) -> dict[str, list[str]]:
        """Contents of each processed table, in an order of their own."""
        names = self.processed("select table_name from duckdb_tables() order by 1")
        return {
            name: sorted(map(repr, self.processed(f'select * from "{name}"')))
            for (name,) in names
        }

    def state(self) -> State:
        """Take down what there is now."""
        with self.open() as places:
            balance = places.ledger.balance()
            raw = {o.key: o.fingerprint for o in places.raw.list()}
            stage = {o.key: o.fingerprint for o in places.stage.list()}
        return State(
            raw={key: value for key, value in raw.items() if key.startswith(KEPT)},
            stage=stage,
            tables=self.tables(),
            received=balance.received,
            outcomes=balance.outcomes,
            reasons=balance.reasons,
        )


def parquet_rows(bucket: Bucket, prefix: str) -> list[dict]:
    """Every row of the Parquet files below ``prefix``."""
    return [
        row
        for stored in bucket.list(prefix)
        if stored.key.endswith(".parquet")
        for row in pq.read_table(io.BytesIO(bucket.read(stored.key))).to_pylist()
    ]


@pytest.fixture(scope="session")
def rows_of():
    return parquet_rows


@pytest.fixture(scope="session")
def install(tmp_path_factory):
    """Make an installation; leave no server of it behind."""
    made: list[Installation] = []

    def make(name: str, **more: str) -> Installation:
        made.append(Installation(tmp_path_factory.mktemp(name) / "home", more))
        return made[-1]

    yield make
    for each in made:
        server = each.home / "s3" / "pid"
        if server.exists():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(server.read_text()), signal.SIGKILL)


@pytest.fixture(scope="session")
def hospital(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "hospital"
    write_hospital(folder)
    return folder


@pytest.fixture(scope="session")
def pydicom_files() -> Path:
    return Path(pydicom.data.__file__).parent


NESTED = (
    bytes(128)
    + b"DICM\x02\x00\x10\x00UI\x14\x00"
    + b"1.2.840.10008.1.2.1\0"
    + (b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\0\xe0\xff\xff\xff\xff")
    * 2000
)


@pytest.fixture(scope="session")
def bad_files(hospital, tmp_path_factory) -> Path:
    """Files that no ingest may stumble over."""
    folder = tmp_path_factory.mktemp("made") / "bad"
    folder.mkdir()
    good = min((hospital / "QUISTGAARD-ODOWD_S").rglob("IM*"))
    body = good.read_bytes()
    (folder / "notes.txt").write_text("Call the patient back on Monday.\n" * 40)
    (folder / "empty.dcm").touch()
    (folder / "cut.dcm").write_bytes(body[:700])
    (folder / "nested.dcm").write_bytes(NESTED)
    for number, uid in enumerate(
        ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
    ):
        dataset = pydicom.dcmread(good)
        dataset.SOPInstanceUID = f"1.2.826.0.1.3680043.8.498.7.{number}"
        del dataset[uid]
        dataset.save_as(folder / f"no_{uid}")
    _odd(good, folder / "stars.dcm", 11, date="***")
    _odd(good, folder / "zeros.dcm", 12, date="00000000")
    dataset = _odd(good, folder / "huge.dcm", 13, date="20240105", keep=False)
    dataset.Rows = dataset.Columns = 65535
    dataset.PixelData = bytes(4)
    dataset.save_as(folder / "huge.dcm")
    return folder


def _odd(good: Path, to: Path, number: int, *, date: str, keep: bool = True):
    """Store an instance of its own series, its dates as given."""
    pydicom.config.settings.writing_validation_mode = pydicom.config.IGNORE
    dataset = pydicom.dcmread(good)
    for element in list(dataset):
        if element.VR in {"DA", "DT"} and element.keyword != "PatientBirthDate":
            del dataset[element.tag]
    dataset.StudyDate = date
    uid = f"1.2.826.0.1.3680043.8.498.7.{number}"
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = uid
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"{uid}.1", f"{uid}.2"
    if keep:
        dataset.save_as(to)
    return dataset


@pytest.fixture(scope="session")
def loaded(install, hospital, bad_files, pydicom_files) -> Iterator[Installation]:
    """One load of the hospital, of bad files, and of those in pydicom's wheel."""
    made = install("loaded")
    with made.hold():
        done = made.command("ingest", hospital, bad_files, pydicom_files)
        assert done.returncode == 0, done.stdout + done.stderr
        yield made


@pytest.fixture(scope="session")
def first(loaded) -> State:
    return loaded.state()


@pytest.fixture(scope="session")
def second(loaded, first, hospital, bad_files, pydicom_files) -> State:  # noqa: ARG001
    """The same command again."""
    loaded.ingest(hospital, bad_files, pydicom_files)
    return loaded.state()


@pytest.fixture(scope="session")
def copied(install):
    """Copy a stopped installation."""

    def copy(of: Installation, name: str) -> Installation:
        made = install(name, **of.more)
        shutil.copytree(of.home, made.home)
        return made

    return copy
