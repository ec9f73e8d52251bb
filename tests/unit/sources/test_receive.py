"""A receiver among peers that are slow, greedy, broken or many."""

import io
import logging
import socket
import struct
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, build_context
from pynetdicom.dsutils import encode
from pynetdicom.sop_class import (
    CTImageStorage,
    HangingProtocolStorage,
    Verification,
)

from dicom_pipeline.resources.bucket import Page, StoredObject
from dicom_pipeline.sources.receive import Receiver
from dicom_pipeline.sources.receive_inbox import Inbox, Kept
from dicom_pipeline.sources.receive_spool import Spool
from dicom_pipeline.sources.receive_terms import Listen, Tally

PRIVATE = "1.2.826.0.1.3680043.10.999.1"
SECRETS = "DOE^JANE", "1.2.3.4.5.6", "WARD7"


def image(number: int = 1, *, sop_class: str = CTImageStorage, pixels: int = 64):
    """Return a small image that names somebody."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID, made.SOPInstanceUID = sop_class, f"1.2.3.4.5.6.{number}"
    made.PatientName = "DOE^JANE"
    made.StudyInstanceUID, made.SeriesInstanceUID = "1.2.3.4", "1.2.3.4.5"
    made.Rows, made.Columns, made.BitsAllocated = 1, 64, 8
    made.add_new("PixelData", "OB", bytes(pixels))
    return made


class Shelf:
    """A bucket in a dictionary: a real one is asked in the integration tests."""

    def __init__(self) -> None:
        """Hold nothing."""
        self.bodies: dict[str, bytes] = {}

    def list_page(self, prefix: str) -> Page:
        """Return what is there."""
        now = datetime.now(UTC)
        found = [key for key in self.bodies if key.startswith(prefix)]
        return Page([StoredObject(key, "", 0, now) for key in found], "")

    def upload(self, key: str, body, _part_bytes: int, _metadata) -> None:
        """Put it there."""
        self.bodies[key] = body.read()


@pytest.fixture
def bucket():
    """Return an empty bucket."""
    return Shelf()


class Hall:
    """A receiver on loopback and all that it has told."""

    def __init__(self, folder: Path, inbox, *, room: int = 1 << 20, **listen) -> None:
        """Listen as told; the peers are patient with each other."""
        self.spool = Spool(folder / "spool", room)
        self.told: list[Tally] = []
        self.may_finish = True
        self.receiver = Receiver(
            Listen(port=0, **listen), inbox, self.spool, self.told.append
        )

    @contextmanager
    def open(self):
        """Listen, and let everyone finish."""
        with self.receiver.listening(patience=lambda: self.may_finish) as self.port:
            yield self

    def associate(self, *sop_classes: str, syntax: str = ExplicitVRLittleEndian):
        """Associate as WARD7 for these SOP classes."""
        ae = AE(ae_title="WARD7")
        ae.acse_timeout = ae.dimse_timeout = 10
        contexts = [build_context(uid, syntax) for uid in sop_classes]
        return ae.associate("127.0.0.1", self.port, contexts=contexts)


@pytest.fixture
def hall(tmp_path, bucket):
    """Yield a receiver into a bucket in memory."""
    with Hall(tmp_path, Inbox(bucket), room=100_000).open() as made:
        yield made


def test_whatever_is_sent_is_an_object(hall, bucket):
    """Private classes and syntaxes, and objects that belong to no patient."""
    classes = PRIVATE, HangingProtocolStorage, CTImageStorage
    peer = hall.associate(*classes)
    statuses = [
        peer.send_c_store(image(number, sop_class=uid)).Status
        for number, uid in enumerate(classes)
    ]
    peer.release()
    strange = hall.associate(PRIVATE, syntax=PRIVATE + ".7")
    accepted = [context.transfer_syntax for context in strange.accepted_contexts]
    strange.release()
    bodies = bucket.bodies.values()

    assert statuses == [0, 0, 0]
    assert accepted == [[PRIVATE + ".7"]]
    assert {pydicom.dcmread(io.BytesIO(b)).SOPClassUID for b in bodies} == set(classes)


def test_without_room_one_object_is_refused_and_the_next_is_taken(hall, bucket):
    """The sender of the large one may try again; nobody is cut off."""
    peer = hall.associate(CTImageStorage)
    large = peer.send_c_store(image(1, pixels=200_000)).Status
    small = peer.send_c_store(image(2)).Status
    peer.release()

    assert (large, small) == (0xA700, 0)
    assert len(bucket.bodies) == 1
    assert list(hall.spool.folder.iterdir()) == []


class Slow:
    """An inbox that takes longer than a peer may be idle."""

    def put(self, _path, _sent):
        """Keep it, after a while."""
        time.sleep(0.4)
        return Kept.STORED


def test_a_slow_bucket_does_not_make_the_peer_idle(tmp_path):
    """Waiting for our answer is not silence; silence is."""
    with Hall(tmp_path, Slow(), idle_seconds=0.3).open() as hall:
        peer = hall.associate(CTImageStorage)
        statuses = [peer.send_c_store(image(n)).get("Status") for n in range(2)]
        quiet = hall.associate(CTImageStorage)
        peer.release()
        quiet.join(10)

    assert statuses == [0, 0]
    assert quiet.is_aborted


class Broken:
    """An inbox with an error of which nobody has thought."""

    def put(self, _path, _sent):
        """Fail, quoting the patient."""
        raise KeyError("DOE^JANE 1.2.3.4.5.6")


def test_nothing_is_said_of_anyone(tmp_path, caplog, capfd):
    """Neither by us nor by the library, whatever happens."""
    caplog.set_level(logging.DEBUG)
    with Hall(tmp_path, Broken()).open() as hall:
        peer = hall.associate(CTImageStorage)
        caplog.clear()
        status = peer.send_c_store(image()).Status
        peer.abort()
    said = caplog.text + "".join(capfd.readouterr()) + str(hall.told)

    assert status == 0xC000
    assert hall.told == [Tally(failed={"C000": 1}, ended="aborted")]
    assert not [secret for secret in SECRETS if secret in said]


def test_a_request_without_a_name_ends_its_association_alone(hall, bucket):
    """PS3.7 9.3.1.1 wants an Affected SOP Instance UID; pynetdicom dies of it."""
    command = Dataset()
    command.AffectedSOPClassUID = CTImageStorage
    command.CommandField, command.MessageID, command.Priority = 1, 1, 0
    command.CommandDataSetType = 1
    body = bytes(encode(command, is_implicit_vr=True, is_little_endian=True))
    value = b"\x01\x03" + body  # context 1; the last fragment of a command
    item = struct.pack(">I", len(value)) + value
    peer = hall.associate(CTImageStorage)
    peer.dul.socket.socket.sendall(struct.pack(">BBI", 4, 0, len(item)) + item)
    peer.join(10)
    after = hall.associate(Verification)
    echo = after.send_c_echo().Status
    after.release()

    assert not peer.is_alive()
    assert echo == 0
    assert list(hall.spool.folder.iterdir()) == []
    assert bucket.bodies == {}


def test_a_pdu_that_claims_4_gigabytes_ends_its_connection(hall):
    """Its length is believed by nobody; the next peer is served."""
    with socket.create_connection(("127.0.0.1", hall.port)) as peer:
        peer.sendall(struct.pack(">BBI", 1, 0, 2**32 - 1))
        peer.settimeout(10)
        said = peer.recv(100)
    after = hall.associate(Verification)
    echo = after.send_c_echo().Status
    after.release()

    assert said == b""
    assert echo == 0


def test_who_hangs_up_at_once_keeps_no_place(tmp_path, bucket):
    """As a health check does; the end of the block would wait for them, too."""
    with Hall(tmp_path, Inbox(bucket), associations=1).open() as hall:
        for _ in range(3):
            assert _connects(hall.port)
        while len(hall.told) < 3:
            time.sleep(0.01)
        peer = hall.associate(CTImageStorage)
        peer.release()

    assert not peer.is_rejected
    assert [tally.ended for tally in hall.told] == ["lost"] * 3 + ["released"]


def test_one_too_many_is_told_to_come_back(tmp_path, bucket):
    """PS3.8 9.3.4: rejected for now, by the presentation provider."""
    with Hall(tmp_path, Inbox(bucket), associations=1).open() as hall:
        first = hall.associate(CTImageStorage)
        second = hall.associate(CTImageStorage)
        status = first.send_c_store(image()).Status
        first.release()

    assert second.is_rejected
    assert second.acceptor.primitive.result == 2  # transient
    assert status == 0


def test_who_is_in_finishes_and_nobody_new_gets_in(tmp_path, bucket):
    """An end that is asked for waits for the objects that are on their way."""
    hall, ready = Hall(tmp_path, Inbox(bucket)), threading.Event()

    def until_asked() -> None:
        with hall.open():
            ready.set()
            asked.wait()

    asked = threading.Event()
    thread = threading.Thread(target=until_asked)
    thread.start()
    ready.wait()
    peer = hall.associate(CTImageStorage)
    asked.set()
    while _connects(hall.port):
        time.sleep(0.01)
    status = peer.send_c_store(image()).Status
    still = thread.is_alive()
    peer.release()
    thread.join(10)

    assert (status, still, thread.is_alive()) == (0, True, False)
    assert sum(tally.stored for tally in hall.told) == 1


def test_without_patience_they_are_cut_off(tmp_path, bucket):
    """The second ctrl-C; what was answered is kept."""
    with Hall(tmp_path, Inbox(bucket)).open() as hall:
        peer = hall.associate(CTImageStorage)
        peer.send_c_store(image(1))
        hall.may_finish = False
    peer.join(10)

    assert peer.is_aborted
    assert [tally.ended for tally in hall.told] == ["aborted"]
    assert len(bucket.bodies) == 1


def _connects(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_what_is_no_data_set_is_kept_for_quarantine(hall, bucket):
    """The sender has done its part; the reader will say what is wrong."""
    peer = hall.associate(CTImageStorage, syntax=ImplicitVRLittleEndian)
    broken = image()
    del broken.StudyInstanceUID
    broken.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    status = peer.send_c_store(broken).Status
    peer.release()
    [key] = bucket.bodies

    assert status == 0
    assert key.startswith("receive/WARD7/unknown/unknown/1.2.3.4.5.6.1/")
