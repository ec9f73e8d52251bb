"""A provider's part of a bucket: what is pushed lies where the listing looks."""

import zipfile

from dicom_pipeline.sources.push import push
from dicom_pipeline.sources.source import Below
from dicom_pipeline.sources.words import source_of


def test_what_is_pushed_lies_below_the_prefix(bucket, scans):
    """Files and members of archives alike, and a repeat sends nothing."""
    with zipfile.ZipFile(scans / "more.zip", "w") as archive:
        archive.writestr("c/1.dcm", b"four")
    source = Below(source_of(str(scans)), "hospital/in/")

    first, again = push([source], bucket), push([source], bucket)

    keys = {stored.key for stored in bucket.list("")}
    assert first.uploaded == len(keys) == 6
    assert all(key.startswith("hospital/in/scans/") for key in keys)
    assert again.uploaded == 0
