"""A changed rule makes stale what it touches, and one load makes only that again."""

import json
import subprocess
import sys

import pytest

from tests.planted.tree import copied_tree, environment, put

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
    """A copy of the code whose rules may be changed."""
    return copied_tree(
        tmp_path_factory.mktemp("tree"), ("dicom_pipeline", "dbt_project")
    )


@pytest.fixture(scope="module")
def home(install, few, tree):
    """An installation that is loaded once, and runs the copy."""
    made = install("stale", PYTHONPATH=str(tree))
    with made.hold():
        made.ingest(few)
        yield made


def accept(tree):
    """Take a change of the rules, as `make generate` does."""
    words = [sys.executable, "-m", "dicom_pipeline.publish.dbt_sources"]
    subprocess.run(words, env=environment(tree), cwd=tree, check=True)


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
    accept(tree)

    found = status(home)
    assert set(found) == {"stg_devices", "dim_devices", "processed_images"}
    assert "rules" in found["stg_devices"]["causes"]
    assert found["stg_devices"]["months"] > 0
    home.ingest(few)

    after = built(home)
    remade = {model for model, at in after.items() if before.get(model) != at}
    assert remade == {"stg_devices", "dim_devices", "processed_images"}
    assert written(home) == pictures
    assert status(home) == {}
    assert {name for name, lines in home.tables().items() if lines != rows[name]} == {
        "dim_devices",
        "processed_images",
    }
    assert home.processed(
        "select count(*) from dim_devices where manufacturer_model_name is not null"
    ) == [(0,)]
