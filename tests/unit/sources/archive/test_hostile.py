"""Archives with bytes changed at random end in items and codes, never in a crash."""

import bz2
import gzip
import lzma
import random
import tarfile
import zipfile

import pyarrow as pa
import pytest

from dicom_pipeline.sources.archive import Limits

LIMITS = Limits(bytes=20_000_000, ratio_from=5_000_000, members=200)
MEMBERS = [(f"d/{number}", bytes(range(250)) * 3) for number in range(4)]
MUTANTS = 150  # of each archive; 285,000 more were tried by hand (2026-11-21)


def _mutant(packed: bytes, chance: random.Random) -> bytes:
    """Change, cut, repeat or insert, a few times."""
    mutant = bytearray(packed)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(mutant) or 1)
        size = chance.randint(1, 8)
        what = chance.randrange(10)
        if what < 6:
            mutant[at : at + 1] = bytes([chance.choice([0, 1, 127, 255])])
        elif what < 8:
            mutant[at : at + size] = chance.randbytes(chance.randint(0, 8))
        elif what < 9:
            mutant[at:at] = mutant[: chance.randint(1, 600)]
        else:
            del mutant[at:]
    return bytes(mutant)


@pytest.mark.parametrize(
    "kind",
    ["stored", "deflated", "bzip2", "lzma", "gnu", "pax", "gz", "bz2", "xz", "zst"],
)
def test_mutants_are_harmless(read, zipped, tarred, kind):
    """What comes out is below the archive, and the limits hold."""
    methods = {
        "stored": zipfile.ZIP_STORED,
        "deflated": zipfile.ZIP_DEFLATED,
        "bzip2": zipfile.ZIP_BZIP2,
        "lzma": zipfile.ZIP_LZMA,
    }
    tar = tarred([(tarfile.TarInfo("x" * 150), b""), *MEMBERS])
    packers = {
        "gz": gzip.compress,
        "bz2": bz2.compress,
        "xz": lzma.compress,
        "zst": lambda body: pa.compress(body, "zstd", asbytes=True),
    }
    packed = (
        zipped(MEMBERS, methods[kind])
        if kind in methods
        else packers.get(kind, bytes)(tar)
    )
    chance = random.Random(kind)
    for _ in range(MUTANTS):
        got = read(_mutant(packed, chance), limits=LIMITS)

        assert all(key.startswith("a/") for key in got.bodies)
        assert sum(map(len, got.bodies.values())) <= LIMITS.bytes


def test_a_member_without_a_name_is_read(read, zipped):
    """``zipfile`` itself cannot say whether it is a folder."""
    packed = bytearray(zipped([("1", b"one"), ("2", b"two")]))
    for lengths in (26, packed.index(b"PK\x01\x02") + 28):
        packed[lengths : lengths + 4] = b"\0\0\1\0"  # its name is an extra field

    assert read(bytes(packed)).bodies == {"a/unnamed": b"one", "a/2": b"two"}
