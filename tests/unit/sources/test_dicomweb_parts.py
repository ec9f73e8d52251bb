"""One part comes out of a multipart answer as it went in, however it is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom_pipeline.sources.dicomweb_parts import boundary_of, only_part
from dicom_pipeline.sources.source import ItemError

EDGE = b"edge"
HEAD = b"--edge\r\nContent-Type: application/dicom\r\n\r\n"
END = b"\r\n--edge--"


def cut(body: bytes, size: int):
    """Yield the answer in chunks of ``size`` bytes."""
    return iter([body[at : at + size] for at in range(0, len(body), size)])


def got(answer: bytes, size: int = 7) -> bytes:
    """Return the only part of an answer."""
    return b"".join(only_part(cut(answer, size), EDGE))


NEARLY = st.sampled_from(
    [b"\r\n--edg", b"\r\n", b"--", b"\r", b"edge", b"--edge", b"x"]
)


@given(st.lists(NEARLY).map(b"".join), st.integers(1, 40))
def test_a_part_is_what_is_between_its_edges(body, size):
    """Though it is full of what looks like one, and cut at any place."""
    body = body.replace(b"\r\n--edge", b"")

    assert got(HEAD + body + END, size) == body


@given(st.binary(max_size=200), st.integers(1, 300), st.data())
def test_an_answer_that_ends_early_is_no_object(body, size, data):
    """Not even where only the last bytes are missing; it may be asked for again."""
    body = body.replace(b"\r\n--edge", b"")
    whole = HEAD + body + END
    short = data.draw(st.integers(0, len(whole) - 1))

    with pytest.raises(ItemError) as raised:
        got(whole[:short], size)
    assert (raised.value.code, raised.value.passing) == ("incomplete", True)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"x" * 100_000, "bad_multipart"),
        (b"--edge-too\r\n\r\nbody" + END, "bad_multipart"),
        (b"--edge\r\nContent-Type: text/html\r\n\r\n<p>" + END, "wrong_type"),
        (HEAD + b"one\r\n--edge\r\n\r\ntwo" + END, "several_parts"),
        (b"--edge\r\nX: " + b"x" * 100_000 + b"\r\n\r\n" + END, "bad_multipart"),
    ],
)
def test_what_is_no_single_part_is_refused(answer, code):
    """By its code; nothing of the answer is repeated."""
    with pytest.raises(ItemError) as raised:
        got(answer, 4096)
    assert raised.value.code == code


@pytest.mark.parametrize("before", [b"", b"\r\n", b"Said before the first edge.\r\n"])
@pytest.mark.parametrize(
    "head", [b"\r\n", b"content-type:APPLICATION/DICOM;a=b\r\n\r\n"]
)
def test_what_the_standard_leaves_open_is_taken(before, head):
    """A preamble, and part headers or none (RFC 2046 5.1.1)."""
    assert got(before + b"--edge \t\r\n" + head + b"DICM" + END + b"\r\n") == b"DICM"


@pytest.mark.parametrize(
    ("header", "boundary"),
    [
        ('multipart/related; type="application/dicom"; boundary=a-b', b"a-b"),
        ('Multipart/Related; boundary="a b"; type=application/dicom', b"a b"),
    ],
)
def test_a_boundary_is_read_as_it_is_written(header, boundary):
    """With quotes or without."""
    assert boundary_of(header) == boundary


@pytest.mark.parametrize("header", ["", "text/html", "multipart/related", "a/b/c;;"])
def test_without_a_boundary_there_is_no_part(header):
    """Another type, or none."""
    with pytest.raises(ItemError):
        boundary_of(header)
