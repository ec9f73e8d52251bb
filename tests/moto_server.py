"""AWS as moto has it, behind a real socket on loopback."""

from collections.abc import Iterator
from contextlib import contextmanager

from moto.server import ThreadedMotoServer

from dicom_pipeline.resources.store import Store


@contextmanager
def serving_aws() -> Iterator[str]:
    """Serve until the block ends; yields the address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextmanager
def serving_s3() -> Iterator[Store]:
    """Serve S3 until the block ends."""
    with serving_aws() as address:
        yield Store(endpoint=address, access_key="test", secret_key="test", attempts=1)
