"""The recipes of the tables, read from the dbt project."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from dicom_pipeline.catalog import IMAGES, MAPPED
from dicom_pipeline.catalog.compressed_images import COMPRESSED_IMAGES
from dicom_pipeline.deid.recipes import (
    Cause,
    Recipe,
    Recipes,
    digest_of,
    lexica_digest,
    recipe_digest,
    rules_digest,
    rules_of,
    table_sha256,
)
from dicom_pipeline.deid.rules import Rule, rules_from
from dicom_pipeline.resources.dbt_files import DbtFiles
from dicom_pipeline.resources.projection import columns_digest


def stage_recipes(project: Path) -> Recipes:
    """Return what shapes each stage and processed table, as far as the project says.

    Versions and settings are added by whoever knows them (``Recipes.also``).
    """
    files = DbtFiles(project)
    rules = rules_from(_lines(project, "anonymization_mapping"))
    codes = list(csv.DictReader(_lines(project, "code_lists")))
    own: dict[str, Recipe] = {}
    for table in (*MAPPED, COMPRESSED_IMAGES):
        mine = rules_of(table.name, rules)
        own[f"stg_{table.name}"] = {
            Cause.COLUMNS: columns_digest([table]),
            Cause.RULES: rules_digest(mine),
            Cause.LEXICA: lexica_digest(mine, codes),
            Cause.MODELS: files.digest(f"stg_{table.name}", _functions(mine)),
        }
    parents = {model: files.parents(model) for model in own}
    stage = {model: _with_parents(model, own, parents) for model in own}
    processed = files.names("processed")
    return Recipes(
        stage=stage,
        processed={name: {Cause.MODELS: files.digest(name)} for name in processed},
        parents=parents | {name: files.parents(name) for name in processed},
    )


def jpeg_rules_sha256(project: Path) -> str:
    """SHA-256 that every row of the JPEG table bears: of the rule that names it."""
    rules = rules_from(_lines(project, "anonymization_mapping"))
    named = [r for r in rules_of("images", rules) if r.column_name == IMAGES.key[0]]
    return table_sha256(named, [])


def _with_parents(
    model: str, own: Mapping[str, Recipe], parents: Mapping[str, Sequence[str]]
) -> Recipe:
    """A recipe that follows those of the stage tables that the model reads."""
    read = [recipe_digest(_with_parents(p, own, parents)) for p in parents[model]]
    return {**own[model], Cause.STAGE: digest_of(*read)} if read else own[model]


def _functions(rules: list[Rule]) -> set[str]:
    return {rule.target_function for rule in rules}


def _lines(project: Path, seed: str) -> list[str]:
    return (project / "seeds" / f"{seed}.csv").read_text("utf-8").splitlines()
