"""Images are read once, masked where their own words stand, and looked at again."""

import json
from dataclasses import dataclass, field

import pytest

from dicom_pipeline.dicom.burned_in import ReadingScope, TextLine
from dicom_pipeline.dicom.pixel_policy import decide
from dicom_pipeline.dicom.pixel_review import Review, Verdict, Why
from dicom_pipeline.dicom.ultrasound import Box
from dicom_pipeline.resources.pixel_judge import PixelJudge
from dicom_pipeline.resources.pixel_texts import PixelTexts
from dicom_pipeline.resources.reviews import Reviews
from tests.unit.sources.memory_store import RawBucket

OWN, OTHER, MARK = "QUISTGAARD", "HALVORSEN", "L"


@dataclass
class Renderer:
    """Writes which object was rendered below which masks."""

    fails: tuple[str, ...] = ()

    def render(self, jobs):
        """Answer each job with one frame."""
        for job in jobs:
            name = job.input.rsplit("/", 1)[1]
            failed = name in self.fails
            file = f"{job.output}.pnm"
            with open(file, "w", encoding="utf-8") as opened:  # noqa: PTH123
                json.dump([name, job.masks], opened)
            status = "error" if failed else "ok"
            yield {"id": job.id, "status": status, "key": file}


@dataclass
class Reader:
    """Sees the texts of an object that no mask hides."""

    texts: dict[str, list[str]]
    version: str = "reader 1"
    stubborn: bool = False
    read_so_far: list[str] = field(default_factory=list)

    def read(self, pictures):
        """Lines of each picture."""
        found = {}
        for picture in pictures:
            name, masks = json.loads(picture.read_text())
            self.read_so_far.append(name)
            lines = [
                TextLine(text, Box(10, 40 * at, 100, 16))
                for at, text in enumerate(self.texts[name])
            ]
            hidden = [] if self.stubborn else [box[1] + 4 for box in masks]
            found[picture] = [line for line in lines if line.box.y not in hidden]
        return found


def row(name, **words):
    """A CR image whose header says nothing of its pixels."""
    said = {
        "00080016": ("UI", "1.2.840.10008.5.1.4.1.1.1"),
        "00100010": ("PN", {"Alphabetic": f"{OWN}^ODA"}),
        "00280010": ("US", 400),
        "00280011": ("US", 300),
        **words,
    }
    header = {tag: {"vr": vr, "Value": [value]} for tag, (vr, value) in said.items()}
    return {
        "sop_instance_uid": f"1.2.{name}",
        "fingerprint": f"f-{name}",
        "raw_key": f"dicom/{name}",
        "transfer_syntax_uid": "1.2.840.10008.1.2.1",
        "header": json.dumps(header),
    }


@pytest.fixture
def reading(tmp_path):
    """Make what reads, over texts by object."""

    def make(texts, bucket=None, scope="projections", fails=(), **more):
        reader = Reader(texts, **more)
        bucket = bucket or RawBucket()
        object.__setattr__(bucket, "name", "raw")
        folder = tmp_path / "reading"
        scope = ReadingScope(scope)
        return PixelTexts(bucket, Renderer(fails), reader, scope, folder)

    return make


def codes(texts, *rows, reviews=None):
    judge = PixelJudge(reviews or Reviews(RawBucket()), texts)
    return [decision.code for decision in judge.decisions(rows)]


def test_each_object_comes_to_its_own_answer(reading):
    """Nine of them, in more than one go."""
    texts = {"own": [MARK, OWN], "other": [OWN, OTHER], "none": [], "mark": [MARK]}
    texts |= {str(n): [] for n in range(5)}

    found = codes(reading(texts), *map(row, texts))

    assert found == ["own_text_masked", "text_seen", *["no_text_seen"] * 7]


def test_what_a_mask_does_not_hide_keeps_the_image_back(reading):
    """The masked picture is read again."""
    assert codes(reading({"a": [OWN]}, stubborn=True), row("a")) == ["text_seen"]


def test_what_was_read_is_kept_without_its_text(reading):
    """Another process reads nothing; another version of the reader does."""
    texts = {"a": [OWN], "b": [OTHER]}
    first = reading(texts)
    before = codes(first, row("a"), row("b"))

    again = reading(texts, first.bucket)
    assert codes(again, row("a"), row("b")) == before
    assert again.reader.read_so_far == []
    newer = reading(texts, first.bucket, version="reader 2")
    assert codes(newer, row("a"), row("b")) == before
    assert newer.reader.read_so_far != []

    kept = str(newer.table.all().to_pylist())
    assert OWN not in kept
    assert OTHER not in kept
    assert newer.boxes("1.2.b", "f-b") == (Box(6, 0, 108, 20),)


def test_what_cannot_be_read_stays_withheld_and_is_tried_again(reading):
    """A frame that fails to render, and too many frames."""
    many = row("many", **{"00280008": ("IS", 17)})
    first = reading({"a": [], "many": []}, fails=("a",))
    assert codes(first, row("a"), many) == ["text_unread", "text_unread"]
    assert first.bucket.bodies == {}

    again = reading({"a": [], "many": []}, first.bucket)

    assert codes(again, row("a"), many) == ["no_text_seen", "text_unread"]


def test_only_what_lacks_evidence_is_read(reading):
    """Not what is flagged, nor what a person has decided."""
    flagged = row("yes", **{"00280301": ("CS", "YES")})
    capture = row("capture", **{"00080016": ("UI", "1.2.840.10008.5.1.4.1.1.7")})
    reviews = Reviews(RawBucket())
    seen = (Verdict.RELEASED, Why.NO_TEXT, "ann")
    reviews.record(Review("1.2.seen", "f-seen", "2024-01", *seen))
    rows = [flagged, capture, row("seen"), row("a")]

    texts = reading({"a": []})
    found = codes(texts, *rows, reviews=reviews)

    assert found == ["burned_in", "secondary_capture", "released", "no_text_seen"]
    assert texts.reader.read_so_far == ["a"]
    consenting = reading({"capture": [], "a": []}, scope="captures")
    assert codes(consenting, capture, flagged) == ["no_text_seen", "burned_in"]


def test_nothing_reads_where_it_is_off():
    """The header alone decides."""
    assert codes(None, row("a")) == [decide(json.loads(row("a")["header"])).code]
