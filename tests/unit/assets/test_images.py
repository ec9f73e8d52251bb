"""What the asset of the JPEGs says of a run."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from dicom_pipeline.assets.images import compressed_images
from dicom_pipeline.catalog.compressed_images import COMPRESSED_IMAGES
from dicom_pipeline.resources.jpegs import Rendered

MONTH = "2024-03-01"
WORK = "for _ in range(3_000_000): pass"


def rendered(_month, _progress):
    """Three images of two objects; a child process is the compressor's."""
    subprocess.run([sys.executable, "-c", WORK], check=True)
    empty = COMPRESSED_IMAGES.schema.empty_table()
    return Rendered(empty, answered=2, kept=0, removed=0, images=3)


def one_month_behind():
    """Stand-ins that know one month and have it rendered."""
    months = SimpleNamespace(
        digests=lambda keys: dict.fromkeys(keys, "digest"),
        pictures=lambda digests: digests,
        behind=lambda _step, seen: list(seen),
        rendered=lambda _months: None,
    )
    jpegs = SimpleNamespace(
        has_table=lambda _month: True,
        render_month=rendered,
        ledger=SimpleNamespace(batches_by_month=dict),
        stage=SimpleNamespace(list=lambda _prefix: []),
    )
    return {"months": months, "jpegs": jpegs}


def test_a_run_tells_its_throughput_and_who_spent_the_time():
    """Images are counted apart from objects; this process waited for its child."""
    run = SimpleNamespace(tags={})
    context = SimpleNamespace(partition_keys=[MONTH], run=run)

    result = compressed_images.node_def.compute_fn.decorated_fn(
        context, **one_month_behind()
    )

    facts = {name: fact.value for name, fact in result.metadata.items()}
    assert facts["objects_rendered_now"] == 2
    assert facts["images_per_second"] == pytest.approx(
        facts["objects_per_second"] * 3 / 2
    )
    assert 0 <= facts["cpu_share_outside_compressor"] < 1
