"""Buckets to push into: moto's for speed, SeaweedFS for a real server's ETags."""

from pathlib import Path

import pytest
from moto import mock_aws

from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.store import Store


@pytest.fixture
def bucket():
    """Return an empty bucket in moto's memory."""
    with mock_aws():
        made = Bucket("provider", Store(access_key="test", secret_key="test"))
        made.create()
        yield made


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """Return a folder as a modality leaves it, with what lies about in such folders."""
    root = tmp_path / "scans"
    for name, body in {
        "a/1.dcm": b"one",
        "a/2.dcm": b"two",
        "b/1.dcm": b"three",
        ".DS_Store": b"litter",
        "empty.dcm": b"",
    }.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
    return root
