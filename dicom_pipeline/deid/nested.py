"""A whole header brought over the line: what is on the list stays, at every depth.

What comes out is a data set in the DICOM JSON Model again, with nothing in it that no
rule speaks of; so whatever makes columns of it has nothing to hide.
"""

import base64
import struct
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from dicom_pipeline.deid.identities import identities
from dicom_pipeline.deid.needles import Kind
from dicom_pipeline.deid.nested_codes import CONCEPTS, concept
from dicom_pipeline.deid.nested_rules import KEEP_ITEMS, SAID_ONCE, NestedRule
from dicom_pipeline.deid.nested_values import OFF_LIST, OTHER_VR, Functions, Subject
from dicom_pipeline.deid.profiles import Profile
from dicom_pipeline.deid.pseudonyms import Pseudonyms
from dicom_pipeline.dicom.identity import device_identity, patient_identity
from dicom_pipeline.dicom.nested.keys import ODD, parts_of, private_key, words_of
from dicom_pipeline.dicom.outcome import Json, first_text

PRIVATE, UNKNOWN, NOT_LISTED = "private", "unknown", "not listed"

_VALUE, _SCHEME, _MEANING = "00080100", "00080102", "00080104"
_SHORTEST_ID, _LEAST_NUMBER = 4, 100_000
_BINARY = {"FL": "<f", "FD": "<d"}


@dataclass
class Counts:
    """What became of elements and values; no value is told.

    Attributes:
        kept: Values that are there, by function.
        nulled: Values that are null though the header has them, by keyword and why.
        dropped: Elements without a column, by why; all within one are one.
        not_listed: Those of the dictionary, by keyword.
    """

    kept: Counter[str] = field(default_factory=Counter)
    nulled: Counter[tuple[str, str]] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    not_listed: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """One header behind the line.

    Attributes:
        elements: By tag.
        patient_key: Keyed surrogate of the patient, as in all tables.
        device_key: Keyed surrogate of the device, as in all tables.
        sop_instance_uid: Keyed UID, as in all tables.
    """

    elements: Json = field(repr=False)
    patient_key: str
    device_key: str
    sop_instance_uid: str


class Cleaner:
    """Takes headers over the line by one list, one key and one profile.

    Attributes:
        counts: Of all headers so far.
    """

    def __init__(
        self,
        rules: Mapping[str, NestedRule],
        pseudonyms: Pseudonyms,
        profile: Profile,
        named: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        """Keep the rules; nothing is counted yet.

        Args:
            rules: The list.
            pseudonyms: The key.
            profile: How far it goes.
            named: Names that other files of a patient bear, by his identity.
        """
        self.counts = Counts()
        self._rules, self._pseudonyms, self._profile = rules, pseudonyms, profile
        self._has_private = any(parts_of(key) for key in rules)
        self._functions = Functions(pseudonyms, profile)
        self._named = named or {}
        self._once = [r for r in rules.values() if r.function in SAID_ONCE]

    def clean(self, header: Json, of: Mapping[str, Any]) -> Cleaned:
        """Take one header over the line.

        Args:
            header: File meta and data set, by tag.
            of: Row of ``headers``: provider, study and SOP Instance UID.
        """
        identity = patient_identity(
            first_text(header, "00100021"),
            of["provider"] or "",
            first_text(header, "00100020"),
            of["study_instance_uid"] or "",
        )
        device = device_identity(
            first_text(header, "00080070"),
            first_text(header, "00081090"),
            first_text(header, "00181000"),
        )
        key = self._pseudonyms.patient_key(identity)
        days = self._pseudonyms.shift_days(key) if self._profile.shifts_dates else 0
        people = (*_people(header), *self._named.get(identity, ()))
        elements = self._level(header, Subject(key, days, people, _numbers(people)))
        elements |= {rule.key: self._said(rule, key) for rule in self._once}
        return Cleaned(
            elements,
            key,
            self._pseudonyms.device_key(device),
            self._pseudonyms.uid(of["sop_instance_uid"]),
        )

    def _said(self, rule: NestedRule, patient_key: str) -> Json:
        if rule.function == "surrogate_key":
            return {"vr": "LO", "Value": [patient_key]}
        return {"vr": "LO", "Value": self._functions.constant(rule)}

    def _level(self, dataset: Json, of: Subject) -> Json:
        """Keep of one data set or item what its rules keep."""
        made: Json = {}
        for tag, element in dataset.items():
            rule = self._rule(dataset, tag)
            if rule is None:
                self._drop(tag)
            elif rule.argument != CONCEPTS and rule.function not in SAID_ONCE:
                found = self._element(element, rule, of)
                if found is not None:
                    made |= {tag: found, **_reserved(dataset, tag)}
        if _VALUE in dataset and _VALUE in self._rules:
            made |= self._coded(dataset)
        return made

    def _element(self, element: Json, rule: NestedRule, of: Subject) -> Json | None:
        if rule.function == KEEP_ITEMS:
            return self._items(element, rule, of)
        function = self._functions.of.get(rule.function)
        values = _values(element, rule)
        if function is None or not values:
            if values is None and len(element) > 1:
                self.counts.nulled[rule.keyword, OTHER_VR] += 1
            return None
        pairs = [
            (None, "") if value is None else function(value, rule, of)
            for value in values
        ]
        made = [value for value, _ in pairs]
        for value, why in pairs:
            if why and value is None:
                self.counts.nulled[rule.keyword, why] += 1
        there = len(made) - made.count(None)
        self.counts.kept[rule.function] += there
        return {"vr": "", "Value": made} if there else None

    def _items(self, element: Json, rule: NestedRule, of: Subject) -> Json | None:
        if element["vr"] != "SQ":
            if len(element) > 1:
                self.counts.nulled[rule.keyword, OTHER_VR] += 1
            return None
        items = [self._level(item or {}, of) for item in element.get("Value", ())]
        return {"vr": "SQ", "Value": items} if items else None

    def _coded(self, item: Json) -> Json:
        """Keep a coded concept by what the dictionary says of it."""
        found = concept(first_text(item, _SCHEME), first_text(item, _VALUE))
        if found is None:
            self.counts.nulled["CodeValue", OFF_LIST] += 1
            return {}
        self.counts.kept["keep_code"] += 1
        told = zip((_SCHEME, _VALUE, _MEANING), found, strict=True)
        return {tag: {"vr": "", "Value": [text]} for tag, text in told if text}

    def _rule(self, dataset: Json, tag: str) -> NestedRule | None:
        if self._has_private and tag[3] in ODD:
            return self._rules.get(private_key(tag, _creator(dataset, tag)))
        return self._rules.get(tag)

    def _drop(self, tag: str) -> None:
        why, keyword = _why(tag)
        self.counts.dropped[why] += 1
        if keyword:
            self.counts.not_listed[keyword] += 1


def _people(header: Json) -> tuple[str, ...]:
    """Names and identifiers of a file, wherever they lie in it.

    Of numbers of studies and orders those that tell one from another: a Study ID of 1
    would take the 1 out of ``chest 1 view``.
    """
    found = {first_text(header, "00100020")}
    for kind, text in identities(header):
        if kind is Kind.NAME or (kind is Kind.ID and len(text) >= _SHORTEST_ID):
            found.add(text)
    return tuple(sorted(found - {""}))


def _numbers(people: Iterable[str]) -> frozenset[int]:
    """Identifiers that a number could be; one file has 123456 as Series Number, too.

    Shorter ones are left out: a patient's number may well be 512, and so may Rows.
    """
    digits = (text.strip() for text in people)
    numbers = (int(text) for text in digits if text.isascii() and text.isdecimal())
    return frozenset(number for number in numbers if number >= _LEAST_NUMBER)


def _creator(dataset: Json, tag: str) -> str:
    """Private creator of an element's block, PS3.5 7.8.1; the block 00 has none."""
    block = tag[4:6]
    text = first_text(dataset, f"{tag[:4]}00{block}") if block >= "10" else ""
    return text.strip(" \0")


def _reserved(dataset: Json, tag: str) -> Json:
    """What reserves the block of a private element; the list has its creator."""
    if tag[3] not in ODD:
        return {}
    block = f"{tag[:4]}00{tag[4:6]}"
    return {block: dataset[block]}


@lru_cache(1 << 16)
def _why(tag: str) -> tuple[str, str]:
    """Why an element has no column, and its keyword where it has one."""
    if tag[3] in ODD:
        return PRIVATE, ""
    keyword = words_of(tag)
    return (NOT_LISTED, keyword) if keyword else (UNKNOWN, "")


def _values(element: Json, rule: NestedRule) -> Sequence[Any] | None:
    """Values of an element; a private one's bytes are read as its rule says."""
    values = element.get("Value")
    if values is None and rule.vr and "InlineBinary" in element:
        return _unpacked(base64.b64decode(element["InlineBinary"]), rule.vr)
    return values if element["vr"] != "SQ" else None


def _unpacked(data: bytes, vr: str) -> list[float] | None:
    """Read numbers of a VR that the file does not tell; nothing where they are none."""
    try:
        if vr in _BINARY:
            return [number for (number,) in struct.iter_unpack(_BINARY[vr], data)]
        return [float(text) for text in data.decode("ascii").rstrip("\0").split("\\")]
    except (ValueError, struct.error):
        return None
