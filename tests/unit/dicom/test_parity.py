"""The one-pass reader and pydicom's own JSON agree on the files of its wheel."""

from pathlib import Path

import pytest
from pydicom.data import get_charset_files, get_testdata_files

from dicom_pipeline.dicom.header import Header, extract
from dicom_pipeline.dicom.plausible import begins_like_dicom
from dicom_pipeline.dicom.quiet import silence
from dicom_pipeline.dicom.tolerant import elements_of
from dicom_pipeline.dicom.walk import Walk
from tests.oracles.headers import dicom_json, differences, parsed


def _is_dicom(path: str) -> bool:
    data = Path(path).read_bytes()[:132] if Path(path).is_file() else b""
    return bool(begins_like_dicom(data, Path(path).stat().st_size))


FILES = sorted(
    {p for p in (*get_testdata_files(), *get_charset_files()) if _is_dicom(p)}
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: Path(path).name)
def test_the_walk_agrees_with_pydicom(path):
    """Every element that pydicom converts reads the same, at every depth."""
    data = Path(path).read_bytes()
    walk = Walk()
    with silence():
        ours = walk.json(elements_of(parsed(data)))
    bulk = {item.path: str(item.sha256) for item in walk.bulk}
    odd = {issue.path for issue in walk.issues}

    found = differences(ours, dicom_json(parsed(data)), bulk)

    assert [item for item in found if item[0] not in odd] == []


def test_enough_of_the_wheel_is_read():
    """A suite over nothing passes too."""
    headers = [extract(Path(p).read_bytes(), Path(p).stat().st_size) for p in FILES]

    assert len(FILES) > 150
    assert sum(isinstance(header, Header) for header in headers) > 130
