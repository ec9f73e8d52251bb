"""A TAR gives its members, compressed or not, and what is wrong as codes."""

import bz2
import gzip
import io
import lzma
import os
import tarfile

import pyarrow as pa
import pytest

from dicom_pipeline.sources.archive import Limits

NOISE = os.urandom(5000)
PACKED = {
    "tar": lambda body: body,
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda body: pa.compress(body, "zstd", asbytes=True),
}


@pytest.mark.parametrize("packing", PACKED)
def test_members_are_read(read, tarred, packing):
    """By each compression."""
    got = read(PACKED[packing](tarred([("b/1", NOISE), ("2", b"")])))

    assert got.bodies == {"a/b/1": NOISE, "a/2": b""}
    assert (got.failed, got.skipped) == ([], [])


@pytest.mark.parametrize("packing", ["gz", "bz2", "xz", "zst"])
def test_a_compressed_file_is_one_member(read, packing):
    """Two streams behind one another are one file, as their tools have it."""
    pack = PACKED[packing]
    got = read(pack(NOISE) + (pack(b"more") if packing != "zst" else b""))

    assert got.bodies == {"a/a": NOISE + (b"more" if packing != "zst" else b"")}


@pytest.mark.parametrize("kind", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_are_read(read, kind):
    """Both ways to write a name that the header has no room for."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=kind) as made:
        info = tarfile.TarInfo("f/" * 150 + "ü")
        info.size = 3
        made.addfile(info, io.BytesIO(b"one"))
    got = read(out.getvalue())

    assert got.bodies == {"a/" + "f/" * 150 + "ü": b"one"}


def test_no_name_leads_out_of_the_archive(read, tarred):
    """Every key begins with the archive's own."""
    got = read(tarred([("../x", b"1"), ("/x", b"2"), ("", b"3")]))

    assert got.bodies == {"a/x": b"1", "a/x~2": b"2", "a/unnamed": b"3"}


def test_links_and_devices_are_passed_over(read, tarred):
    """A hard link names another member, a device nothing."""
    headers = []
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE):
        info = tarfile.TarInfo("x")
        info.type, info.linkname = kind, "/etc/passwd"
        headers.append((info, b""))
    got = read(tarred([*headers, ("1", b"one")]))

    assert got.bodies == {"a/1": b"one"}
    assert sorted(got.skipped) == ["link", "link", "not_a_file"]
    assert got.failed == []


@pytest.mark.parametrize("packing", PACKED)
def test_a_cut_archive_gives_what_lies_before_the_cut(read, tarred, packing):
    """The damage is told once; half a member never is."""
    whole = {f"a/{n}": os.urandom(40_000) for n in range(8)}
    packed = PACKED[packing](tarred([(key[2:], body) for key, body in whole.items()]))
    got = read(packed[: len(packed) // 2])

    # bzip2 gives nothing of a block before its end.
    assert len(got.bodies) in ((0, 1, 2, 3) if packing == "bz2" else (2, 3, 4))
    assert got.bodies.items() <= whole.items()
    assert got.failed == ["archive_damaged"]


def test_a_bad_header_between_members_is_told(read, tarred):
    """``tarfile`` takes it for the end and says nothing."""
    packed = bytearray(tarred([("1", b"one"), ("2", b"two")]))
    packed[1024 + 150] ^= 0xFF
    got = read(bytes(packed))

    assert (got.bodies, got.failed) == ({"a/1": b"one"}, ["archive_damaged"])


def test_a_cut_between_members_is_told(read, tarred):
    """Two blocks of zeros end a TAR; this one has none."""
    packed = tarred([("1", b"one"), ("2", b"two")])
    got = read(packed[:1024])

    assert (got.bodies, got.failed) == ({"a/1": b"one"}, ["archive_damaged"])


def test_an_extended_header_cannot_take_all_memory(read, tarred):
    """Its size is believed up to 64 KiB."""
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 100_000
    got = read(tarred([("1", b"one"), (info, bytes(100_000)), ("2", b"two")]))

    assert (got.bodies, got.failed) == ({"a/1": b"one"}, ["archive_damaged"])


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(members=3), "archive_too_many_members"),
        (Limits(bytes=3500), "archive_too_large"),
        (Limits(ratio=2, ratio_from=3500), "archive_ratio"),
    ],
)
def test_a_limit_ends_the_archive(read, tarred, limits, code):
    """What came before it stays."""
    packed = gzip.compress(tarred([(str(n), bytes(1000)) for n in range(20)]))
    got = read(packed, limits=limits)

    assert list(got.bodies) == ["a/0", "a/1", "a/2"]
    assert got.failed == [code]


@pytest.mark.parametrize("packing", ["gz", "bz2", "xz", "zst"])
def test_a_compressed_bomb_stops_at_the_limit(read, packing):
    """It is cut while it is inflated, not after."""
    limits = Limits(ratio=10, ratio_from=300_000)
    got = read(PACKED[packing](bytes(50_000_000)), limits=limits)

    assert (got.bodies, got.failed) == ({}, ["archive_ratio"])
