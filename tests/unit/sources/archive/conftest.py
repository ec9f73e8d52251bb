"""Archives made by the standard library, and what is read out of them."""

import io
import tarfile
import zipfile
from dataclasses import dataclass, field

import pytest

from dicom_pipeline.sources.archive import LIMITS, members_of
from dicom_pipeline.sources.source import Failed, Item, ItemError


@dataclass
class Read:
    """What came out of an archive."""

    bodies: dict[str, bytes] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def _body(item: Item) -> bytes:
    """Read an item in small steps, as often as it is asked."""
    for _ in range(2):
        with item.open() as stream:
            body = b"".join(iter(lambda: stream.read(1000), b""))
    return body


@pytest.fixture
def read(tmp_path):
    """Return a reader of archives, nested ones too, as ``push`` reads them."""

    def reader(packed: bytes, *, limits=LIMITS, on_disk=False) -> Read:
        path = tmp_path / "packed"
        path.write_bytes(packed)
        outer = Item(
            "a",
            lambda: io.BytesIO(packed),
            len(packed),
            path=path if on_disk else None,
        )
        found, got = members_of(outer, limits), Read()
        for each in found:
            if isinstance(each, Item):
                try:
                    got.bodies[each.key] = _body(each)
                except ItemError as error:
                    got.failed.append(error.code)
                each.release()
            else:
                kind = got.failed if isinstance(each, Failed) else got.skipped
                kind.append(each.code)
        return got

    return reader


@pytest.fixture
def zipped():
    """Return a maker of ZIPs from names and bodies."""

    def maker(members, method=zipfile.ZIP_DEFLATED) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as made:
            for name, body in members:
                made.writestr(name, body)
        return out.getvalue()

    return maker


@pytest.fixture
def tarred():
    """Return a maker of TARs from names, bodies and whole headers."""

    def maker(members, mode="w") -> bytes:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode=mode) as made:
            for name, body in members:
                info = name if isinstance(name, tarfile.TarInfo) else None
                if info is None:
                    info = tarfile.TarInfo(name)
                    info.size = len(body)
                made.addfile(info, io.BytesIO(body))
        return out.getvalue()

    return maker
