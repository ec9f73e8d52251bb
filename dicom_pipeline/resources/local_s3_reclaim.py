"""The embedded S3 server made to forget on disk what was deleted.

Its volume files keep the bytes of deleted objects until they are vacuumed, and its
journal keeps their keys. Both are asked for over HTTP, on loopback.
"""

import json
from pathlib import Path

import requests

from dicom_pipeline.resources.local_s3 import LocalS3Error

_JOURNAL = "topics/.system/log"
_PATIENCE = 3_600  # seconds; a vacuum writes every volume file anew


def reclaim(home: Path) -> None:
    """Drop the journal and rewrite the volume files of a server that runs.

    Args:
        home: Folder of the server.

    Raises:
        LocalS3Error: The server did not do it.
    """
    ports = json.loads((home / "s3.json").read_text())["ports"]
    filer, master = (f"http://127.0.0.1:{ports[n]}" for n in ("filer", "master"))
    try:
        gone = requests.delete(
            f"{filer}/{_JOURNAL}",
            params={"recursive": "true", "ignoreRecursiveError": "true"},
            timeout=_PATIENCE,
        )
        done = requests.get(
            f"{master}/vol/vacuum",
            params={"garbageThreshold": "0.000001"},
            timeout=_PATIENCE,
        )
    except requests.RequestException as error:
        kind = type(error).__name__
        raise LocalS3Error(f"the S3 server did not vacuum: {kind}") from None
    if not (gone.ok or gone.status_code == requests.codes.not_found) or not done.ok:
        raise LocalS3Error("the S3 server refused to vacuum its volumes")
