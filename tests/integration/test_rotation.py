"""Two rotations of one installation: anew from raw, then chained with raw gone."""

import base64
import io
import json
import re
import shutil
from collections import defaultdict
from contextlib import nullcontext, suppress

import duckdb
import pyarrow.parquet as pq
import pydicom
import pytest
from typer.testing import CliRunner

from dicom_pipeline.cli.deid_keys import Rotated, rotation_of
from dicom_pipeline.cli.main import app
from dicom_pipeline.deid.keys import load_key
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.deid.rotation import Mode
from dicom_pipeline.places import Places
from dicom_pipeline.resources.local_s3 import LocalS3
from dicom_pipeline.resources.purge import purge
from dicom_pipeline.resources.rotation import Rotation
from dicom_pipeline.resources.rotation_record import KeyRefusedError
from dicom_pipeline.settings import Settings

pytestmark = [pytest.mark.s3, pytest.mark.long]

NAMED = ("patient_key", "study_instance_uid", "series_instance_uid", "device_key")
JOIN = (
    "select patient_sex, count(*), count(distinct study_instance_uid),"
    " max(study_date) - min(study_date), min(dayofweek(study_date))"
    " from fct_images join fct_studies using (study_instance_uid, patient_key)"
    " join fct_series using (series_instance_uid, study_instance_uid, patient_key)"
    " join dim_patients using (patient_key) group by patient_key, patient_sex"
)


class PowerCutError(RuntimeError):
    """The machine went off."""


@pytest.fixture(scope="module")
def files(hospital, tmp_path_factory):
    """Two images of each study of two patients, under names that say nothing."""
    folder = tmp_path_factory.mktemp("few")
    studies = defaultdict(list)
    for patient in sorted(p for p in hospital.iterdir() if p.is_dir())[:2]:
        for file in sorted(f for f in patient.rglob("*") if f.is_file()):
            with suppress(pydicom.errors.InvalidDicomError):
                study = pydicom.dcmread(file, stop_before_pixels=True)
                studies[study.StudyInstanceUID].append(file)
    for number, file in enumerate(f for some in studies.values() for f in some[:2]):
        shutil.copy(file, folder / f"{number}.dcm")
    return folder


class Site:
    """An installation, its keys, and what it looked like after each of them."""

    def __init__(self, made, keys):
        """Begin with the key of the home folder."""
        self.made, self.keys = made, keys
        self.home = made.home
        self.settings = {}
        self.seen = []
        self.said = []

    @property
    def uris(self):
        """Where the keys are."""
        return [(self.home / "deid.key").as_uri(), *(k.as_uri() for k in self.keys)]

    def run(self, *words):
        """Run a command in this process."""
        names = {f"DICOM_PIPELINE_{n.upper()}": v for n, v in self.settings.items()}
        env = {"DICOM_PIPELINE_HOME": str(self.home), **names}
        done = CliRunner().invoke(app, [str(word) for word in words], env=env)
        self.said.append(done.output)
        assert done.exit_code == 0, done.output
        return done

    def places(self, kind=Places):
        """The installation with the keys that are set."""
        return kind(Settings(home=self.home, _env_file=None, **self.settings))

    def column(self, query):
        """One column of the published tables."""
        return [value for (value,) in self.made.processed(query)]

    def look(self):
        """Take down names, joins and pictures as people see them."""
        names = {
            name
            for column in NAMED
            for name in self.column(f"select {column} from fct_series")
        }
        with self.made.open() as places:
            keys = "\n".join(o.key for o in places.stage.list())
        names |= set(re.findall(r"(?<=/)2\.25\.\d+(?=/)", keys))
        names |= set(re.findall(r"(?<=batch=)[0-9a-f]{16}(?=/)", keys))
        self.seen.append(
            {
                "names": names,
                "joins": sorted(self.made.processed(JOIN)),
                "dates": self.column("select study_date from fct_studies"),
                "pictures": sorted(
                    self.column("select jpeg_sha256 from processed_images")
                ),
                "patients": set(self.column("select patient_key from dim_patients")),
            }
        )


@pytest.fixture(scope="module")
def site(install, files, tmp_path_factory):
    """Loaded, made anew under a second key, then chained to a third without raw."""
    folder = tmp_path_factory.mktemp("keys")
    made = install("rotated")
    site = Site(made, [folder / "2.key", folder / "3.key"])
    with made.hold(), pytest.MonkeyPatch.context() as patched:
        # The server that runs is this process's: a command would stop it at its end.
        patched.setattr(LocalS3, "running", nullcontext)
        site.run("ingest", files)
        site.look()
        site.identities = identities(made)
        for file in site.keys:
            site.run("deid", "new-key", file)
        one, two, three = site.uris
        site.settings = {"key_uri": two, "key_version": "2", "retired_key_uris": one}
        site.run("deid", "rotate-key", "--mode", "rederive")
        site.look()
        with made.open() as places:
            for prefix in ("dicom/", "tables/"):
                purge(places.raw, prefix)
        site.settings |= {"key_uri": three, "key_version": "3"}
        site.settings["previous_key_uris"] = two
        killed(site)
        done = site.run("deid", "rotate-key", "--mode", "chained", "--json")
        site.rotated = json.loads(done.stdout)
        site.look()
        yield site


def killed(site):
    """Rotate until the JPEGs are moved and the warehouse is half written."""
    monkeypatch = pytest.MonkeyPatch()
    with monkeypatch.context() as patched, site.places(Rotated).open() as places:

        def cut(*_):
            (site.home / "rotating" / "warehouse.duckdb").write_bytes(b"half")
            raise PowerCutError

        patched.setattr(Rotation, "_written", cut)
        with pytest.raises(PowerCutError):
            rotation_of(places, Mode.CHAINED, lambda _: None).run()
    with pytest.raises(KeyRefusedError, match="begun and not ended"):
        site.places().open().__enter__()


def identities(made):
    """Who is in the raw zone, and under which UIDs."""
    with made.open() as places:
        rows = places.ledger.objects.all().to_pylist()
    return {r["patient_identity"] for r in rows if r["patient_identity"]}


def test_tables_join_as_before_and_intervals_stay(site):
    """Across months, after either rotation: counts, intervals, weekdays, pictures."""
    before, anew, chained = site.seen

    assert len(before["joins"]) == 2
    assert before["joins"] == anew["joins"] == chained["joins"]
    assert before["pictures"] == anew["pictures"] == chained["pictures"]
    assert before["dates"] != anew["dates"] != chained["dates"]


def test_names_are_those_of_the_keys(site):
    """By the identities of raw: first one key, then another, then both of two."""
    keys = [load_key(uri) for uri in site.uris]
    expected = (
        Pseudonyms(keys[0]),
        Pseudonyms(keys[1]),
        Pseudonyms(keys[2], previous=[keys[1]]),
    )

    for seen, pseudonyms in zip(site.seen, expected, strict=True):
        assert seen["patients"] == set(map(pseudonyms.patient_key, site.identities))


def test_nothing_of_the_old_names_is_left(site):
    """In stage, processed and published tables, in JPEG keys and in file bytes."""
    before, anew, chained = (seen["names"] for seen in site.seen)
    text = "\n".join(everything(site))

    assert before & anew == anew & chained == before & chained == set()
    assert all(name in text for name in chained)
    assert [name for name in before | anew if name in text] == []


def everything(site):
    """Keys and rows of the stage bucket; rows of both databases."""
    with site.made.open() as places:
        for stored in places.stage.list():
            yield stored.key
            if stored.key.endswith(".parquet"):
                body = io.BytesIO(places.stage.read(stored.key))
                yield repr(pq.read_table(body).to_pylist())
    for file in ("warehouse.duckdb", "published/analytics.duckdb"):
        yield (site.home / file).read_bytes().decode("latin-1")
        with duckdb.connect(str(site.home / file), read_only=True) as connection:
            for (name,) in connection.execute(
                "select schema_name || '.' || table_name from duckdb_tables()"
            ).fetchall():
                yield repr(connection.execute(f"from {name}").fetchall())


def test_a_rotation_leaves_nothing_due(site):
    """No JPEG is rendered again, no table built again, because of the key."""
    assert site.rotated["done"]["jpegs_that_were_missing"] == 0
    months = site.places().months
    assert months.outdated() == {}
    assert months.processed_behind() == {}
    assert months.is_published()


def test_the_raw_zone_remembers_how_each_key_took_over(site):
    modes = [(key["version"], key["mode"]) for key in site.rotated["keys"]]

    assert modes == [(1, "first"), (2, "rederive"), (3, "chained")]


def test_no_key_is_in_anything(site):
    """As bytes, hexadecimal digits, Base64; in every file, and in what was said."""
    names = {"deid.key", "release.key"}
    bodies = [
        path.read_bytes()
        for path in site.home.rglob("*")
        if path.is_file() and path.name not in names
    ]
    bodies.append("".join(site.said).encode())
    for uri in site.uris:
        key = load_key(uri)
        digits = key.hex().encode()
        forms = (key, digits, digits.upper(), base64.b64encode(key)[:40])
        assert not any(form in body for form in forms for body in bodies)


def test_a_release_is_written_from_what_was_rotated(site, tmp_path):
    """Its names are those of nobody else; the manifest counts the published rows."""
    words = ("deid", "release", "--recipient", "uni-basel", "--k", 1, "--json")
    said = json.loads(site.run(*words, "--jpegs", "--out", tmp_path / "r").stdout)

    [(images,)] = site.made.processed("select count(*) from fct_images")
    assert said["tables"]["fct_images"]["rows"] == images
    assert said["jpegs"] == len(site.seen[0]["pictures"])
    keys = pq.read_table(tmp_path / "r" / "dim_patients.parquet")["patient_key"]
    assert site.seen[-1]["patients"].isdisjoint(keys.to_pylist())
    assert len(set(keys.to_pylist())) == 2
