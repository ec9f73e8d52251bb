"""Readers that die, hang or want everything, for processes that start afresh."""

import os
import signal
import time
from pathlib import Path

from dicom_pipeline.dicom.header import Outcome, extract
from dicom_pipeline.resources.bucket import StoredObject


def fragile(stored: StoredObject, prefix: bytes) -> Outcome:
    """Die of the file named ``kill``, sleep on ``hang``, ask ``greedy`` for memory."""
    if "kill" in stored.key:
        os.kill(os.getpid(), signal.SIGKILL)
    if "hang" in stored.key:
        time.sleep(600)
    if "greedy" in stored.key:
        prefix = bytes(64 * 1024**3)
    return extract(prefix, stored.bytes)


def dies_once(stored: StoredObject, prefix: bytes) -> Outcome:
    """Die of the first file that is read, but not of the same again."""
    folder = prefix[:128].rstrip(b"\0").decode("ascii", "replace")
    marker = Path(folder) / "died"
    if folder.startswith("/") and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return extract(prefix, stored.bytes)


class NeverBegins:
    """A reader that ends the process in which it is unpacked."""

    def __call__(self, stored: StoredObject, prefix: bytes) -> Outcome:
        """Read as any other; here it is not unpacked."""
        return extract(prefix, stored.bytes)

    def __reduce__(self):
        """Be an exit, for whoever unpacks it."""
        return os._exit, (1,)
