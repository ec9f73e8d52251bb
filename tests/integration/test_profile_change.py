"""An installation changes its profile: research first, then safe_harbor, on real S3."""

import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor

import duckdb
import pytest

from dicom_pipeline.layout import IMAGES_PREFIX
from dicom_pipeline.resources.vault import Vault
from dicom_pipeline.resources.vault_store import vault_store

pytestmark = [pytest.mark.s3, pytest.mark.long]

FILES = ("CT_small.dcm", "MR_small.dcm")
DAY = re.compile(r"(19|20)\d\d-\d\d-\d\d|\d\d:\d\d:\d\d")


@pytest.fixture(scope="module")
def changed(install, pydicom_files, tmp_path_factory):
    """Two files loaded under research, and all that is due under safe_harbor."""
    folder = tmp_path_factory.mktemp("two")
    for name in FILES:
        shutil.copy(pydicom_files / "test_files" / name, folder)
    made = install("profile")
    with made.hold():
        made.ingest(folder)
        former = made.state()
        made.more["DICOM_PIPELINE_PROFILE"] = "safe_harbor"
        made.ingest(folder)
        yield made, former


def names_in(tables):
    """Patient keys and UIDs of processed tables."""
    text = str(tables)
    return {*re.findall(r"2\.25\.\d{20,}", text), *re.findall(r"[0-9a-f]{64}", text)}


def warehouse(installation):
    """Every value of every table of the warehouse that rows of patients are in."""
    path = str(installation.home / "warehouse.duckdb")
    with duckdb.connect(path, read_only=True) as connection:
        tables = connection.execute(
            "select distinct schema_name || '.' || table_name from duckdb_columns()"
            " where column_name = 'deid_profile' and not internal"
        ).fetchall()
        for (table,) in tables:
            for row in connection.execute(f"select * from {table}").fetchall():
                yield table, row


def test_no_row_and_no_jpeg_of_the_former_profile_is_left(changed):
    """Tables, JPEGs and their table: every name is new, every row says so."""
    installation, former = changed
    now = installation.state()
    rows = list(warehouse(installation))
    was = names_in(former.tables)

    assert len({table for table, _ in rows}) >= 10
    assert len(was) > 8
    assert not [table for table, row in rows if "research" in row]
    assert not [name for name in was & names_in(rows) if name.startswith("2.25.")]
    pictures = {key for key in now.stage if key.startswith(IMAGES_PREFIX)}
    assert pictures
    assert not {key for key in former.stage if "empty" not in key} & {*now.stage}
    assert installation.processed(
        "select count(*), count(modality), count(study_date) from processed_images"
    ) == [(len(pictures),) * 3]


def test_the_published_copy_holds_years(changed):
    """The snapshot that people open has no day and no time in it."""
    installation, former = changed
    tables = {k: v for k, v in installation.tables().items() if k != "data_dictionary"}

    assert DAY.search(str(tables)) is None
    assert "datetime" not in str(tables)
    assert "datetime.date" in str(former.tables)
    years = installation.processed("select study_date from fct_studies order by 1")
    assert years == [(2004,), (2004,)]


def test_the_way_back_is_told_to_those_who_ask_and_kept_on_record(changed):
    """A key of the tables leads to the patient; status counts and names nobody."""
    installation, _ = changed
    [(key,), _] = installation.processed("select patient_key from dim_patients")

    asked = installation.run("deid", "reidentify", key, "--why", "a test", "--json")
    said = installation.run("deid", "vault", "--json")

    [who] = json.loads(asked.stdout)["identities"]
    assert who["identifier"].endswith(("1CT1", "4MR1"))
    counts = json.loads(said.stdout)
    assert counts["surrogates"]["patient_id"] == 2
    assert counts["reads"] == 1
    assert "1CT1" not in said.stdout


def test_the_real_store_gives_a_slot_once(changed):
    """Eight processes' worth of vaults agree on each name: the put is conditional."""
    installation, _ = changed
    with installation.open() as places:
        address = f"s3://{places.raw.name}/vault-of-a-test"
        reached = places.store.environment()
        vaults = [Vault(vault_store(address, reached), bytes(32)) for _ in range(8)]
        texts = [f"1.2.{n}" for n in range(12)]
        with ThreadPoolExecutor(8) as pool:
            said = pool.map(
                lambda vault: [vault.surrogates("uid", [t])[t] for t in texts], vaults
            )

    assert len({tuple(each) for each in said}) == 1
