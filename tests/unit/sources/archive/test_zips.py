"""A ZIP gives its members, whatever their names, and what is wrong as codes."""

import io
import os
import stat
import zipfile

import pytest

from dicom_pipeline.sources.archive import Limits

NOISE = os.urandom(3000)


@pytest.mark.parametrize(
    "method",
    [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA],
)
@pytest.mark.parametrize("on_disk", [True, False])
def test_members_are_read(read, zipped, method, on_disk):
    """By each method that ``zipfile`` writes, from disk or from a stream."""
    got = read(zipped([("b/1", NOISE), ("2", b"")], method), on_disk=on_disk)

    assert got.bodies == {"a/b/1": NOISE, "a/2": b""}
    assert (got.failed, got.skipped) == ([], [])


def test_no_name_leads_out_of_the_archive(read, zipped):
    """Every key begins with the archive's own; none is given twice."""
    names = ["../../etc/passwd", "/root", "..", "C:\\x\\y", "a//b", "./a/b", "\x07"]
    with pytest.warns(UserWarning, match="Duplicate name"):
        packed = zipped([*((name, name.encode()) for name in names), ("..", b"2")])
    got = read(packed)

    assert got.bodies == {
        "a/etc/passwd": b"../../etc/passwd",
        "a/root": b"/root",
        "a/unnamed": b"..",
        "a/C:/x/y": b"C:\\x\\y",
        "a/a/b": b"a//b",
        "a/a/b~2": b"./a/b",
        "a/\\x07": b"\x07",
        "a/unnamed~2": b"2",
    }


def test_links_and_devices_are_passed_over(read, zipped):
    """They hold no bytes; the file after them is read."""
    members = []
    for name, mode in {"link": stat.S_IFLNK, "pipe": stat.S_IFIFO}.items():
        info = zipfile.ZipInfo(name)
        info.create_system, info.external_attr = 3, (mode | 0o644) << 16
        members.append((info, b"/etc/passwd"))
    got = read(zipped([*members, ("folder/", b""), ("1", b"one")]))

    assert got.bodies == {"a/1": b"one"}
    assert sorted(got.skipped) == ["link", "not_a_file"]
    assert got.failed == []


def test_encrypted_members_are_counted(read, zipped):
    """By the flag of APPNOTE 4.4.4; the others are read."""
    packed = bytearray(zipped([("1", b"one"), ("2", b"two")]))
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    got = read(bytes(packed))

    assert (got.bodies, got.failed) == ({"a/2": b"two"}, ["member_encrypted"])


def test_an_unknown_method_is_counted(read, zipped):
    """97 is WavPack, which nobody expects to be opened."""
    packed = bytearray(zipped([("1", b"one"), ("2", b"two")]))
    packed[packed.index(b"PK\x01\x02") + 10] = 97
    got = read(bytes(packed))

    assert got.bodies == {"a/2": b"two"}
    assert got.failed == ["archive_compression_unknown"]


def test_a_wrong_checksum_costs_one_member(read, zipped):
    """The directory is whole, so the others are found."""
    packed = zipped([("1", NOISE), ("2", b"two")], zipfile.ZIP_STORED)
    got = read(packed.replace(NOISE, NOISE[:-1] + bytes([NOISE[-1] ^ 1])))

    assert (got.bodies, got.failed) == ({"a/2": b"two"}, ["member_damaged"])


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_cut_archive_gives_what_lies_before_the_cut(read, zipped, method):
    """At every place of the cut; the damage is told, half a member never is."""
    bodies = {f"a/{n}": os.urandom(200) for n in range(3)}
    packed = zipped([(key[2:], body) for key, body in bodies.items()], method)
    ends = [packed.index(b"PK\x03\x04", 10), packed.rindex(b"PK\x03\x04")]
    directory = packed.index(b"PK\x01\x02")
    for cut in range(30, len(packed) - 1, 7):
        got = read(packed[:cut])
        whole = sum(cut >= end for end in [*ends, directory])

        assert list(got.bodies) == list(bodies)[:whole]
        assert all(bodies[key] == body for key, body in got.bodies.items())
        assert "archive_damaged" in got.failed


class _Unseekable(io.BytesIO):
    """A pipe: ``zipfile`` writes sizes behind each member then (APPNOTE 4.3.9)."""

    def seekable(self) -> bool:
        """Deny it."""
        return False

    def tell(self) -> int:
        """Fail as a pipe does."""
        raise io.UnsupportedOperation


@pytest.mark.parametrize("zip64", [True, False])
@pytest.mark.parametrize("cut", [False, True])
def test_data_descriptors_and_zip64(read, zip64, cut):
    """With a directory, and without one by salvage."""
    out = _Unseekable()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in "12":
            with made.open(name, "w", force_zip64=zip64) as member:
                member.write(NOISE)
        made.comment = b"c" * 2000
    packed = out.getvalue()
    got = read(packed[: packed.rindex(b"PK\x01\x02") + 10] if cut else packed)

    assert got.bodies == {"a/1": NOISE, "a/2": NOISE}
    assert got.failed == ([] if not cut else ["archive_damaged"])


def test_what_only_begins_like_a_zip_is_told(read):
    """Nothing is invented."""
    for body in (b"PK\x03\x04", b"PK\x03\x04" + bytes(600), b"PK\x05\x06"):
        got = read(body)

        assert got.bodies == {}
        assert got.failed == ["archive_damaged"]


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(members=3), "archive_too_many_members"),
        (Limits(bytes=3500), "archive_too_large"),
        (Limits(ratio=2, ratio_from=3500), "archive_ratio"),
    ],
)
@pytest.mark.parametrize("cut", [0, 1000])
def test_a_limit_ends_the_archive(read, zipped, limits, code, cut):
    """What came before it stays; so it is when the directory is lost."""
    packed = zipped([(str(n), bytes(1000)) for n in range(20)])
    got = read(packed[: len(packed) - cut], limits=limits)

    assert list(got.bodies) == ["a/0", "a/1", "a/2"]
    assert got.failed == [code]


def test_a_huge_directory_is_not_read(read, zipped):
    """Zipfile would hold all of it in memory."""
    packed = zipped([(f"{n:0200}", b"") for n in range(50)])
    got = read(packed, limits=Limits(directory_bytes=5000), on_disk=True)

    assert (got.bodies, got.failed) == ({}, ["archive_directory_too_large"])
