"""No value of a header shapes a path, and no value is lost on the way to one."""

from datetime import date
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom_pipeline.dicom.nested.choice import chosen, keys_of
from dicom_pipeline.dicom.nested.seen import Level
from dicom_pipeline.publish.header_export_folders import (
    NOTHING,
    NoFolderError,
    check_folders,
    folder_of,
)


@given(st.text(min_size=1, max_size=64), st.text(min_size=1, max_size=64))
def test_any_text_is_one_safe_folder_that_reads_back(modality, body_part):
    """Two parts, no way up, nothing but plain letters, at most 255 bytes each."""
    folder = folder_of(["Modality", "BodyPart"], [modality, body_part])
    parts = Path(folder).parts

    assert len(parts) == 2
    assert folder.isascii()
    assert ".." not in parts
    assert all(len(part) <= 255 for part in parts)
    for part, value in zip(parts, (modality, body_part), strict=True):
        spelled = unquote(part.split("=", 1)[1])
        assert spelled == value or spelled.startswith("sha256-")


def test_dates_numbers_and_nothing_have_their_folders():
    """As Hive, Spark and DuckDB read them."""
    names, values = ["Modality", "StudyDate", "Rows"], [None, date(2024, 1, 31), 512]

    assert folder_of(names, values) == (
        f"Modality={NOTHING}/StudyDate=2024-01-31/Rows=512"
    )


@pytest.mark.parametrize("word", ["ImageType", "KVP", "PatientName", "StudyTime"])
def test_what_is_no_folder_is_refused_by_name(word):
    """A list, a decimal number, a struct, a time."""
    with pytest.raises(NoFolderError, match=word):
        check_folders(chosen(Level(), keys_of([word])))
