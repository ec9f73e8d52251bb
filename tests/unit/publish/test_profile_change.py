"""JPEGs and the vault when a profile changes, and when a patient goes."""

import io
from dataclasses import dataclass, replace

import pyarrow.parquet as pq
import pytest
from obstore.store import MemoryStore

from dicom_pipeline.catalog.compressed_images import COMPRESSED_IMAGES
from dicom_pipeline.deid.surrogates import Surrogates
from dicom_pipeline.layout import IMAGES_PREFIX, table_prefix
from dicom_pipeline.publish.erasure_vault import VaultErasure
from dicom_pipeline.resources.jpeg_leftovers import remove_former
from dicom_pipeline.resources.jpegs import Jpegs
from dicom_pipeline.resources.vault import Vault
from tests.unit.publish.archives import (
    HER,
    HIM,
    IDENTITY,
    ISSUER,
    KEY,
    THEM,
    Archive,
    patient_identity,
)

pytestmark = pytest.mark.usefixtures("aws")

SECRET = bytes(range(32))
MONTHS = ("2024-01", "2024-02")


@pytest.fixture
def archive(tmp_path):
    """Three patients in two months, filed and projected."""
    made = Archive(tmp_path / "home")
    made.send(HIM, 1, 2)
    made.send(HER, 1, 2)
    made.send(THEM, 1, 2)
    made.load()
    return made


@dataclass
class Brush:
    """Makes a JPEG of every object it is asked for, and counts them."""

    archive: Archive
    painted: int = 0
    version = "test"

    def render(self, jobs):
        """Write one frame for each job."""
        for job in jobs:
            self.painted += 1
            key = f"{job.output}/000001.jpg"
            self.archive.stage.write(key.removeprefix("s3://stage/"), b"\xff\xd8")
            yield {"id": job.id, "status": "ok", "frame": 1, "key": key}


class Passes:
    """Lets every image through."""

    def decisions(self, rows, *_):
        """Say nothing against any."""
        return [Pass() for _ in rows]


@dataclass(frozen=True)
class Pass:
    """One decision."""

    decision: str = "pass"
    code: str = "test"
    masks: tuple = ()
    keep: tuple = ()


def jpegs_of(archive, brush, profile, names):
    """The renderer of one profile."""
    return Jpegs(
        archive.ledger, archive.stage, brush, names, profile, "rule", 10, Passes()
    )


def rendered(jpegs, *months):
    """Render months, then look for what is left of another profile."""
    for month in months:
        jpegs.render_month(month, lambda *_: None)
    return remove_former(jpegs)


def stage(archive):
    """Keys of all JPEGs, and all rows of their tables."""
    keys = {item.key for item in archive.stage.list(IMAGES_PREFIX)}
    listed = archive.stage.list(table_prefix(COMPRESSED_IMAGES.name))
    tables = [read_rows(archive.stage.read(item.key)) for item in listed]
    return keys, [row for rows in tables for row in rows]


def read_rows(body):
    """Rows of one Parquet object."""
    return pq.read_table(io.BytesIO(body)).to_pylist()


def test_the_same_names_under_another_profile_are_kept_and_say_so(archive):
    """From research to limited no JPEG is made again; every row names the new one."""
    brush = Brush(archive)
    rendered(jpegs_of(archive, brush, "research", KEY), *MONTHS)
    before, rows = stage(archive)
    assert {row["deid_profile"] for row in rows} == {"research"}

    assert rendered(jpegs_of(archive, brush, "limited", KEY), *MONTHS) == 0
    after, rows = stage(archive)
    assert (brush.painted, after) == (6, before)
    assert {
        (row["deid_profile"], row["deid_rules_sha256"], row["deid_key_version"])
        for row in rows
    } == {("limited", "rule", 1)}


def test_other_names_leave_nothing_under_the_former_ones(archive):
    """Not a JPEG, not a row; and not before every month is there under the new."""
    brush, store = Brush(archive), MemoryStore()
    rendered(jpegs_of(archive, brush, "research", KEY), *MONTHS)
    former, _ = stage(archive)
    names = Surrogates(Vault(store, SECRET), SECRET)
    harbor = jpegs_of(archive, brush, "safe_harbor", names)

    assert rendered(harbor, MONTHS[0]) == 0
    assert former < stage(archive)[0]
    assert rendered(harbor, MONTHS[1]) == 6
    keys, rows = stage(archive)
    assert len(keys) == len(rows) == 6
    assert not keys & former
    assert {row["jpeg_key"] for row in rows} == keys
    assert {row["deid_profile"] for row in rows} == {"safe_harbor"}
    again = jpegs_of(
        archive, brush, "safe_harbor", Surrogates(Vault(store, SECRET), SECRET)
    )
    assert rendered(again, *MONTHS) == 0
    assert brush.painted == 12
    assert stage(archive) == (keys, rows)


def test_an_erased_patient_leaves_the_vault(archive):
    """His names, UIDs and renders go, with those his headers hold; others' stay."""
    vault = Vault(MemoryStore(), SECRET)
    names = Surrogates(vault, SECRET)
    rendered(jpegs_of(archive, Brush(archive), "safe_harbor", names), *MONTHS)
    people = [patient_identity(ISSUER, "p", who, "") for who in (HIM, HER, THEM)]
    keys = dict(zip(people, map(names.patient_key, people), strict=True))
    his = [names.uid(f"1.2.826.0.1.31.{n}") for n in ("1.0", "2.1", "3.1")]
    before = vault.status()

    erasure = replace(
        archive.erasure(), pseudonyms=names, vault=VaultErasure(vault, archive.raw)
    )
    receipt = erasure.erase(IDENTITY)

    after, left = vault.status(), vault.named([*keys.values(), *his], "test")
    assert receipt["found_afterwards"] == {}
    assert {entry.text for entry in left.values()} == {*people} - {IDENTITY}
    assert after.surrogates["render"] == before.surrogates["render"] - 2
    assert after.surrogates["patient_id"] == 2
    assert receipt["removed"]["vault_entries"] == 7
    texts = [entry.text for entry in vault._entries()]  # noqa: SLF001
    assert not [text for text in texts if ".31." in text or HIM in text]
    assert len(stage(archive)[0]) == 4
