"""A release: names of its own, and nothing by which two recipients could join."""

import json
from datetime import date, timedelta

import duckdb
import pytest

from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.deid.rotation import for_recipient, held_by_name
from dicom_pipeline.deid.rules import rules_from
from dicom_pipeline.layout import image_folder
from dicom_pipeline.publish.release import Release, ReleaseError
from dicom_pipeline.publish.release_record import Releasing
from tests.unit.publish.conftest import MAPPING
from tests.unit.sources.memory_store import RawBucket

KEY = Pseudonyms(bytes(range(32)))
RELEASE_KEY = bytes(range(64, 96))
PEOPLE, VISITS = range(20), range(2)


@pytest.fixture(scope="module")
def held():
    """What columns hold, by the mapping that is shipped."""
    with MAPPING.open(newline="") as lines:
        return held_by_name(rules_from(lines))


@pytest.fixture
def snapshot(tmp_path):
    """Two visits of twenty people, as they are published."""
    file = tmp_path / "analytics.duckdb"
    people = [(KEY.patient_key(f"P\x1f{n}"), "F", "research", 1) for n in PEOPLE]
    studies = [
        (
            KEY.uid(f"1.2.{n}.{visit}"),
            KEY.patient_key(f"P\x1f{n}"),
            KEY.token("accession", f"A{n}")[:32],
            date(2020, 1, 1) + timedelta(n + 35 * visit),
        )
        for n in PEOPLE
        for visit in VISITS
    ]
    images = [
        (
            f"{image_folder(KEY.uid(f'9.{n}'))}/000001.jpg",
            KEY.uid(f"9.{n}"),
            study,
            [KEY.uid(f"9.{n}"), "1.2.840.10008.1.1"],
            "ab" * 32,
            1000 + n,
        )
        for n, (study, *_) in enumerate(studies)
    ]
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "create schema processed;"
            "create table processed.dim_patients (patient_key varchar, patient_sex"
            " varchar, deid_profile varchar, deid_key_version integer);"
            "create table processed.fct_studies (study_instance_uid varchar,"
            " patient_key varchar, accession_number varchar, study_date date);"
            "create table processed.processed_images (jpeg_key varchar,"
            " sop_instance_uid varchar, study_instance_uid varchar,"
            " source_image_sequence varchar[], jpeg_sha256 varchar, jpeg_bytes bigint)"
        )
        for table, rows in (
            ("dim_patients", people),
            ("fct_studies", studies),
            ("processed_images", images),
        ):
            marks = ", ".join("?" * len(rows[0]))
            connection.executemany(
                f"insert into processed.{table} values ({marks})", rows
            )
    return file


@pytest.fixture
def release(snapshot, held):
    """Make releases of the snapshot."""

    def make(recipient, key=RELEASE_KEY, stored=KEY, *, jpegs=False):
        by = for_recipient(key, recipient, stored, shifts_dates=True)
        return Release(snapshot, held, by, jpegs)

    return make


@pytest.fixture
def released(release, tmp_path):
    """Write a release; return its folder."""

    def write(recipient, name):
        folder = tmp_path / name
        folder.mkdir()
        release(recipient).write(folder)
        return folder

    return write


def rows(folder, query):
    """Rows of a release; tables are named as they were."""
    with duckdb.connect() as connection:
        for file in folder.glob("*.parquet"):
            connection.execute(f"create view {file.stem} as from '{file}'")
        return connection.execute(query).fetchall()


def texts(folder, *tables):
    """Every value, lists unpacked."""
    found = set()
    for table in tables:
        for row in rows(folder, f"from {table}"):
            for value in row:
                found |= set(value) if isinstance(value, list) else {value}
    return {value for value in found if isinstance(value, str)}


def test_tables_of_a_release_join_as_they_did(released):
    """Studies to patients, images to studies, references to images; all of them."""
    folder = released("uni-basel", "r")
    joined = rows(
        folder,
        "select count(*) from processed_images join fct_studies using"
        " (study_instance_uid) join dim_patients using (patient_key)"
        " where source_image_sequence[1] = sop_instance_uid",
    )

    assert joined == [(len(PEOPLE) * len(VISITS),)]
    assert len(texts(folder, "dim_patients") - {"F", "research"}) == len(PEOPLE)


def test_nothing_of_the_stored_names_is_left(released, snapshot):
    """But for registered UIDs, which are nobody's."""
    folder = released("uni-basel", "r")
    tables = ("dim_patients", "fct_studies", "processed_images")
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        stored = {
            value
            for table in tables
            for row in connection.execute(f"from processed.{table}").fetchall()
            for cell in row
            for value in (cell if isinstance(cell, list) else [cell])
            if isinstance(value, str)
        }

    assert texts(folder, *tables) & stored == {"F", "research", "1.2.840.10008.1.1"}


def test_two_recipients_cannot_join(released):
    """Neither by names nor by the days of their patients, whose intervals stay."""
    one, two = released("uni-basel", "a"), released("trial-7", "b")
    query = (
        "select min(study_date), max(study_date) from fct_studies group by patient_key"
    )
    spans = [rows(each, query) for each in (one, two)]

    assert texts(one, "fct_studies").isdisjoint(texts(two, "fct_studies"))
    assert {last - first for span in spans for first, last in span} == {
        timedelta(days=35)
    }
    assert len(set(spans[0]) & set(spans[1])) < 3  # by chance


def test_a_recipient_keeps_his_names(released):
    """A later release joins with an earlier one: byte for byte the same here."""
    one, two = released("uni-basel", "a"), released("uni-basel", "b")

    for file in one.iterdir():
        assert file.read_bytes() == (two / file.name).read_bytes()


def test_rows_are_ordered_by_the_new_names(released):
    """In the order of the old names, line n of two recipients would be one patient."""
    keys = [key for (key, *_) in rows(released("uni-basel", "r"), "from dim_patients")]

    assert keys == sorted(keys)


def test_fingerprints_of_pictures_are_left_out_with_a_reason(release, tmp_path):
    work = release("uni-basel")
    said = work.write(tmp_path)

    assert said["processed_images"]["columns"] == 3
    assert work.left_out.keys() == {"jpeg_key", "jpeg_sha256", "jpeg_bytes"}
    assert all(work.left_out.values())


def test_jpegs_are_copied_under_the_new_names(release, tmp_path):
    """Each file that a row names is there, and no other."""
    stage, work = RawBucket(), release("uni-basel", jpegs=True)
    for key in work.jpegs_by_name().values():
        stage.write(key, key.encode())

    said = Releasing("uni-basel", work, RawBucket(), stage).run(tmp_path / "r")

    named = {
        key for (key,) in rows(tmp_path / "r", "select jpeg_key from processed_images")
    }
    there = {
        file.relative_to(tmp_path / "r").as_posix()
        for file in (tmp_path / "r" / "images").rglob("*.jpg")
    }
    assert said["jpegs"] == len(named) == 40
    assert there == named


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("my_key varchar", KEY.patient_key("P\x1f1")),
        ("note varchar", f"see {KEY.uid('1.2.3')}"),
        ("parts varchar[]", [KEY.token("accession", "x")[:16]]),
        ("first_seen date", date(2020, 1, 1)),
    ],
    ids=["renamed", "in-a-text", "in-a-list", "day"],
)
def test_a_column_that_may_hold_a_name_stops_the_release(
    snapshot, release, tmp_path, column, value
):
    """Planted: a model of one's own, whose columns no rule names."""
    with duckdb.connect(str(snapshot)) as connection:
        connection.execute(f"create table processed.mine ({column})")
        connection.execute("insert into processed.mine values (?)", [value])

    with pytest.raises(ReleaseError, match=f"mine.{column.split()[0]} has no rule"):
        release("uni-basel").write(tmp_path)


def test_a_column_of_numbers_and_words_may_stay(snapshot, release, tmp_path):
    with duckdb.connect(str(snapshot)) as connection:
        connection.execute("create table processed.mine as select 7 as n, 'ct' as word")

    assert release("uni-basel").write(tmp_path)["mine"]["columns"] == 2


def test_rows_of_another_key_stop_the_release(snapshot, release, tmp_path):
    """Planted: the snapshot is older than the key."""
    with duckdb.connect(str(snapshot)) as connection:
        connection.execute(
            "update processed.dim_patients set deid_key_version = 9 where rowid = 3"
        )

    with pytest.raises(ReleaseError, match="another key version than 1"):
        release("uni-basel").write(tmp_path)


def test_the_manifest_says_what_and_how_and_no_key(release, tmp_path):
    raw = RawBucket()
    work = release("uni-basel")
    Releasing("uni-basel", work, raw, raw).run(tmp_path / "r")

    text = (tmp_path / "r" / "manifest.json").read_text()
    said = json.loads(text)
    assert said["recipient"], said["number"] == ("uni-basel", 1)
    assert said["tables"]["dim_patients"]["rows"] == len(PEOPLE)
    assert said["deid_profile"] == ["research"]
    assert said["key_check_value"] == work.by.new.check_value
    kept = text + repr(raw.bodies)
    for key in (RELEASE_KEY, bytes(range(32))):
        assert key.hex() not in kept


def test_other_names_than_before_are_refused_until_it_is_said(release, tmp_path):
    """After a rotation of the stage layer, or with another release key."""
    raw = RawBucket()
    rotated = Pseudonyms(bytes(32), previous=[bytes(range(32))])
    Releasing("uni-basel", release("uni-basel"), raw, raw).run(tmp_path / "a")

    for work, said in (
        (release("uni-basel", key=bytes(32)), "RELEASE_KEY_URI"),
        (release("uni-basel", stored=rotated), "rotated"),
    ):
        with pytest.raises(ReleaseError, match=said):
            Releasing("uni-basel", work, raw, raw).run(tmp_path / "b")

    made = Releasing("uni-basel", work, raw, raw).run(tmp_path / "b", new_history=True)
    assert made["number"] == 2


def test_a_folder_is_never_written_over(release, tmp_path):
    raw = RawBucket()
    with pytest.raises(ReleaseError, match="there already"):
        Releasing("uni-basel", release("uni-basel"), raw, raw).run(tmp_path)
