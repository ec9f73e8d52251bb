"""Writes docs/deidentification.md: the rules as they are, and what they are worth.

``python -m dicom_pipeline.publish.deid_docs`` rewrites it; a test finds it stale.
"""

from collections.abc import Sequence
from pathlib import Path

import jinja2

from dicom_pipeline.catalog import MAPPED
from dicom_pipeline.deid import profiles, ps315
from dicom_pipeline.deid.explain import (
    FUNCTIONS,
    IN_SAFE_HARBOR,
    METHODS,
    Explanation,
    explanations,
)
from dicom_pipeline.deid.needles import KINDS, LONGEST, RARE, SHORTEST, SHORTEST_NAME
from dicom_pipeline.deid.pseudonyms import SHIFT_STEPS, SHORTEST_SHIFT_DAYS
from dicom_pipeline.deid.rules import SHIFTS, rules_from, rules_sha256
from dicom_pipeline.deid.terms import lexicon

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "deidentification.md"
TEMPLATE = "deidentification.md"


def read_explanations(project: Path) -> tuple[tuple[Explanation, ...], str]:
    """What becomes of every column, and the hash of the mapping that says so."""
    mapping = project / "seeds" / "anonymization_mapping.csv"
    with mapping.open(encoding="utf-8", newline="") as lines:
        rules = rules_from(lines)
    return explanations(MAPPED, rules), rules_sha256(rules)


def render(project: Path) -> str:
    """Return the whole page."""
    rows, digest = read_explanations(project)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("dicom_pipeline.publish"),
        autoescape=False,  # noqa: S701  # Markdown, from our own files alone
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(TEMPLATE).render(
        rows=rows,
        tables=MAPPED,
        digest=digest,
        functions=FUNCTIONS,
        harbor=_harbor(),
        used=_used(rows),
        methods=METHODS,
        ps315=ps315,
        standard=len(ps315.table()),
        lexicon=len(lexicon()),
        shift=(SHORTEST_SHIFT_DAYS, SHORTEST_SHIFT_DAYS + 7 * (SHIFT_STEPS - 1)),
        steps=SHIFT_STEPS,
        kinds=[kind.value for kind in KINDS],
        limits=(SHORTEST, SHORTEST_NAME, LONGEST, round(1 / RARE)),
    )


def _harbor() -> dict[str, str]:
    replaced = {name: FUNCTIONS[other] for name, other in profiles.FUNCTIONS.items()}
    shifted = dict.fromkeys(SHIFTS, IN_SAFE_HARBOR["year_only"])
    own = {name: said for name, said in IN_SAFE_HARBOR.items() if name != "year_only"}
    return own | replaced | shifted


def _used(rows: Sequence[Explanation]) -> dict[str, int]:
    names = [row.function for row in rows]
    return {name: names.count(name) for name in FUNCTIONS}


if __name__ == "__main__":
    PAGE.write_text(render(ROOT / "dbt_project"), "utf-8")
