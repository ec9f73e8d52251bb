"""A web server's file arrives whole, of one version, or its failure is a code."""

import logging
import random
import time
import zipfile

import pytest

from dicom_pipeline.sources import parts
from dicom_pipeline.sources.push import push
from dicom_pipeline.sources.url import Url
from tests.unit.sources.web_server import Page, serving

LARGE = random.Random(1).randbytes(2 * parts.PART_BYTES + 12_345)


@pytest.fixture(scope="module")
def server():
    with serving() as site:
        yield site


@pytest.fixture
def site(server, monkeypatch):
    """Return an empty site; pauses between attempts take no time."""
    server.pages.clear()
    server.asked.clear()
    server.sent_bytes = 0
    monkeypatch.setattr(time, "sleep", lambda _: None)
    return server


@pytest.fixture
def get(site, bucket):
    """Return a push of one page, with what the bucket holds then."""

    def getter(page: Page | None, query: str = ""):
        if page is not None:
            site.pages["/s/1.dcm"] = page
        result = push([Url(f"{site.address}/s/1.dcm{query}")], bucket)
        return result, [bucket.read(stored.key) for stored in bucket.list()]

    return getter


@pytest.mark.parametrize("body", [b"", b"1", LARGE])
@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("etag", [True, False])
def test_a_file_arrives_whole(get, body, ranges, etag):
    """From servers with ranges and without, with tags and without."""
    result, bodies = get(Page(body, ranges=ranges, etag=etag))

    assert bodies == [body]
    assert (result.uploaded, result.failed) == (1, {})


def test_a_server_that_says_no_length(get):
    """The end of the connection is the end of the file."""
    page = Page(LARGE, ranges=False, etag=False, length=False)

    assert get(page)[1] == [LARGE]


def test_a_repeat_reads_one_byte(get, site):
    """Where the server gives a tag; its signature may differ by then."""
    get(Page(LARGE), "?X-Amz-Signature=1&X-Amz-Date=2")
    before = site.sent_bytes
    again, _ = get(None, "?X-Amz-Signature=3&X-Amz-Date=4")

    assert (again.uploaded, again.unchanged) == (0, 1)
    assert site.sent_bytes - before == 1


def test_a_repeat_without_any_fact_compares_bytes(get):
    """It is read, and not sent."""
    get(Page(b"one", etag=False))
    again, _ = get(None)
    changed, bodies = get(Page(b"two", etag=False))

    assert (again.uploaded, again.unchanged) == (0, 1)
    assert (changed.uploaded, bodies) == (1, [b"two"])


def test_a_cut_costs_one_part(get, site):
    """The others are not asked for again."""
    result, bodies = get(Page(LARGE, cuts=2))

    assert bodies == [LARGE]
    assert result.failed == {}
    # A look, three parts, two of them again.
    assert site.asked["/s/1.dcm"] == 6


def test_a_cut_without_ranges_begins_again(get):
    """Half a file is never sent."""
    result, bodies = get(Page(LARGE, ranges=False, cuts=2))

    assert (result.failed, bodies) == ({}, [LARGE])


def test_a_server_that_cuts_for_ever_is_given_up(get):
    """The code says what; nothing is in the bucket."""
    result, bodies = get(Page(LARGE, cuts=10_000))

    assert (result.failed, bodies) == ({"incomplete": 1}, [])


def test_a_file_that_changes_is_never_mixed(get, site, monkeypatch):
    """Parts of two versions do not meet; the next push gets the new one."""
    part = parts.PartReader.read

    def change(self, size=-1):
        site.pages["/s/1.dcm"] = Page(LARGE[::-1])
        return part(self, size)

    with monkeypatch.context() as patch:
        patch.setattr(parts.PartReader, "read", change)
        result, bodies = get(Page(LARGE))
    later, after = get(None)

    assert (result.failed, bodies) == ({"changed_meanwhile": 1}, [])
    assert (later.uploaded, after) == (1, [LARGE[::-1]])


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "forbidden"),
        (404, "gone"),
        (400, "refused_by_source"),
        (304, "refused_by_source"),
        (500, "unavailable"),
        (429, "unavailable"),
    ],
)
def test_refusals_are_codes(get, status, code):
    """403 is what an expired signature gets."""
    result, bodies = get(Page(status=status))

    assert (result.failed, bodies) == ({code: 1}, [])


def test_a_busy_server_is_asked_again(get):
    """Until it answers."""
    result, bodies = get(Page(b"one", busy=3))

    assert (result.failed, bodies) == ({}, [b"one"])


def test_redirects_are_followed(get, site):
    """Under the key of the address that was given; a circle ends."""
    site.pages["/there"] = Page(LARGE)
    site.pages["/circle"] = Page(location="/circle")
    result, bodies = get(Page(location=f"{site.address}/there?Signature=1"))
    circle, _ = get(Page(location="/circle"))

    assert (result.failed, bodies) == ({}, [LARGE])
    assert circle.failed == {"refused_by_source": 1}


@pytest.mark.usefixtures("site")
def test_nobody_listens(bucket):
    """A server that is down is a code too."""
    result = push([Url("http://127.0.0.1:9/1.dcm")], bucket)

    assert result.failed == {"unavailable": 1}


def test_an_archive_is_opened(bucket, site, tmp_path):
    """By ranges or not; its copy on disk is gone afterwards."""
    path = tmp_path / "a"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("1", LARGE)
        made.writestr("2", b"two")
    for ranges in (True, False):
        site.pages["/a"] = Page(path.read_bytes(), ranges=ranges, cuts=1)
        result = push([Url(f"{site.address}/a")], bucket)
        assert result.failed == {}

    keys = [stored.key.partition("/")[2] for stored in bucket.list()]
    assert keys == ["a/1", "a/2"]
    assert result.unchanged == 2


def test_the_key_holds_neither_signature_nor_password():
    """Host and path; what the query names besides is hashed."""
    signed = "http://me:secret@host:8080/a%20b/../1?X-Amz-Signature=secret&se=1"

    assert Url(signed).prefix == "host_8080/a b/1"
    assert Url("http://h/wado?objectUID=1").prefix != Url("http://h/wado").prefix
    assert "1.2.3" not in Url("http://h/wado?objectUID=1.2.3").prefix
    assert Url("http://h").prefix == "h/unnamed"
    assert "secret" not in repr(Url(signed))


def test_the_query_is_never_logged(get, caplog):
    """Not by us, nor by the client, at any level."""
    caplog.set_level(logging.DEBUG)
    get(Page(b"one", busy=1, cuts=1), "?X-Amz-Signature=topsecret")
    get(Page(status=403), "?X-Amz-Signature=topsecret")

    assert "topsecret" not in caplog.text
    assert "1.dcm" not in [r.getMessage() for r in caplog.records if "http" in r.name]
