"""Each VR becomes the type that the dictionary says, or null and counted."""

import base64
from datetime import date, datetime, time

import pyarrow as pa
import pytest

from dicom_pipeline.dicom.nested.columns import TEXT_LIMIT, Columns
from dicom_pipeline.dicom.nested.seen import Look
from dicom_pipeline.dicom.nested.types import (
    OTHERS,
    fields_of,
    leaves,
    within,
)


def built(*headers):
    """Make a table of these headers, and what was lost."""
    look, columns = Look(), Columns()
    for header in headers:
        look.at(header)
    batch = columns.batch(headers, fields_of(look.level))
    return pa.Table.from_batches([batch]), dict(columns.lost)


def one(tag, vr, *values):
    """Make a header of one element."""
    return {tag: {"vr": vr, "Value": list(values)} if values else {"vr": vr}}


@pytest.mark.parametrize(
    ("tag", "vr", "value", "type_", "read"),
    [
        ("00080060", "CS", "CT", pa.string(), "CT"),
        ("00080018", "UI", "1.2.3", pa.string(), "1.2.3"),
        ("00280009", "AT", "00181063", pa.list_(pa.string()), ["00181063"]),
        ("00200013", "IS", 7, pa.int64(), 7),
        ("00180060", "DS", 120.0, pa.float64(), 120.0),
        ("00280010", "US", 512, pa.int64(), 512),
        ("00080020", "DA", "20240131", pa.date32(), date(2024, 1, 31)),
        ("00080030", "TM", "1337", pa.time64("us"), time(13, 37)),
        ("00281050", "DS", 40.0, pa.list_(pa.float64()), [40.0]),
        (
            "00189074",
            "DT",
            "2024",
            None,
            {"value": datetime.fromisoformat("2024-01-01"), "utc_offset": None},
        ),
        (
            "00189074",
            "DT",
            "20240131120000+0100",
            None,
            {
                "value": datetime.fromisoformat("2024-01-31T11:00"),
                "utc_offset": "+0100",
            },
        ),
        (
            "00100010",
            "PN",
            {"Alphabetic": "A^B", "Ideographic": "山"},
            None,
            {"alphabetic": "A^B", "ideographic": "山", "phonetic": None},
        ),
    ],
)
def test_a_value_has_the_type_of_its_vr_and_vm(tag, vr, value, type_, read):
    """VM 1 is a scalar, any other a list, even of one value."""
    table, lost = built(one(tag, vr, value), {})

    assert table.column(0).to_pylist() == [read, None]
    assert type_ is None or table.schema.field(0).type == type_
    assert lost == {}


def test_a_vm_1_element_with_several_values_makes_a_list_of_all():
    """Of the other headers too: scalar and list never meet in one column."""
    table, lost = built(
        one("00180060", "DS", 80.0, 140.0), one("00180060", "DS", 120.0)
    )

    assert table["KVP"].to_pylist() == [[80.0, 140.0], [120.0]]
    assert lost == {}


def test_two_vrs_of_one_element_share_a_column_by_the_rule():
    """The dictionary decides; what does not fit is null and counted."""
    signed = built(one("00280106", "US", 7), one("00280106", "SS", -7))
    decimal = built(one("00200013", "IS", 1), one("00200013", "DS", 1.5))
    wrong = built(one("00180060", "DS", "1A"), one("00180060", "LO", "120"))
    table = built(
        one("00283006", "US", 1, 2),
        {
            "00283006": {
                "vr": "OW",
                "InlineBinary": base64.b64encode(b"\1\0\2\0").decode(),
            }
        },
    )

    assert signed[0].column(0).to_pylist() == [7, -7]
    assert decimal[0].column(0).to_pylist() == [1.0, 1.5]
    assert wrong[0].column(0).to_pylist() == [None, 120.0]
    assert wrong[1] == {("KVP", "not_a_number"): 1}
    assert table[0].column(0).to_pylist() == [[1, 2], [1, 2]]


def test_sequences_nest_at_any_depth():
    """Each is a list of structs; an absent one is null, so is an empty one."""
    leaf = one("00080104", "LO", "Head")
    for tag in ("00082218", "00081140", "00081115"):
        leaf = one(tag, "SQ", leaf)
    table, _ = built(leaf, {}, one("00081115", "SQ"))

    [first, *others] = table["ReferencedSeriesSequence"].to_pylist()
    [image] = first[0]["ReferencedImageSequence"]

    assert image["AnatomicRegionSequence"][0]["CodeMeaning"] == "Head"
    assert others == [None, None]


def test_beyond_the_depth_limit_a_sequence_is_text():
    """Nothing is left out."""
    header = one("00081115", "SQ", one("00081140", "SQ", one("00080104", "LO", "Head")))
    look = Look()
    look.at(header)

    fields = fields_of(look.level, depth_limit=1)
    [row] = Columns().batch([header], fields).to_pylist()

    [text] = row["ReferencedSeriesSequence"][0]["ReferencedImageSequence"]
    assert text == '{"00080104":{"vr":"LO","Value":["Head"]}}'


def test_private_and_unknown_elements_are_listed_by_creator():
    """At the level where they lie; their own sequences are text."""
    header = {
        "00090010": {"vr": "LO", "Value": ["ACME"]},
        "00091001": {"vr": "DS", "Value": [1.5, 2.0]},
        "00091002": {"vr": "SQ", "Value": [one("00080060", "CS", "CT")]},
        "00180001": {"vr": "UN", "InlineBinary": "AAE="},
    }
    table, _ = built(header, one("00081140", "SQ", header))

    listed = [tuple(each.values()) for each in table[OTHERS].to_pylist()[0]]
    [inner] = table["ReferencedImageSequence"].to_pylist()[1]

    assert listed == [
        ("0009xx01", "ACME", "DS", ["1.5", "2"]),
        ("0009xx02", "ACME", "SQ", ['{"00080060":{"vr":"CS","Value":["CT"]}}']),
        ("00180001", None, "UN", ["AAE="]),
    ]
    assert inner[OTHERS] == table[OTHERS].to_pylist()[0]


def test_values_that_are_not_there_are_counted():
    """Bytes left out, a text beyond the limit, a number beyond 64 bits."""
    _, lost = built(
        {"00282000": {"vr": "OB", "BulkDataURI": "#/00282000"}},
        one("00104000", "LT", "x" * (TEXT_LIMIT + 1)),
        one("00200013", "IS", 10**30),
        one("00080020", "DA", "***"),
        {"00081140": {"vr": "UN", "InlineBinary": "AAE="}},
    )

    assert lost == {
        ("ICCProfile", "bulk"): 1,
        ("PatientComments", "too_long"): 1,
        ("InstanceNumber", "out_of_range"): 1,
        ("StudyDate", "bad_date"): 1,
        ("ReferencedImageSequence", "other_vr"): 1,
    }


def test_columns_beyond_the_limit_move_to_the_list_of_others():
    """The least filled go first, and their values stay."""
    headers = [one("00080060", "CS", "CT") | one("00180060", "DS", 120.0)]
    headers.append(one("00080060", "CS", "MR"))
    look = Look()
    for header in headers:
        look.at(header)
    fields, gone = within(fields_of(look.level), 1)

    rows = Columns().batch(headers, fields).to_pylist()

    assert gone == 1
    assert leaves(fields[:1]) == 1
    assert [row["Modality"] for row in rows] == ["CT", "MR"]
    assert rows[0][OTHERS][0]["values"] == ["120"]
