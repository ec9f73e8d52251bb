"""The list of what a nested header may hold: sound, explained, as the tables are."""

import csv
import json
import re
import runpy
from pathlib import Path

import pytest
from pydicom.datadict import dictionary_VR
from typer.testing import CliRunner

from dicom_pipeline.catalog import ENTITIES
from dicom_pipeline.catalog.table import Reading
from dicom_pipeline.cli.main import app
from dicom_pipeline.deid import ps315
from dicom_pipeline.deid.nested_codes import code_lists
from dicom_pipeline.deid.nested_rules import (
    KEEP_ITEMS,
    NestedRule,
    nested_rules,
    nested_sha256,
    problems,
    standard_action,
)
from dicom_pipeline.dicom.nested.keys import parts_of

ROOT = Path(__file__).parents[3]
PEERS = ROOT / ".venv" / "peers_deid"
MAPPING = ROOT / "dbt_project" / "seeds" / "anonymization_mapping.csv"
RULES = nested_rules()
BY_KEYWORD = {rule.keyword: rule for rule in RULES.values()}
DROPPED_BY_DESIGN = (
    "RequestAttributesSequence",
    "OriginalAttributesSequence",
    "IconImageSequence",
    "ContentSequence",
    "ReferencedPatientSequence",
    "OtherPatientIDsSequence",
    "PixelData",
    "ContourData",
    "TextValue",
    "PersonName",
    "TimezoneOffsetFromUTC",
)
AS_ITEMS = {
    # The tables list the UIDs or codes of these; nested, their items stay items.
    "ReferencedImageSequence": ("uid_remap", "ReferencedSOPInstanceUID"),
    "SourceImageSequence": ("uid_remap", "ReferencedSOPInstanceUID"),
    "ProcedureCodeSequence": ("keep_code", "CodeValue"),
}


def mapped() -> dict[str, dict[str, str]]:
    """Rules of the tables by keyword; presence of an element is no value of it."""
    columns = {(t.name, c.name): c for t in ENTITIES for c in t.columns}
    found = {}
    with MAPPING.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            column = columns.get((row["table_name"], row["column_name"]))
            if column and column.keyword and column.reading is not Reading.PRESENCE:
                found[column.keyword] = row
    return found


def test_an_attribute_is_treated_alike_in_tables_and_nested():
    """Function, class, argument and length; what the tables drop is not on the list."""
    differ = []
    for keyword, row in mapped().items():
        rule = BY_KEYWORD.get(keyword)
        if row["target_function"] == "drop":
            differ += [keyword] if rule else []
            continue
        if keyword in AS_ITEMS:
            function, inside = AS_ITEMS[keyword]
            assert row["target_function"] == function
            assert BY_KEYWORD[keyword].function == KEEP_ITEMS
            assert BY_KEYWORD[inside].function == function
            continue
        wanted = (row["target_function"], row["domain"], row["argument"])
        size = re.fullmatch(r"varchar\((\d+)\)", row["target_type"])
        long = size and row["target_function"] in {"full_hash", "text_terms"}
        found = rule and (rule.function, rule.domain, rule.argument)
        if found != wanted or rule.length != (int(size[1]) if long else 0):
            differ.append(keyword)

    assert len(mapped()) > 200
    assert differ == []


def test_what_the_standard_removes_is_kept_for_a_stated_reason_alone():
    """What E.1-1 lists and the list keeps has a reason, and its action is quoted."""
    listed = {key: rule for key, rule in RULES.items() if key in ps315.table()}
    options = {"pat", "modDates", "desc", "uids"}
    pseudonyms = {"surrogate_key", "full_hash", "anon_text", "null_out", "uid_remap"}

    assert len(listed) > 60
    for key, rule in listed.items():
        assert rule.note
        assert rule.ps315 == ps315.table()[key].spelled
        # Either nothing of the value stays, or an option we claim says that it may; a
        # device's year is the exception, as in the tables.
        claimed = ps315.table()[key].is_kept_by & options
        assert claimed or rule.function in {*pseudonyms, "year_only"}, rule.keyword


def test_names_texts_and_bytes_have_no_rule():
    """No PN, no long text, no URL, no bytes; a sequence of them is not opened."""
    vrs = {key: dictionary_VR(int(key, 16)) for key in RULES}

    assert {k for k, vr in vrs.items() if vr == "PN"} == {"00100010"}
    assert RULES["00100010"].function == "surrogate_key"
    assert not {"OB", "OW", "OD", "OF", "OL", "OV", "UN", "UR", "AE"} & set(
        vrs.values()
    )
    texts = {"LO", "SH", "ST", "LT", "UT", "UC"}
    kept = {RULES[k].function for k, vr in vrs.items() if vr in texts}
    replaced = {"surrogate_key", "full_hash", "anon_text", "set_const"}
    assert kept <= {*replaced, "text_terms", "keep_code"}
    assert not set(DROPPED_BY_DESIGN) & BY_KEYWORD.keys()


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (("00100010", "PatientName", "text_terms", "", "", 64, "Z", "x"), "kept"),
        (("00104000", "PatientComments", "keep_code", "", "sex", 0, "", "x"), "kept"),
        (("00180060", "KVP", "keep_all", "", "", 0, "", "x"), "unknown function"),
        (("00180060", "Kvp", "keep_num", "", "", 0, "", "x"), "keyword"),
        (("00180060", "KVP", "keep_num", "", "", 0, "", ""), "no reason"),
        (("00080060", "Modality", "keep_code", "", "none", 0, "", "x"), "code list"),
        (("00081140", "ReferencedImageSequence", "keep_num", "", "", 0, "", "x"), "VR"),
        (("00081010", "StationName", "full_hash", "", "", 32, "", "x"), "hash"),
        (('(0029,"ACME",10)', "b", "keep_num", "", "", 0, "", "x", "DS"), "bounds"),
    ],
)
def test_a_list_that_must_not_be_used_says_which_element(rule, said):
    """The message has the tag and the word; a test of the check itself."""
    found = [str(problem) for problem in problems([NestedRule(*rule)])]

    assert any(said in words and rule[0] in words for words in found), found


def test_the_command_explains_what_only_header_exports_have():
    """By keyword or tag; what neither list has does not leave, and is an error."""
    run = CliRunner().invoke
    shown = run(app, ["deid", "explain", "DiffusionBValue", "--json"])
    both = run(app, ["deid", "explain", "(0018,0060)", "--json"])
    neither = run(app, ["deid", "explain", "ContourData"])

    [rule] = json.loads(shown.stdout)["header_exports"]
    assert (rule["function"], rule["key"]) == ("keep_num", "00189087")
    assert json.loads(shown.stdout)["columns"] == []
    assert json.loads(both.stdout)["columns"][0]["function"] == "keep_num"
    assert neither.exit_code == 3


def test_private_elements_are_let_through_by_request_alone():
    """By creator, group and low byte; each with who says what it is."""
    private = {key: r for key, r in nested_rules(private=True).items() if parts_of(key)}

    assert not any(map(parts_of, RULES))
    assert '(7053,"Philips PET Private Group",00)' in private
    assert len(private) == 11
    for rule in private.values():
        assert rule.function == "keep_num"
        assert "pydicom" in rule.note
    assert nested_sha256(private=True) != nested_sha256()


def test_no_two_lists_of_codes_share_a_name():
    """A list of nested headers does not replace one of the tables."""
    own = ROOT / "dicom_pipeline" / "deid" / "nested_codes.csv"
    of_tables = ROOT / "dbt_project" / "seeds" / "code_lists.csv"
    names = [
        {row["list_name"] for row in csv.DictReader(path.open(encoding="utf-8"))}
        for path in (own, of_tables)
    ]

    assert not names[0] & names[1]
    assert names[0] | names[1] == code_lists().names
    used = {r.argument for r in RULES.values() if r.function == "keep_code"}
    assert names[0] <= used


def test_the_standard_is_read_as_another_reader_reads_it():
    """E.1-1 against dicom-anonymizer's lists: same attributes, same basic actions."""
    found = sorted(
        PEERS.glob("lib/*/site-packages/dicomanonymizer/*databases/dicomfields_*.py")
    )
    if not found:
        pytest.skip("dicom-anonymizer is not in .venv/peers_deid")
    lists = runpy.run_path(str(found[-1]))
    theirs = {
        f"{tag[0]:04X}{tag[1]:04X}": name.removesuffix("_TAGS").replace("_", "/")
        for name, tags in lists.items()
        if name.endswith("_TAGS") and name != "ALL_TAGS"
        for tag in tags
        if len(tag) == 2
    }
    ours = {
        tag: row.basic.replace("U*", "U/STAR")
        for tag, row in ps315.table().items()
        if re.fullmatch("[0-9A-F]{8}", tag)
    }
    common = theirs.keys() & ours.keys()
    differ = {t: (theirs[t], ours[t]) for t in common if theirs[t] != ours[t]}
    print(f"\n{found[-1].stem}: {len(common)} attributes in common, {differ=}")  # noqa: T201

    assert len(common) > 600
    assert len(differ) <= 3
    # What they treat and we do not know as listed would be kept without a reason.
    kept = {RULES[t].keyword for t in theirs.keys() - ours.keys() if t in RULES}
    assert kept == set()
    assert all(standard_action(t) == RULES[t].ps315 for t in RULES)
