"""What a nested header shows behind the line, at every depth: nobody."""

import datetime as dt
import json
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dicom_pipeline.deid.nested_rules import nested_rules
from dicom_pipeline.deid.profiles import Profile
from dicom_pipeline.dicom.identity import patient_identity
from dicom_pipeline.publish.header_export import DONE
from dicom_pipeline.publish.header_export_deid import LINEAGE, RECEIPT, Line
from tests.unit.deid.nested_exports import (
    NAMES,
    RESEARCH,
    Folder,
    exported,
    header,
    identified,
)
from tests.unit.deid.nested_planted import (
    DAY,
    DAY_ISO,
    NO_NUMBER,
    Planted,
    canaries,
    planted_header,
    sequence,
)

HEADERS = [planted_header(Planted())]


@pytest.fixture(scope="module")
def clean() -> Folder:
    return exported(HEADERS)


@pytest.fixture(scope="module")
def planted() -> set[str]:
    return canaries([json.dumps(HEADERS)])


def test_nothing_planted_is_left_at_any_depth(clean, planted):
    """Every element of the dictionary, private and unknown ones; values, statistics."""
    assert len(planted) > 20_000
    assert canaries(clean.texts()) == set()
    assert not any(DAY in text or DAY_ISO in text for text in clean.texts())


def test_the_same_look_finds_them_in_the_identified_export(planted):
    """The control: the search is not blind, at no depth."""
    found = canaries(identified(HEADERS).texts())
    missed = {text for text in planted - found if not text.startswith(NO_NUMBER)}

    assert len(missed) <= 2 * 5  # the creators of two private blocks at each place


def test_no_number_is_as_long_as_an_identifier():
    """Eight digits in every element of a number, at two depths; but for becquerels."""
    numbers = {
        rule.key: {"vr": "DS", "Value": [19370115, -19370115.0]}
        for rule in nested_rules().values()
        if rule.function in {"keep_num", "round_num"}
    }
    [row] = exported([{**numbers, "00081140": sequence(numbers)}]).rows()
    [item] = row["ReferencedImageSequence"]

    shown = {name for name in row if "19370115" in str(row[name])}
    assert shown == {"RadionuclideTotalDose", "ReferencedImageSequence"}
    assert {name for name in item if "19370115" in str(item[name])} == {
        "RadionuclideTotalDose"
    }
    assert row["RadionuclideTotalDose"] == [19370115, None]


def test_every_column_at_every_depth_is_on_the_list(clean):
    """The schema is built from the list: no column for anything else."""
    keywords = {rule.keyword for rule in nested_rules().values()}

    def names(type_: pa.DataType) -> Iterator[str]:
        if pa.types.is_list(type_):
            yield from names(type_.value_type)
        elif pa.types.is_struct(type_):
            for field in type_:
                yield field.name
                yield from names(field.type)

    [body] = clean.parts
    schema = pq.read_schema(pa.BufferReader(body))
    found = {name for name in schema.names if name not in LINEAGE.names}
    found |= {name for field in schema for name in names(field.type)}

    assert "ReferencedSOPInstanceUID" in found
    assert found <= keywords
    assert "OtherElements" not in found
    assert not {"RequestAttributesSequence", "IconImageSequence"} & found


def test_what_was_left_out_is_counted_and_no_value_is_told(clean):
    """Private, unknown, not on the list; the receipt names standard keywords alone."""
    receipt = json.loads(clean.files[RECEIPT])

    assert receipt["dropped"]["private"] > 0
    assert receipt["dropped"]["unknown"] > 0
    assert receipt["not_listed"]["OriginalAttributesSequence"] == 1
    assert receipt["not_listed"]["PatientComments"] > 1
    assert {k: n for k, _, n in receipt["nulled"]}["Modality"] > 1
    assert receipt["profile"] == "research"
    assert receipt["rules_sha256"] == RESEARCH.rules_sha256
    assert receipt["key_version"] == 1
    assert clean.files[DONE] == b""


def test_a_patient_has_the_key_that_the_tables_give_him():
    """Issuer and id make it; PatientID, PatientName and the aliases all carry it."""
    one = header(
        t00100010=("PN", {"Alphabetic": "Doe^Jane"}),
        t00100020=("LO", " 0042 "),
        t00100021=("LO", "ISS"),
        t00101000=("LO", ["7", "8"]),
    )
    [row] = exported([one]).rows()
    key = NAMES.patient_key(patient_identity("ISS", "p", "0042", ""))

    named = ("patient_key", "PatientID", "PatientName", "OtherPatientIDs")
    assert {row[name] for name in named} == {key}
    assert row["sop_instance_uid"] == NAMES.uid("1.2.99999.7.0")


def test_references_at_every_depth_name_the_pseudonym_of_what_they_named():
    """One UID is one pseudonym in every place; a registered one stays."""
    uid = "1.2.826.0.1.99.5"
    inner = header(t00081155=("UI", uid), t00081150=("UI", "1.2.840.10008.5.1.4.1.1.2"))
    one = {
        **header(t00080018=("UI", uid), t00200052=("UI", "1.2.840.10008.1.4.1.1")),
        "00081140": sequence(inner),
        "00081115": sequence(
            {**header(t0020000E=("UI", uid)), "0008114A": sequence(inner)}
        ),
    }
    [row] = exported([one]).rows()
    series = row["ReferencedSeriesSequence"][0]

    assert row["SOPInstanceUID"] == NAMES.uid(uid) != uid
    assert (
        row["ReferencedImageSequence"][0]["ReferencedSOPInstanceUID"]
        == (row["SOPInstanceUID"])
    )
    assert series["SeriesInstanceUID"] == row["SOPInstanceUID"]
    assert (
        series["ReferencedInstanceSequence"][0]["ReferencedSOPInstanceUID"]
        == (row["SOPInstanceUID"])
    )
    assert series["ReferencedInstanceSequence"][0]["ReferencedSOPClassUID"] == (
        "1.2.840.10008.5.1.4.1.1.2"
    )
    assert row["FrameOfReferenceUID"] == "1.2.840.10008.1.4.1.1"


def test_all_dates_of_a_patient_move_by_the_same_weeks_at_every_depth():
    """Intervals, weekdays and times of day are kept; the zone is not."""
    dose = header(t00181078=("DT", "20240131101500.5+0100"), t00181072=("TM", "0915"))
    one = {
        **header(
            t00100020=("LO", "A"), t00080020=("DA", "20240131"), t00080030=("TM", "10")
        ),
        "00540016": sequence(dose),
    }
    two = header(t00100020=("LO", "A"), t00080020=("DA", "2024.03.06"))
    rows = {row["sop_instance_uid"]: row for row in exported([one, two]).rows()}
    first, second = (rows[NAMES.uid(f"1.2.99999.7.{n}")] for n in (0, 1))
    moved = dt.date(2024, 1, 31) - first["StudyDate"]

    assert moved.days == NAMES.shift_days(first["patient_key"])
    assert moved.days % 7 == 0
    assert second["StudyDate"] - first["StudyDate"] == dt.timedelta(days=35)
    assert first["StudyTime"] == dt.time(10)
    item = first["RadiopharmaceuticalInformationSequence"][0]
    assert item[
        "RadiopharmaceuticalStartDateTime"
    ] + moved == dt.datetime.fromisoformat("2024-01-31T09:15:00.5")
    assert item["RadiopharmaceuticalStartTime"] == dt.time(9, 15)


def test_profile_limited_keeps_the_days():
    """And says so, in the row and in what the pipeline itself says."""
    limited = Line(NAMES, Profile.LIMITED)
    [row] = exported([header(t00080020=("DA", DAY))], limited).rows()

    assert row["StudyDate"] == dt.date(1937, 1, 15)
    assert row["deid_profile"] == "limited"
    assert row["LongitudinalTemporalInformationModified"] == "UNMODIFIED"
    assert row["PatientIdentityRemoved"] == "YES"
    assert "DCM:113106" in row["DeidentificationMethodCodeSequence"]


def test_rows_and_files_do_not_tell_when_a_header_came():
    """The order is that of the pseudonyms, whatever came first."""
    out = exported([header(t00200013=("IS", n)) for n in range(50)])
    rows = out.rows()

    assert [r["sop_instance_uid"] for r in rows] == sorted(
        r["sop_instance_uid"] for r in rows
    )
    assert [r["InstanceNumber"] for r in rows] != list(range(50))
    assert {"raw_key", "fingerprint", "provider", "modified_at"}.isdisjoint(rows[0])


def test_little_is_held_back_and_every_row_is_written_once(monkeypatch):
    """Parts are written as soon as there is enough; none is lost, none is twice."""
    monkeypatch.setattr("dicom_pipeline.publish.header_export_parts.BUFFER_BYTES", 1)
    out = exported([header(t00200013=("IS", n)) for n in range(1100)])

    assert len(out.parts) == 3  # of 512 headers that are parsed at a time
    assert sorted(r["InstanceNumber"] for r in out.rows()) == [*range(1100)]
    assert json.loads(out.files[RECEIPT])["rows"] == 1100
    assert [*out.files][-2:] == [RECEIPT, DONE]


def test_folders_bear_what_the_line_has_left():
    """Never the value as sent: off the list there is no folder of that name."""
    many = [
        header(t00080060=("CS", word), t00080020=("DA", DAY)) for word in ("CT", "JANE")
    ]
    out = exported(many, by="Modality,StudyDate")

    folders = {name.rsplit("/", 1)[0] for name in out.files if "/" in name}
    assert len(folders) == 2
    assert not any("JANE" in name or DAY_ISO in name for name in folders)
    assert any(name.startswith("Modality=CT/StudyDate=19") for name in folders)


def test_the_same_headers_give_the_same_bytes(clean):
    """Run again, changed nothing."""
    assert exported(HEADERS).files == clean.files
