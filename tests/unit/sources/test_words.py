"""A word of the command line is one source, or the error lists what is known."""

from pathlib import Path

import pydicom.data
import pytest

from dicom_pipeline.sources.folder import Folder
from dicom_pipeline.sources.idc import Idc
from dicom_pipeline.sources.push import push
from dicom_pipeline.sources.s3 import S3
from dicom_pipeline.sources.url import Url
from dicom_pipeline.sources.words import UnknownSourceError, source_of


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        (".", Folder),
        (__file__, Folder),
        ("http://host/1.dcm", Url),
        ("HTTPS://host/1.dcm?X-Amz-Signature=1", Url),
        ("s3://bucket/prefix", S3),
        ("idc:Modality = 'CT'", Idc),
    ],
)
def test_a_word_is_one_source(word, kind):
    """By how it begins."""
    assert isinstance(source_of(word), kind)


@pytest.mark.parametrize(
    "word", ["ftp://host/x", "no/such/folder", "s3://", "idc:", ""]
)
def test_an_unknown_word_lists_what_is_known(word):
    """And does not repeat it: it may be a patient's folder."""
    with pytest.raises(UnknownSourceError, match=r"idc:, s3://") as raised:
        source_of(word)

    assert "such/folder" not in str(raised.value)
    assert "ftp" not in str(raised.value)


def test_a_dicomdir_means_its_medium(bucket):
    """All files below its folder, the index among them; here by pydicom's own."""
    medium = Path(pydicom.data.__file__).parent / "test_files/dicomdirtests"
    source = source_of(str(medium / "DICOMDIR"))
    result = push([source], bucket)

    assert source == Folder(medium)
    here = sum(1 for file in medium.rglob("*") if file.is_file())
    assert result.uploaded == here > 50
