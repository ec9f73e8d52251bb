"""What happens to each attribute, and why: read from the mapping and the standard."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dicom_pipeline.catalog.table import Column, Table
from dicom_pipeline.deid.profiles import Profile, function_in
from dicom_pipeline.deid.ps315 import table as ps315_table
from dicom_pipeline.deid.rules import SHIFTS, Rule

FUNCTIONS = {
    "surrogate_key": "Replaced by the keyed surrogate of the patient or device.",
    "full_hash": "Replaced by a keyed hash: equal values stay equal, none is readable.",
    "anon_text": "Replaced by ANON_TEXT where a value was; that there was one is kept.",
    "uid_remap": "Replaced by a keyed UID below 2.25; references still join.",
    "date_shift": "Moved into the past by whole weeks, as many for all of a patient.",
    "datetime_shift": "Date moved as the patient's dates are, time kept, zone dropped.",
    "year_only": "Cut to the year.",
    "keep_time": "Kept as a time of day; anything else becomes null.",
    "age_cap": "Kept up to 89 years; above it is 090Y.",
    "round_num": "Rounded and bounded; anything that is no number becomes null.",
    "keep_num": "Kept as a number; anything else becomes null.",
    "keep_code": "Kept where it is on the closed list of codes, null off the list.",
    "text_terms": "Reduced to words of the imaging lexicon, less the file's own names.",
    "null_out": "Always null; the column stays for those who expect it.",
    "set_const": "Said by this pipeline; what the file said is not kept.",
    "drop": "Dropped: there is no column outside of the raw zone.",
}
"""What each function of the mapping does, in one sentence."""

IN_SAFE_HARBOR = {
    "surrogate_key": "Replaced by a random surrogate, which the vault keeps.",
    "uid_remap": "Replaced by a random UID, which the vault keeps; references join.",
    "year_only": "Cut to the year; null for a patient who was ever older than 89.",
    "age_cap": "Kept up to 89 years; 090Y if any row of the patient tells more.",
    "text_terms": "As in research, and without numbers that have no unit.",
}
"""What safe_harbor says of a function where it says otherwise."""

_LIMITED = "Kept: profile limited does not move dates."
NOT_LISTED = "not in E.1-1"
OWN = "own column"
METHODS = {
    "113100": ("Basic Application Confidentiality Profile", "claimed"),
    "113101": (
        "Clean Pixel Data Option",
        "not claimed: pixel_decision says which image was masked",
    ),
    "113102": ("Clean Recognizable Visual Features Option", "not claimed"),
    "113103": ("Clean Graphics Option", "not claimed: graphics are dropped"),
    "113104": ("Clean Structured Content Option", "not claimed: content is dropped"),
    "113105": ("Clean Descriptors Option", "claimed: words of a closed lexicon"),
    "113106": (
        "Retain Longitudinal Temporal Information Full Dates",
        "claimed in limited",
    ),
    "113107": (
        "Retain Longitudinal Temporal Information Modified Dates",
        "claimed in research",
    ),
    "113108": ("Retain Patient Characteristics Option", "claimed: rounded, capped"),
    "113109": ("Retain Device Identity Option", "not claimed: keyed hashes"),
    "113110": ("Retain UIDs Option", "not claimed: keyed UIDs"),
    "113111": ("Retain Safe Private Option", "not claimed: private tags are dropped"),
    "113112": ("Retain Institution Identity Option", "not claimed: keyed hashes"),
}
"""Codes of PS3.16 CID 7050, what they mean, and what this pipeline says of each."""


@dataclass(frozen=True)
class Explanation:
    """What becomes of one raw column.

    Attributes:
        table: Raw table.
        column: Raw column.
        keyword: DICOM keyword; empty for a column of the pipeline's own.
        tag: ``GGGGEEEE``.
        ps315: Action of PS3.15 Table E.1-1, with the options that say otherwise.
        function: Word of the mapping.
        becomes: Name in the stage layer; empty where there is none.
        research: What happens in the default profile.
        limited: What happens where dates are kept.
        safe_harbor: What happens where years alone are kept.
        why: The mapping's note.
    """

    table: str
    column: str
    keyword: str
    tag: str
    ps315: str
    function: str
    becomes: str
    research: str
    limited: str
    safe_harbor: str
    why: str


def explanations(
    tables: Sequence[Table], rules: Sequence[Rule]
) -> tuple[Explanation, ...]:
    """What becomes of every column, in the order of the tables."""
    of_column = {(rule.table_name, rule.column_name): rule for rule in rules}
    return tuple(
        _explained(table, column, of_column[table.name, column.name])
        for table in tables
        for column in table.columns
    )


def about(word: str, among: Sequence[Explanation]) -> Iterator[Explanation]:
    """Those of a column, keyword or tag, however it is spelled; without a word, all."""
    sought = _plain(word)
    for each in among:
        if not sought or sought in map(_plain, (each.column, each.keyword, each.tag)):
            yield each


def standard_action(column: Column) -> str:
    """What PS3.15 Table E.1-1 says of a column's attribute."""
    if not column.keyword:
        return OWN
    tag, rows = column.tag, ps315_table()
    for spelled in (tag, tag.lower(), f"{tag[:4].lower()}xxxx"):  # repeating groups
        if spelled in rows:
            return rows[spelled].spelled
    return NOT_LISTED


def _explained(table: Table, column: Column, rule: Rule) -> Explanation:
    how = FUNCTIONS[rule.target_function]
    shifts = rule.target_function in SHIFTS
    limited = _LIMITED if shifts and not Profile.LIMITED.shifts_dates else how
    return Explanation(
        table=table.name,
        column=column.name,
        keyword=column.keyword,
        tag=column.tag,
        ps315=standard_action(column),
        function=rule.target_function,
        becomes="" if rule.target_function == "drop" else rule.stage_column,
        research=how,
        limited=limited,
        safe_harbor=_in_safe_harbor(table, column, rule),
        why=rule.note,
    )


def _in_safe_harbor(table: Table, column: Column, rule: Rule) -> str:
    function = rule.target_function
    other = function_in(Profile.SAFE_HARBOR, table.name, column.name, function)
    return IN_SAFE_HARBOR.get(other, FUNCTIONS[other])


def _plain(word: str) -> str:
    return "".join(letter for letter in word.casefold() if letter.isalnum())
