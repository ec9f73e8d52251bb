"""The report is one well-formed page that asks nothing of the network."""

import re
from html.parser import HTMLParser

import duckdb
import pytest

from dicom_pipeline.publish.report import size_of, write_report
from dicom_pipeline.publish.report_facts import facts_of
from dicom_pipeline.publish.snapshot import publish
from dicom_pipeline.resources.ledger import Balance

BALANCE = Balance(
    received=1_050,
    outcomes={"loaded": 1_000, "identical": 30, "quarantined": 12, "ignored": 8},
    reasons={
        "quarantined: truncated": 9,
        "quarantined: not_dicom": 3,
        "ignored: dicomdir": 8,
    },
)
VOID = {"meta", "line", "rect"}


class _Page(HTMLParser):
    """Collects the words and checks that every tag is closed where it should be."""

    def __init__(self, text):
        super().__init__()
        self.open, self.words, self.tags = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


@pytest.fixture
def page(snapshot, tmp_path):
    """Write the report of the small warehouse."""
    out = tmp_path / "out" / "report.html"
    write_report(snapshot, BALANCE, out)
    assert list(out.parent.iterdir()) == [out]
    return out.read_text("utf-8")


def test_it_is_well_formed_and_self_contained(page):
    """No script, link, image or address of elsewhere."""
    tags = {tag for tag, _ in _Page(page).tags}

    assert not tags & {"script", "link", "img", "iframe", "object", "a"}
    assert not re.search(r"https?:|url\(|@import|//[a-z]", page)


def test_totals_and_balance_are_said(page):
    """In numbers that a person can add up."""
    words = _Page(page).text

    for said in ("4 patients", "8 studies", "40 objects", "40 JPEGs"):
        assert said in words
    assert "each of 1,050 files received has exactly one outcome" in words
    assert "loaded 1,000" in words
    assert "truncated 9" in words
    assert "dicomdir 8" in words


def test_files_without_an_outcome_are_not_hidden(snapshot, tmp_path):
    """The page says how many."""
    open_balance = Balance(received=1_060, outcomes=BALANCE.outcomes, reasons={})
    write_report(snapshot, open_balance, tmp_path / "r.html")
    words = _Page((tmp_path / "r.html").read_text("utf-8")).text

    assert "Not balanced yet: 10 of 1,060 files" in words
    assert "pending 10" in words


def test_bars_tell_their_numbers(page):
    """A column's words are there without a mouse, for readers of screens."""
    words = _Page(page).text

    assert "2.5: 3 series" in words
    assert "2031-01 · CT: 5 objects" in words
    assert "no date · MR: 5 objects" in words


def test_completeness_is_told_with_its_evidence(page):
    """How many series are whole, and what said so."""
    assert "complete: numbers 6 gaps: instance_number 2" in _Page(page).text


def test_the_same_snapshot_gives_the_same_page(snapshot, tmp_path):
    """There is no clock in it but the snapshot's."""
    for name in ("a", "b"):
        write_report(snapshot, BALANCE, tmp_path / name)

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_fill_rates_leave_out_what_rules_empty(snapshot):
    """A column that is always null by rule is not missing."""
    with duckdb.connect(snapshot, read_only=True) as connection:
        facts = facts_of(connection)
    patients = next(fill for fill in facts.fills if fill.name == "dim_patients")
    series = next(fill for fill in facts.fills if fill.name == "fct_series")
    shares = {fill.column: fill.share for fill in series.fills}

    assert patients.emptied > 0
    assert "patient_birth_date" not in {fill.column for fill in patients.fills}
    assert shares["slice_thickness_mm"] == pytest.approx(6 / 8)
    assert facts.without_thickness == 2


def test_an_empty_warehouse_has_a_report(warehouse, tmp_path):
    """A first run that loads nothing still says so."""
    with duckdb.connect(warehouse) as connection:
        for (name,) in connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'processed'"
        ).fetchall():
            connection.execute(f"truncate processed.{name}")
    publish(warehouse, tmp_path / "empty.duckdb")
    nothing = Balance(received=0, outcomes={}, reasons={})
    write_report(tmp_path / "empty.duckdb", nothing, tmp_path / "r.html")

    assert "0 patients" in _Page((tmp_path / "r.html").read_text("utf-8")).text


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1.0 kB"), (2_500_000, "2.5 MB")],
)
def test_sizes_are_said_in_decimal_units(count, words):
    """As stores bill them."""
    assert size_of(count) == words
