"""Reads the recipe of pydicom/deid into ``device_boxes.csv``; nothing else runs it.

pip download deid==0.4.13 --no-deps
python -m dicom_pipeline.dicom.device_boxes_recipe deid-0.4.13-py3-none-any.whl
"""

import csv
import hashlib
import io
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from zipfile import ZipFile

from pydicom.datadict import tag_for_keyword

from dicom_pipeline.dicom.device_boxes import COLUMNS, TABLE, TERMS

_RECIPE = "deid/data/deid.dicom"
_FILE_META = 0x0002
_ALTERNATIVE = re.compile(r"\s*\|\|\s*")


@dataclass
class _Rule:
    """One label of the recipe, as it stands there."""

    number: int
    label: str
    groups: list[list[str]] = field(default_factory=list)
    boxes: list[tuple[int, ...]] = field(default_factory=list)

    def is_usable(self) -> bool:
        """Whether it has boxes, and asks for what the top of a header can say."""
        terms = [term for group in self.groups for term in group]
        return bool(self.boxes) and all(map(_is_usable, terms))

    def rows(self) -> Iterator[dict[str, object]]:
        """One row per box and alternative."""
        ways = list(product(*self.groups))
        for position, way in enumerate(ways):
            letter = chr(ord("a") + position) if len(ways) > 1 else ""
            for x, y, width, height in self.boxes:
                values = (f"deid-{self.number:03}{letter}", self.label, "; ".join(way))
                yield dict(zip(COLUMNS, (*values, x, y, width, height), strict=True))


def main(wheel: Path) -> None:
    """Write the table beside this module, with where it comes from at its head."""
    with ZipFile(wheel) as opened:
        recipe = opened.read(_RECIPE)
    rules = list(_rules(recipe.decode("utf-8").splitlines()))
    boxed = [rule for rule in rules if rule.boxes]
    usable = [rule for rule in boxed if rule.is_usable()]
    head = (
        f"# From {wheel.name}, {_RECIPE}, SHA-256 {hashlib.sha256(recipe).hexdigest()}",
        "# Copyright (c) 2016-2022 Vanessa Sochat, MIT: see device_boxes.LICENSE",
        f"# {len(rules)} labels, {len(boxed)} with boxes, {len(usable)} of them usable",
    )
    body = io.StringIO()
    writer = csv.DictWriter(body, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(row for rule in usable for row in rule.rows())
    text = "\n".join((*head, body.getvalue()))
    Path(__file__).with_name(TABLE).write_text(text, "utf-8")


def _rules(lines: Iterable[str]) -> Iterator[_Rule]:
    number, rule = 0, None
    for line in map(str.strip, lines):
        if line.startswith(("LABEL", "%")):
            if rule is not None:
                yield rule
            rule = None
        if line.startswith("LABEL"):
            number += 1
            label = line.removeprefix("LABEL").split("#")[0].strip()
            rule = _Rule(number, label)
        elif line and rule is not None:
            _take(rule, line)


def _take(rule: _Rule, line: str) -> None:
    """Read a line of a rule: a box, or a condition with its alternatives."""
    word, _, rest = line.partition(" ")
    if word.endswith("coordinates"):
        first, second, third, fourth = map(int, rest.split(","))
        # CTP gives a size, the recipe's own form the far corner.
        size = (
            (third, fourth)
            if word.startswith("ctp")
            else (third - first, fourth - second)
        )
        rule.boxes.append((first, second, *size))
    else:
        terms = _ALTERNATIVE.split(line.removeprefix("+").strip("| "))
        rule.groups.append([_keyword_first(term) for term in terms])


def _keyword_first(term: str) -> str:
    verb, keyword, *value = term.split(" ", 2)
    return " ".join((keyword, verb.lower(), *value))


def _is_usable(term: str) -> bool:
    found = TERMS.fullmatch(term)
    tag = tag_for_keyword(found["keyword"]) if found else None
    return tag is not None and tag >> 16 > _FILE_META


if __name__ == "__main__":
    main(Path(sys.argv[1]))
