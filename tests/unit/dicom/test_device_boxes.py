"""Boxes of known devices are used where they were measured, and nowhere else."""

import csv
import hashlib
from pathlib import Path

import pytest

import dicom_pipeline.dicom
from dicom_pipeline.dicom.device_boxes import device_boxes, device_rules
from dicom_pipeline.dicom.pixel_policy import (
    POLICY_VERSION,
    Box,
    Decision,
    PixelReason,
    decide,
)

FOLDER = Path(dicom_pipeline.dicom.__file__).parent
TABLE = FOLDER / "device_boxes.csv"
TAGS = {
    "sop": "00080016",
    "kind": "00080008",
    "modality": "00080060",
    "maker": "00080070",
    "series": "0008103E",
    "model": "00081090",
    "rows": "00280010",
    "columns": "00280011",
    "burned": "00280301",
    "conversion": "00080064",
}
CLASSES = {"CT": "2", "US": "6.1", "SC": "7", "DX": "1.1"}
EPIQ = {"maker": "Philips Medical Systems", "model": "EPIQ 5G", "modality": "US"}
REPORT = {
    "maker": "GE MEDICAL SYSTEMS",
    "modality": "CT",
    "series": "Dose Report",
    "kind": ["DERIVED", "SECONDARY", "SCREEN SAVE"],
}


def header(kind_of_object, rows, columns, **words):
    """A header of a class, of a size, and what is asked for."""
    words |= {"rows": rows, "columns": columns}
    words["sop"] = "1.2.840.10008.5.1.4.1.1." + CLASSES[kind_of_object]
    listed = {name: v if isinstance(v, list) else [v] for name, v in words.items()}
    return {TAGS[name]: {"vr": "CS", "Value": value} for name, value in listed.items()}


def region(left, top, right, bottom):
    tags = ("00186018", "0018601A", "0018601C", "0018601E")
    corners = zip(tags, (left, top, right, bottom), strict=True)
    return {tag: {"vr": "UL", "Value": [value]} for tag, value in corners}


def test_the_table_belongs_to_the_policy():
    """A table that changes gives other decisions: raise POLICY_VERSION with it."""
    digest = hashlib.sha256(TABLE.read_bytes()).hexdigest()

    assert (POLICY_VERSION, digest[:16]) == ("2", "4d84bb3a9410bd08")


def test_the_table_says_where_it_is_from():
    """Package, version, digest of the recipe, and the licence beside it."""
    head = TABLE.read_text("utf-8").splitlines()[:2]
    licence = (FOLDER / "device_boxes.LICENSE").read_text("utf-8")

    assert "deid-0.4.13" in head[0]
    assert "5cbb875d5db37d5f" in head[0]
    assert "Permission is hereby granted" in licence


def test_every_row_is_read():
    """A condition that the reader does not understand would hold for everything."""
    lines = TABLE.read_text("utf-8").splitlines()[3:]
    rows = list(csv.DictReader(lines))
    conditions = {row["rule"]: row["when"].count(";") + 1 for row in rows}

    assert len(rows) == sum(len(rule.boxes) for rule in device_rules()) > 100
    assert {r.name: len(r.conditions) for r in device_rules()} == conditions
    assert all(min(box[2:]) > 0 for rule in device_rules() for box in rule.boxes)


@pytest.mark.parametrize(
    ("words", "rows", "columns", "rules"),
    [
        (EPIQ, 768, 1024, "deid-039"),
        (EPIQ, 768, 1280, "deid-039"),
        (EPIQ, 768, 1000, None),
        (EPIQ, 720, 1024, None),
        (EPIQ | {"maker": "OTHER"}, 768, 1024, None),
        (EPIQ | {"modality": "CT"}, 768, 1024, None),
        (REPORT, 512, 512, "deid-012"),
        (REPORT, 1024, 1024, None),
        (REPORT, 100, 512, None),
        (REPORT | {"maker": "VITAL Images"}, 512, 512, None),
        ({"maker": "GE", "model": "LOGIQ9", "modality": "US"}, 480, 640, "deid-029"),
        ({"maker": "GE", "model": "LOGIQ9", "modality": "US"}, 600, 800, None),
        ({}, 512, 512, None),
    ],
    ids=[
        "as measured",
        "wider than the box",
        "narrower than the box",
        "other rows",
        "other maker",
        "other modality",
        "as wide as the box",
        "twice as wide, and no size in the rule",
        "lower than the box",
        "GE is no word of it",
        "no size in the rule, but as wide",
        "no size in the rule, and wider",
        "a header that says nothing",
    ],
)
def test_a_device_is_known_by_its_words_and_its_size(words, rows, columns, rules):
    """A box is of use only on the image that it was measured on."""
    known = device_boxes(header(words.get("modality", "CT"), rows, columns, **words))

    assert (known and known.rules) == rules
    for box in known.boxes if known else ():
        assert box.x + box.width <= columns
        assert box.y + box.height <= rows


def test_all_rules_that_match_are_painted():
    """Two rules know of an ACUSON; each box is painted once."""
    words = {"maker": "Siemens", "model": "ACUSON S2000", "modality": "US"}
    known = device_boxes(header("US", 600, 800, **words))

    assert known.rules == "deid-053+deid-054"
    assert known.boxes == (Box(0, 0, 800, 43), Box(128, 56, 16, 16))


@pytest.mark.parametrize(
    ("dataset", "without_a_rule"),
    [
        (header("CT", 512, 512, **REPORT), PixelReason.SCREEN),
        (
            header("CT", 512, 512, **(REPORT | {"kind": ["ORIGINAL", "PRIMARY"]})),
            PixelReason.REPORT_SERIES,
        ),
        (header("US", 768, 1024, conversion="WSD", **EPIQ), PixelReason.CAPTURED),
        (header("US", 768, 1024, burned="YES", **EPIQ), PixelReason.BURNED_IN),
    ],
)
def test_what_would_be_withheld_is_masked_where_the_device_is_known(
    dataset, without_a_rule
):
    """Without its maker the same header is withheld."""
    masked = decide(dataset)
    unknown = decide(dataset | {TAGS["maker"]: {"vr": "LO", "Value": ["NOBODY"]}})

    assert masked.decision is Decision.MASK
    assert masked.masks == device_boxes(dataset).boxes
    assert masked.code.startswith("device_boxes:deid-")
    assert (unknown.decision, unknown.reason) == (Decision.QUARANTINE, without_a_rule)


def test_a_known_device_does_not_open_the_other_doors():
    """Boxes are asked for captures and for the flag, not for what says nothing."""
    assert decide(header("US", 768, 1024, **EPIQ)).code == "ultrasound_without_regions"
    assert decide(header("SC", 768, 1024, **EPIQ)).code == "secondary_capture"


def test_ultrasound_of_a_known_device_keeps_its_regions_only():
    """The boxes are painted inside of what alone is kept."""
    dataset = header("US", 768, 1024, burned="YES", **EPIQ)
    dataset["00186011"] = {"vr": "SQ", "Value": [region(0, 30, 1023, 700)]}

    decided = decide(dataset)

    assert decided.keep == (Box(0, 30, 1024, 671),)
    assert decided.masks == (Box(0, 0, 1024, 49),)
