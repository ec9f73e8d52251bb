"""A changed rule makes stale what it touches, and one load makes only that again."""

import json

import pytest

from dicom_pipeline.publish import dbt_sources
from dicom_pipeline.settings import Settings
from tests.planted.tree import copied_tree, put

pytestmark = pytest.mark.s3

MAPPING = "dbt_project/seeds/anonymization_mapping.csv"
MODEL = "raw,devices,manufacturer_model_name,text_terms,varchar(64)"
NO_MODEL = "raw,devices,manufacturer_model_name,null_out,varchar(64)"


@pytest.fixture(scope="module")
def few(hospital, tmp_path_factory):
    """Some files of the hospital."""
    folder = tmp_path_factory.mktemp("few")
    for number, file in enumerate(sorted(hospital.rglob("IM*"))[:4]):
        (folder / f"{number}.dcm").write_bytes(file.read_bytes())
    return folder


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the rules that may be changed, in place of the released ones."""
    copy = copied_tree(tmp_path_factory.mktemp("tree"), ("dbt_project",))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Settings, "dbt_project", property(lambda _: copy / "dbt_project"))
        yield copy


@pytest.fixture(scope="module")
def home(install, few, tree):  # noqa: ARG001
    """An installation that is loaded once, by the rules of the copy."""
    made = install("stale")
    ingest(made, few)
    return made


def ingest(home, few):
    """Load; anything but success is a failure."""
    done = home.run("ingest", few)
    assert done.returncode == 0, done.stderr


def status(home):
    """What the command says of stale outputs."""
    done = home.run("status", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["stale"]


def built(home):
    """Models that the last builds have made, and when."""
    found = {}
    for file in (home.home / "dbt" / "target" / "run").rglob("*.sql"):
        if "models" in file.parts and not file.parent.name.endswith(".yml"):
            found[file.stem] = file.stat().st_mtime_ns
    return found


def written(home):
    """When each object of the stage bucket was written."""
    with home.open() as places:
        found = places.stage.list()
        return {o.key: o.modified_at for o in found if "batch=empty" not in o.key}


def test_a_rule_of_devices_touches_devices_alone(home, few, tree):
    """Status names tables and class of rule; a load makes those and no other."""
    before, pictures = built(home), written(home)
    rows = home.tables()
    put(tree, MAPPING, MODEL, NO_MODEL)
    dbt_sources.main([str(tree / "dbt_project")])

    found = status(home)
    assert set(found) == {"stg_devices", "dim_devices", "processed_images"}
    assert "rules" in found["stg_devices"]["causes"]
    assert found["stg_devices"]["months"] > 0
    ingest(home, few)

    after = built(home)
    remade = {model for model, at in after.items() if before.get(model) != at}
    assert remade == {"stg_devices", "dim_devices", "processed_images"}
    assert written(home) == pictures
    assert status(home) == {}
    changed = {n for n, lines in home.tables().items() if lines != rows[n]}
    assert "dim_devices" in changed
    assert changed <= {"dim_devices", "processed_images", "data_dictionary"}
    assert home.processed(
        "select count(*) from dim_devices where manufacturer_model_name is not null"
    ) == [(0,)]
