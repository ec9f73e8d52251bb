"""The whole corpus brought over the line: nobody in it, all joins and intervals kept.

Prints which of all elements and nested paths ever seen the list has an answer for.
"""

import io
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pydicom.data
import pytest
from pydicom.datadict import keyword_for_tag

from dicom_pipeline.deid import ps315
from dicom_pipeline.deid.nested import Cleaner
from dicom_pipeline.deid.nested_fields import nested_fields
from dicom_pipeline.deid.nested_rules import KEEP_ITEMS, nested_rules
from dicom_pipeline.deid.profiles import Profile
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.dicom.header import FIRST_RANGE, Header, NeedMore, extract
from dicom_pipeline.dicom.nested.columns import Columns
from dicom_pipeline.dicom.nested.keys import ODD, words_of
from dicom_pipeline.dicom.nested.seen import Level, Look
from dicom_pipeline.dicom.nested.types import fields_of
from dicom_pipeline.dicom.quiet import silence
from dicom_pipeline.dicom.times import read_date
from tests.corpus.given import FILES, ROOT
from tests.integration import leak

pytestmark = pytest.mark.corpus

NAMES = Pseudonyms(bytes(range(32)))
RULES = nested_rules()
PATHS = [
    *(ROOT / row["path"] for row in FILES),
    *Path(pydicom.data.__file__).parent.glob("test_files/*"),
]


@cache
def headers() -> list[dict]:
    """Every header that can be read, file meta and data set as one level."""
    found = []
    for path in filter(Path.is_file, PATHS):
        size, have = path.stat().st_size, FIRST_RANGE
        with path.open("rb") as file:
            outcome = extract(file.read(have), size)
            while isinstance(outcome, NeedMore):
                file.seek(0)
                outcome = extract(file.read(outcome.wanted), size)
        if isinstance(outcome, Header):
            found.append({**outcome.file_meta, **outcome.dataset})
    return found


@cache
def needles() -> leak.Needles:
    with silence():
        return leak.needles_of(PATHS)


@cache
def cleaned() -> list[dict]:
    cleaner = Cleaner(RULES, NAMES, Profile.RESEARCH)
    return [cleaner.clean(header, of_row(header)).elements for header in headers()]


@cache
def level() -> Level:
    look = Look()
    look.at_all(headers())
    return look.level


def of_row(header: dict) -> dict[str, str]:
    return {
        "provider": "hospital",
        "study_instance_uid": first(header, "0020000D"),
        "sop_instance_uid": first(header, "00080018"),
    }


def first(header: dict, tag: str) -> str:
    return str((header.get(tag, {}).get("Value") or [""])[0])


def parquet(rows: list[dict], fields) -> bytes:
    body = io.BytesIO()
    batch = Columns().batch(rows, fields)
    pq.write_table(pa.Table.from_batches([batch]), body)
    return body.getvalue()


def texts(body: bytes) -> Iterator[tuple[str, str]]:
    """Values, statistics and metadata, decoded."""
    for row in pq.read_table(io.BytesIO(body)).to_pylist():
        yield "row", str(row)
    told = pq.ParquetFile(io.BytesIO(body)).metadata
    yield "metadata", str(told.metadata)
    for column in range(told.num_columns):
        stats = told.row_group(0).column(column).statistics
        yield "statistics", f"{stats.min} {stats.max}" if stats.has_min_max else ""


def test_no_known_identity_of_the_corpus_is_left():
    """Names, ids, birth dates and UIDs of 743 and more real files; 0 places."""
    body = parquet(cleaned(), nested_fields(level(), RULES))

    assert len(needles()) > 1000
    assert leak.scan(needles(), texts(body)) == {}


def test_the_same_scan_finds_them_in_the_identified_columns():
    """The control."""
    hits = leak.scan(needles(), texts(parquet(headers(), fields_of(level()))))

    uids = {f"uid:{each}" for each in needles().uids}
    assert len(uids - hits.keys()) < 0.05 * len(uids)  # of files no reader takes
    assert any(hit.startswith("name:") for hit in hits)


def pairs(raw: dict, clean: dict) -> Iterator[tuple[str, dict, dict]]:
    """Elements before and after, at every depth."""
    for tag, element in clean.items():
        if element["vr"] != "SQ":
            if tag in raw:
                yield tag, raw[tag], element
            continue
        items = zip(raw[tag]["Value"], element["Value"], strict=True)
        for before, after in items:
            yield from pairs(before or {}, after)


def test_every_reference_at_every_depth_still_joins():
    """One UID is one pseudonym in all files, and no two share one."""
    names: dict[str, set[str]] = defaultdict(set)
    depths = Counter()
    for raw, clean in zip(headers(), cleaned(), strict=True):
        for tag, before, after in pairs(raw, clean):
            if RULES[tag].function == "uid_remap":
                depths[tag] += 1
                for old, new in zip(before["Value"], after["Value"], strict=True):
                    names[(old or "").strip("\0 ")].add(new)

    assert depths["00081155"] > 1000
    assert {len(new) for old, new in names.items() if old} == {1}
    of_new = Counter(next(iter(new)) for old, new in names.items() if old)
    assert set(of_new.values()) == {1}


def test_all_dates_of_a_patient_move_alike_at_every_depth():
    """By whole weeks, one number for each patient key."""
    shifts = defaultdict(set)
    for raw, clean in zip(headers(), cleaned(), strict=True):
        for tag, before, after in pairs(raw, clean):
            if RULES[tag].function == "date_shift":
                for old, new in zip(before["Value"], after["Value"], strict=True):
                    if new is not None:
                        moved = read_date(old)[0] - read_date(new)[0]
                        shifts[first(clean, "00100020")].add(moved)

    assert len(shifts) > 50
    assert {len(each) for each in shifts.values()} == {1}
    assert all(moved.days % 7 == 0 for each in shifts.values() for moved in each)


def paths(at: Level, above: str = "", *, kept: bool = True) -> Iterator[tuple]:
    """Every path ever seen, what becomes of it, and what the standard says."""
    for key, element in at.elements.items():
        rule = RULES.get(key)
        if key[0] == "(" or key[3] in ODD:
            fate = "private"
        elif not words_of(key):
            fate = "unknown"
        elif not kept:
            fate = "in a dropped sequence"
        else:
            fate = rule.function if rule else "not listed"
        row = ps315.table().get(key)
        path = f"{above}{keyword_for_tag(int(key, 16)) if key[0] != '(' else key}"
        yield path, fate, row.basic if row else "-"
        inside = kept and rule is not None and rule.function == KEEP_ITEMS
        yield from paths(element.items, f"{path}/", kept=inside)


def test_every_path_ever_seen_has_an_answer(capsys):
    """Rules times standard times every nested path; printed as a table."""
    seen = [*paths(level())]
    table = Counter((fate, basic) for _, fate, basic in seen)
    fates = sorted({fate for fate, _ in table})
    with capsys.disabled():
        print(f"\n{len(seen)} paths in {len(headers())} headers")  # noqa: T201
        for fate in fates:
            said = {basic: n for (f, basic), n in sorted(table.items()) if f == fate}
            print(f"  {fate:<22} {sum(said.values()):>5}  {said}")  # noqa: T201

    columns = {key for field in nested_fields(level(), RULES) for key in keys(field)}
    assert columns <= RULES.keys()
    # What E.1-1 wants changed and the list keeps is changed, not passed.
    passes = {"keep_num", "keep_code", "keep_time", "round_num", "age_cap"}
    passed = {
        path.rsplit("/", 1)[-1]
        for path, fate, basic in seen
        if basic != "-" and fate in passes
    }
    options = {
        tag: row.is_kept_by & {"pat", "modDates"} for tag, row in ps315.table().items()
    }
    assert {k for k in passed if not options[tag_of(k)]} == set()


def keys(field) -> Iterator[str]:
    yield field.key
    for each in field.fields:
        yield from keys(each)


def tag_of(keyword: str) -> str:
    return next(rule.key for rule in RULES.values() if rule.keyword == keyword)
