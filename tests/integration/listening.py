"""A receiver that runs in this process, with its bucket and what it has told."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dicom_pipeline.resources.bucket import Bucket
from dicom_pipeline.resources.store import Store
from dicom_pipeline.sources.receive import Receiver
from dicom_pipeline.sources.receive_inbox import Inbox
from dicom_pipeline.sources.receive_spool import Spool
from dicom_pipeline.sources.receive_terms import Listen, Tally
from tests.integration.peers import free_port


class Listening:
    """A receiver that runs, its bucket, and what it has told."""

    def __init__(self, folder: Path, store: Store, **listen: object) -> None:
        """Have a bucket of its own; more words say how to listen."""
        self.bucket = Bucket(f"b{free_port()}", store)
        self.bucket.create()
        self.told: list[Tally] = []
        self.spool = folder / "spool"
        self.receiver = Receiver(
            Listen(port=0, **listen),
            Inbox(self.bucket),
            Spool(self.spool, 1 << 30),
            self.told.append,
        )

    @contextmanager
    def running(self) -> Iterator["Listening"]:
        """Listen for as long as the block runs, then let everyone finish."""
        with self.receiver.listening(patience=lambda: True) as self.port:
            yield self

    def bodies(self) -> dict[str, bytes]:
        """Return what is in the bucket, by key."""
        return {each.key: self.bucket.read(each.key) for each in self.bucket.list()}
