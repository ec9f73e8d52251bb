"""C-STORE from DCMTK and from Orthanc: what they send is what the bucket has."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest

from dicom_pipeline.layout import sending_ae_of
from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.store import Store
from dicom_pipeline.sources.receive_terms import tls_context
from tests.integration.listening import Listening
from tests.integration.peers import (
    cut_after,
    data_set,
    dcmtk,
    free_port,
    needs_dcmtk,
    needs_orthanc,
    orthanc,
    storescp,
    wheel_file,
)
from tests.moto_server import serving_s3

COMMAND = Path(sys.executable).with_name("dicom-pipeline")
PADDING = 0xFFFCFFFC  # Data Set Trailing Padding (PS3.10 7.2)
SYNTAXES = {
    "-xi": "MR_small_implicit.dcm",
    "-xe": "CT_small.dcm",
    "-xb": "MR_small_bigendian.dcm",
    "-xd": "image_dfl.dcm",
    "-xs": "SC_rgb_jpeg_gdcm.dcm",
    "-xy": "SC_rgb_jpeg_dcmtk.dcm",
    "-xt": "MR_small_jpeg_ls_lossless.dcm",
    "-xv": "MR_small_jp2klossless.dcm",
    "-xw": "JPEG2000.dcm",
    "-xr": "MR_small_RLE.dcm",
}


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """Yield an S3 server of this module's own."""
    with serving_s3() as served:
        yield served


@pytest.fixture(scope="module")
def sent(tmp_path_factory, store):
    """Send each file by storescu, to us and to DCMTK's own receiver."""
    folder = tmp_path_factory.mktemp("sent")
    theirs = folder / "theirs"
    theirs.mkdir()
    with Listening(folder, store).running() as ours, storescp(theirs) as port:
        for option, name in SYNTAXES.items():
            for target in (ours.port, port):
                words = "-aet", "SCANNER 1", option, "127.0.0.1", target
                done = dcmtk("storescu", *words, wheel_file(name))
                assert done.returncode == 0, done.stderr
    return ours.bodies(), [file.read_bytes() for file in theirs.iterdir()]


@needs_dcmtk
def test_every_transfer_syntax_is_kept_to_the_byte(sent):
    """As DCMTK's receiver keeps it, which was told to preserve bits."""
    ours, theirs = sent

    assert len(theirs) == len(SYNTAXES)
    assert sorted(map(data_set, ours.values())) == sorted(map(data_set, theirs))


@needs_dcmtk
@pytest.mark.parametrize("name", SYNTAXES.values())
def test_what_was_sent_is_what_is_read(sent, name):
    """Element by element, with its transfer syntax and file meta information."""
    original = pydicom.dcmread(wheel_file(name))
    [found] = [
        read
        for read in map(pydicom.dcmread, map(io.BytesIO, sent[0].values()))
        if read.file_meta.TransferSyntaxUID == original.file_meta.TransferSyntaxUID
        and read.SOPInstanceUID == original.SOPInstanceUID
    ]
    for tag in [e.tag for e in original if e.tag.element == 0 or e.tag == PADDING]:
        del original[tag]  # storescu leaves group lengths and padding out
    if "PixelData" in original:  # encapsulated pixels are OB (PS3.5 A.4)
        original["PixelData"].VR = found["PixelData"].VR

    assert found.file_meta.MediaStorageSOPInstanceUID == original.SOPInstanceUID
    assert found.file_meta.MediaStorageSOPClassUID == original.SOPClassUID
    assert found == original


@needs_dcmtk
def test_the_key_tells_who_sent_what(sent):
    """Sender, study, series and instance, none of which can shape a path."""
    keys = list(sent[0])
    read = [pydicom.dcmread(io.BytesIO(body)) for body in sent[0].values()]

    assert {sending_ae_of(key) for key in keys} == {"SCANNER 1"}
    assert {key.split("/")[1] for key in keys} == {"SCANNER%201"}
    assert [key.split("/")[2:5] for key in keys] == [
        [r.StudyInstanceUID, r.SeriesInstanceUID, r.SOPInstanceUID] for r in read
    ]


@pytest.fixture(scope="module")
def ours(tmp_path_factory, store):
    """Yield a receiver that any test may send to; each has senders of its own."""
    with Listening(tmp_path_factory.mktemp("ours"), store).running() as listening:
        yield listening


@needs_dcmtk
def test_an_echo_is_answered(ours):
    """Whoever sets up a peer tries this first."""
    assert dcmtk("echoscu", "127.0.0.1", ours.port).returncode == 0


@needs_dcmtk
def test_a_folder_is_sent_and_sent_again(ours, tmp_path):
    """The second time nothing is stored; other bytes under a UID lie beside."""
    for name in ("CT_small.dcm", "MR_small.dcm", "rtplan.dcm", "test-SR.dcm"):
        (tmp_path / name).write_bytes(wheel_file(name).read_bytes())
    words = "-aet", "FOLDER", "+sd", "-R"
    first = dcmtk("storescu", *words, "127.0.0.1", ours.port, tmp_path)
    again = dcmtk("storescu", *words, "127.0.0.1", ours.port, tmp_path)
    changed = pydicom.dcmread(tmp_path / "CT_small.dcm")
    changed.InstanceNumber = 77
    changed.save_as(tmp_path / "CT_small.dcm")
    third = dcmtk("storescu", *words, "127.0.0.1", ours.port, tmp_path)
    keys = [key for key in ours.bodies() if sending_ae_of(key) == "FOLDER"]

    assert [first.returncode, again.returncode, third.returncode] == [0, 0, 0]
    assert len(keys) == 5
    assert len([key for key in keys if f"/{changed.SOPInstanceUID}/" in key]) == 2


@needs_dcmtk
def test_a_sender_that_dies_leaves_nothing(ours):
    """Cut in the middle of its second object: the first is there, no half one is."""
    files = [wheel_file("CT_small.dcm"), wheel_file("waveform_ecg.dcm")]
    size = files[0].stat().st_size
    with cut_after(2 * size, ours.port) as port:
        done = dcmtk("storescu", "-R", "-aet", "DYING", "127.0.0.1", port, *files)
    while ours.receiver.present():
        time.sleep(0.01)
    kept = [body for k, body in ours.bodies().items() if sending_ae_of(k) == "DYING"]

    assert done.returncode != 0
    assert [pydicom.dcmread(io.BytesIO(b)).Modality for b in kept] == ["CT"]
    assert ours.told[-1].stored == 1
    assert ours.told[-1].ended == "aborted"
    assert list(ours.spool.iterdir()) == []


@needs_dcmtk
def test_only_those_who_are_named_may_send(tmp_path, store):
    """The others are rejected before a byte of an object is read."""
    with Listening(tmp_path, store, accept_from=("CT1", "CT2")).running() as ours:
        refused = dcmtk(
            "storescu",
            "-aet",
            "CT3",
            "127.0.0.1",
            ours.port,
            wheel_file("CT_small.dcm"),
        )
        taken = dcmtk(
            "storescu",
            "-aet",
            "CT2",
            "127.0.0.1",
            ours.port,
            wheel_file("CT_small.dcm"),
        )

    assert "Calling AE Title Not Recognized" in refused.stderr
    assert taken.returncode == 0
    assert {sending_ae_of(key) for key in ours.bodies()} == {"CT2"}
    assert [tally.ended for tally in ours.told] == ["rejected", "released"]


@needs_dcmtk
def test_without_a_bucket_the_sender_is_told_to_keep_it(tmp_path, store):
    """A700, so that it sends again; then it is stored."""
    ours = Listening(tmp_path, store)
    store.client.delete_bucket(Bucket=ours.bucket.name)
    with ours.running():
        words = ("-v", "127.0.0.1", ours.port, wheel_file("CT_small.dcm"))
        refused = dcmtk("storescu", *words)
        ours.bucket.create()
        taken = dcmtk("storescu", *words)

    assert "OutOfResources" in refused.stdout + refused.stderr
    assert taken.returncode == 0
    assert [dict(tally.failed) for tally in ours.told] == [{"A700": 1}, {}]
    assert len(ours.bodies()) == 1


@needs_orthanc
def test_orthanc_sends_what_it_keeps(ours, tmp_path):
    """Images of two syntaxes, a report and a plan, as DCMTK's receiver has them."""
    names = "CT_small.dcm", "MR_small_RLE.dcm", "test-SR.dcm", "rtplan.dcm"
    (tmp_path / "theirs").mkdir()
    with orthanc(tmp_path) as server, storescp(tmp_path / "theirs") as port:
        stored = [server.upload(wheel_file(name).read_bytes()) for name in names]
        answers = [server.store(stored, each) for each in (ours.port, port)]
    bodies = [b for key, b in ours.bodies().items() if sending_ae_of(key) == "ORTHANC"]
    theirs = [file.read_bytes() for file in (tmp_path / "theirs").iterdir()]

    assert [a.json()["FailedInstancesCount"] for a in answers] == [0, 0]
    assert sorted(map(data_set, bodies)) == sorted(map(data_set, theirs))
    assert len(theirs) == len(names)


@needs_dcmtk
def test_tls_asks_for_a_certificate_that_is_known(tmp_path, store):
    """Without one there is no association."""
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    words = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    made = [*words.split(), "-keyout", key, "-out", cert]
    subprocess.run(made, check=True, capture_output=True)
    tls = tls_context(str(cert), str(key), str(cert))
    with Listening(tmp_path, store, tls=tls).running() as ours:
        known = dcmtk("echoscu", "+tls", key, cert, "+cf", cert, "localhost", ours.port)
        nobody = dcmtk("echoscu", "+tla", "+cf", cert, "localhost", ours.port)

    assert known.returncode == 0, known.stderr
    assert nobody.returncode != 0


@needs_dcmtk
def test_the_command_listens_tells_machines_and_ends(tmp_path, store):
    """Ctrl-C is success; a line per association, in counts and codes."""
    for name in ("provider", "raw", "stage"):
        Bucket(name, store).create()
    port = free_port()
    command = subprocess.Popen(
        [COMMAND, "receive", "--port", str(port), "--accept-from", "CT1,CT2", "--json"],
        env={
            **os.environ,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "DICOM_PIPELINE_HOME": str(tmp_path),
            "DICOM_PIPELINE_STORE": "s3",
            "DICOM_PIPELINE_S3_ENDPOINT": store.endpoint,
            "DICOM_PIPELINE_PROVIDER_PREFIX": "from-ct/",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert f":{port}" in command.stderr.readline()
    file = wheel_file("CT_small.dcm")
    codes = [
        dcmtk("storescu", "-aet", sender, "127.0.0.1", port, file).returncode
        for sender in ("CT2", "CT2", "CT3")
    ]
    command.send_signal(signal.SIGINT)
    said, errors = command.communicate(timeout=30)
    lines = [json.loads(line) for line in said.splitlines()]
    [key] = [each.key for each in Bucket("provider", store).list()]

    assert (command.returncode, errors) == (0, "")
    assert [code == 0 for code in codes] == [True, True, False]
    assert [(n["stored"], n["unchanged"], n["ended"]) for n in lines] == [
        (1, 0, "released"),
        (0, 1, "released"),
        (0, 0, "rejected"),
    ]
    assert key.startswith("from-ct/receive/CT2/")
    assert (tmp_path / "spool" / str(port)).stat().st_mode & 0o777 == 0o700
