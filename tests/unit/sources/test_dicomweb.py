"""A server that answers wrongly costs what it spoils, and the rest goes on."""

import json
import threading
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from dicom_pipeline.sources import patience, send
from dicom_pipeline.sources.dicomweb import DicomWeb
from dicom_pipeline.sources.dicomweb_client import Client, Credentials
from dicom_pipeline.sources.source import Failed, Item, ItemError, SourceError

TYPE = 'multipart/related; type="application/dicom"; boundary=edge'
STUDY, SERIES, SOP = "0020000D", "0020000E", "00080018"


def uid(value: object, vr: str = "UI") -> dict:
    """Return an element of the DICOM JSON model."""
    return {"vr": vr, "Value": [value]}


def part(body: bytes) -> bytes:
    """Return an answer of one part."""
    return b"--edge\r\nContent-Type: application/dicom\r\n\r\n" + body + b"\r\n--edge--"


class Pacs:
    """A server whose answers are written by a test.

    Attributes:
        answers: Status, content type and body by path; a list is given page by page,
            and of several answers each is given once, the last for ever.
        asked: How often each path was asked for.
        heard: ``Authorization`` headers that came.
    """

    def __init__(self) -> None:
        """Know nothing yet."""
        self.answers: dict[str, list] = {}
        self.asked: Counter[str] = Counter()
        self.heard: set[str | None] = set()
        self.pages = True

    def study(self, name: str, instances: list[dict]) -> None:
        """Have one more study with one series of these instances."""
        self.answers.setdefault("/studies", []).append({STUDY: uid(name)})
        self.answers[f"/studies/{name}/series"] = [{SERIES: uid("5")}]
        self.answers[f"/studies/{name}/series/5/instances"] = instances

    def give(self, name: str, sop: str, *answers: tuple[int, str, bytes]) -> None:
        """Answer the question for an instance, first with the first answer."""
        path = f"/studies/{name}/series/5/instances/{sop}"
        self.answers[path] = list(answers)

    def answer(self, path: str, query: dict[str, list[str]]):
        """Return status, content type and body."""
        self.asked[path] += 1
        found = self.answers.get(path)
        if found is None:
            return 404, "text/plain", b""
        if isinstance(found, tuple):
            return found
        if found and isinstance(found[0], tuple):
            return found[min(self.asked[path], len(found)) - 1]
        start, count = int(query["offset"][0]), int(query["limit"][0])
        page = found[start : start + count] if self.pages else found
        return 200, "application/dicom+json", json.dumps(page).encode()


@contextmanager
def serving(pacs: Pacs):
    """Serve on loopback; yield the source."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pacs.heard.add(self.headers["Authorization"])
            parts = urlsplit(self.path)
            status, kind, body = pacs.answer(parts.path, parse_qs(parts.query))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        root = f"http://127.0.0.1:{server.server_port}"
        yield DicomWeb(Client(root, pause_seconds=0.001), page=2)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def pacs():
    """Return a server that has nothing."""
    return Pacs()


def read(item: Item) -> bytes:
    """Return the bytes of an item."""
    with item.open() as body:
        return b"".join(iter(lambda: body.read(5), b""))


def found_in(source: DicomWeb) -> tuple[list[Item], list[str]]:
    """Return the items of a source, and the codes of what is no item."""
    found = list(source.items())
    items = [each for each in found if isinstance(each, Item)]
    return items, [each.code for each in found if isinstance(each, Failed)]


@pytest.mark.parametrize("pages", [True, False])
def test_a_listing_ends_whether_or_not_the_server_heeds_the_limit(pacs, pages):
    """Five studies in pages of two, or all of them in every page."""
    pacs.pages = pages
    for name in "12345":
        pacs.study(name, [{SOP: uid("1")}])
    with serving(pacs) as source:
        items, codes = found_in(source)

    assert (len(items), codes) == (5, [])
    assert pacs.asked["/studies"] <= 4


def test_a_server_that_repeats_a_full_page_has_more_to_say(pacs):
    """It heeds the limit and not the offset: what comes after cannot be had."""
    pacs.study("1", [])
    pacs.study("2", [])
    pacs.pages = False
    with serving(pacs) as source:
        assert found_in(source) == ([], ["listing_cut"])


def test_bad_entries_are_counted_and_the_others_are_fetched(pacs):
    """One study each for all that may be wrong with an entry."""
    pacs.study("1", [{SOP: uid("1")}, {}, {SOP: uid("3", "LO")}, {SOP: uid("..")}])
    pacs.study("2", [{SOP: {"vr": "UI", "Value": "1"}}, {SOP: uid(7)}, 5, []])
    pacs.answers["/studies"] += [{STUDY: uid("9" * 200)}, {STUDY: uid("3")}, "4"]
    pacs.answers["/studies/3/series"] = (200, "application/dicom+json", b"<html>")
    with serving(pacs) as source:
        items, codes = found_in(source)

    assert len(items) == 1
    assert Counter(codes) == {
        "missing_uid": 5,
        "wrong_vr": 1,
        "bad_entry": 3,
        "not_json": 1,
    }


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((404, "text/plain", b""), "gone"),
        ((410, "text/plain", b""), "gone"),
        ((403, "text/plain", b""), "forbidden"),
        ((406, "text/plain", b""), "not_acceptable"),
        ((503, "text/plain", b""), "unavailable"),
        ((200, "text/html", b"<form>Please log in</form>"), "wrong_type"),
        ((200, "application/json", b"{}"), "wrong_type"),
        ((200, "multipart/related", b""), "bad_multipart"),
        ((200, TYPE, part(b"DICM")[:-9]), "incomplete"),
        ((200, TYPE, b""), "incomplete"),
    ],
)
def test_a_bad_answer_has_its_code(pacs, answer, code):
    """404 for what the listing shows, log-in pages, cut answers."""
    pacs.study("1", [{SOP: uid("1")}])
    pacs.give("1", "1", answer)
    with serving(pacs) as source:
        [item], _ = found_in(source)
        with pytest.raises(ItemError) as raised:
            read(item)

    assert raised.value.code == code


def test_what_passes_is_waited_for(pacs, bucket, monkeypatch):
    """Busy twice, then cut, then whole: one object, and nothing half in the bucket."""
    monkeypatch.setattr(patience, "_FIRST_PAUSE_SECONDS", 0.001)
    pacs.study("1", [{SOP: uid("1")}])
    busy = [(code, "text/plain", b"") for code in (429, 503)]
    cut = (200, TYPE, part(b"DICM" * 100)[:-50])
    pacs.give("1", "1", *busy, cut, (200, TYPE, part(b"DICM" * 100)))
    with serving(pacs) as source:
        [item], _ = found_in(source)
        sent = send.send(item, bucket)
    [stored] = bucket.list()

    assert sent == (send.UPLOADED, 400)
    assert bucket.read(stored.key) == b"DICM" * 100


def test_one_object_without_its_wrapping_is_taken(pacs):
    """Some servers answer with application/dicom alone."""
    pacs.study("1", [{SOP: uid("1")}])
    pacs.give("1", "1", (200, "application/dicom; transfer-syntax=1.2", b"DICM"))
    with serving(pacs) as source:
        [item], _ = found_in(source)
        assert read(item) == b"DICM"


@pytest.mark.parametrize(
    ("credentials", "header"),
    [
        (Credentials(token="t0k3n"), "Bearer t0k3n"),
        (Credentials("ana", "secret"), "Basic YW5hOnNlY3JldA=="),
        (Credentials(), None),
    ],
)
def test_credentials_are_sent_and_never_shown(pacs, credentials, header):
    """Each kind, or none; the representation holds neither them nor the address."""
    pacs.study("1", [])
    with serving(pacs) as source:
        asking = source.asking_as(credentials)
        list(asking.items())

    assert pacs.heard == {header}
    assert not [w for w in ("t0k3n", "secret", "ana", "127.0") if w in repr(asking)]


def test_a_late_image_does_not_make_its_study_new(pacs):
    """What the server counts is no fact of the object; a name is."""
    pacs.study("1", [{SOP: uid("1")}])
    name = {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane"}]}
    versions = []
    for more in ({}, {"00201208": {"vr": "IS", "Value": [2]}}, {"00100010": name}):
        pacs.answers["/studies"] = [{STUDY: uid("1"), **more}]
        with serving(pacs) as source:
            [item], _ = found_in(source)
            versions.append(item.version)

    assert versions[0] == versions[1] != versions[2]


def test_a_server_without_studies_stops_the_push_in_words(pacs):
    """Nothing to go on with; the message names a code."""
    pacs.answers["/studies"] = (200, "text/html", b"<html>")
    with serving(pacs) as source, pytest.raises(SourceError, match="wrong_type"):
        list(source.items())


@pytest.mark.parametrize(
    ("scheme", "code"),
    [("https", "certificate_not_trusted"), ("ftp", "unavailable")],
)
def test_a_server_that_cannot_be_asked_is_told_by_a_code(pacs, scheme, code):
    """TLS to a port without it, and a scheme that nobody speaks."""
    with serving(pacs) as source:
        root = source.client.root.replace("http", scheme, 1)
        other = DicomWeb(Client(root, pause_seconds=0.001))
        with pytest.raises(SourceError, match=code):
            list(other.items())


def test_an_address_gives_its_server_its_search_and_no_user():
    """Two searches on one server name an object alike."""
    first = DicomWeb.parse("dicomweb+https://ana:pw@pacs:8443/rs/?PatientID=7&x=%20")
    other = DicomWeb.parse("dicomweb+https://pacs:8443/rs")

    assert first.client.root == "https://pacs:8443/rs"
    assert first.filters == {"PatientID": "7", "x": " "}
    assert first.prefix == other.prefix == "dicomweb/pacs%3A8443%2Frs/"
    with pytest.raises(SourceError):
        DicomWeb.parse("dicomweb+https:///rs")
