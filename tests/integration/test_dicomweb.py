"""QIDO-RS and WADO-RS against Orthanc: the bucket has the bytes that Orthanc has."""

import json

import pydicom
import pytest
from moto import mock_aws

from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.store import Store
from dicom_pipeline.sources.dicomweb import DicomWeb
from dicom_pipeline.sources.dicomweb_client import Credentials
from dicom_pipeline.sources.push import push
from dicom_pipeline.sources.source import SourceError
from dicom_pipeline.sources.words import source_of
from tests.integration.peers import (
    DICOMWEB,
    Orthanc,
    needs_dicomweb,
    orthanc,
    wheel_file,
)

pytestmark = needs_dicomweb

NAMES = (
    "CT_small.dcm",
    "JPEG2000.dcm",
    "MR_small_RLE.dcm",
    "SC_rgb_jpeg_gdcm.dcm",
    "examples_ybr_color.dcm",
    "image_dfl.dcm",
    "liver_expb_1frame.dcm",
    "rtplan.dcm",
    "test-SR.dcm",
    "waveform_ecg.dcm",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Yield Orthanc with its plugin; it wants to know who asks."""
    folder = tmp_path_factory.mktemp("orthanc")
    with orthanc(
        folder,
        Plugins=[str(DICOMWEB)],
        DicomWeb={"Enable": True, "Root": "/dicom-web/"},
    ) as running:
        yield running


@pytest.fixture(scope="module")
def names(server):
    """Upload the files once; return Orthanc's names for them."""
    return [server.upload(wheel_file(name).read_bytes()) for name in NAMES]


@pytest.fixture
def bucket():
    """Yield an empty bucket in memory; requests to Orthanc pass by it."""
    with mock_aws(config={"core": {"passthrough": {"urls": ["http://127.0.0.1.*"]}}}):
        made = Bucket("provider", Store(access_key="test", secret_key="test"))
        made.create()
        yield made


def source(server: Orthanc, query: str = "", page: int = 3) -> DicomWeb:
    """Return the server as a source, in pages so small that there are several."""
    named = source_of(f"dicomweb+{server.url}/dicom-web/{query}")
    assert isinstance(named, DicomWeb)
    asking = named.asking_as(Credentials("ana", "secret"))
    return DicomWeb(asking.client, asking.filters, page)


def test_every_object_arrives_to_the_byte(server, names, bucket):
    """Whatever its transfer syntax: nothing is decoded, nothing is converted."""
    result = push([source(server)], bucket)
    bodies = {stored.key: bucket.read(stored.key) for stored in bucket.list()}

    assert (result.uploaded, dict(result.failed)) == (len(NAMES), {})
    assert sorted(bodies.values()) == sorted(server.file(name) for name in names)
    assert all(key.startswith("dicomweb/127.0.0.1%3A") for key in bodies)


def test_a_repeat_fetches_nothing_and_a_correction_is_fetched(server, names, bucket):
    """A name that was corrected is seen in the listing; the old bytes are replaced."""
    push([source(server)], bucket)
    again = push([source(server)], bucket)
    wrong = pydicom.dcmread(wheel_file("CT_small.dcm"))
    study = wrong.StudyInstanceUID
    answer = server.session.post(
        f"{server.url}/instances/{names[0]}/modify",
        data=json.dumps(
            {
                "Replace": {"PatientName": "Corrected^Name"},
                "Keep": ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"],
                "Force": True,
            }
        ),
        timeout=30,
    )
    server.session.delete(f"{server.url}/instances/{names[0]}", timeout=30)
    server.upload(answer.content)
    corrected = push([source(server)], bucket)
    [key] = [stored.key for stored in bucket.list() if f"/{study}/" in stored.key]
    fetched = bucket.read(key)
    server.session.delete(f"{server.url}/instances/{names[0]}", timeout=30)
    server.upload(wheel_file("CT_small.dcm").read_bytes())

    assert (again.uploaded, again.unchanged) == (0, len(NAMES))
    assert (corrected.uploaded, corrected.unchanged) == (1, len(NAMES) - 1)
    assert fetched == answer.content


@pytest.mark.usefixtures("names")
def test_a_search_limits_what_is_fetched(server, bucket):
    """What QIDO-RS finds, and no more; the keys are those of a search for all."""
    wanted = pydicom.dcmread(wheel_file("rtplan.dcm"))
    push([source(server, f"?StudyInstanceUID={wanted.StudyInstanceUID}")], bucket)
    [key] = [stored.key for stored in bucket.list()]
    rest = push([source(server)], bucket)

    assert key.endswith(f"/{wanted.SOPInstanceUID}.dcm")
    assert (rest.uploaded, rest.unchanged) == (len(NAMES) - 1, 1)


@pytest.mark.usefixtures("names")
def test_a_stranger_is_told_what_to_set_and_nothing_else(server, bucket):
    """The address and whoever stands in it are not repeated."""
    address = server.url.replace("//", "//somebody:hunter2@")
    stranger = source_of(f"dicomweb+{address}/dicom-web")

    with pytest.raises(SourceError, match="DICOM_PIPELINE_DICOMWEB_TOKEN") as raised:
        push([stranger], bucket)
    said = str(raised.value) + repr(stranger) + repr(raised.value.__cause__)
    assert "hunter2" not in said
    assert server.url.partition("//")[2] not in said
