"""The rules that are in force are those that were released together."""

from pathlib import Path

from dicom_pipeline.deid.rules import RuleError
from dicom_pipeline.publish.dbt_sources import generated_files

_SEEDS = ("anonymization_mapping", "code_lists")
_ACCEPT = "python -m dicom_pipeline.publish.dbt_sources"


class RulesRefusedError(RuntimeError):
    """The rules must not run; says what to do, and quotes no rule."""


def hold_rules(project: Path) -> None:
    """Stop where the mapping, the code lists and the catalogue do not fit together.

    The build would stop by itself, later: dbt holds each table against the same hashes.

    Raises:
        RulesRefusedError: A seed is empty, a rule is wrong or missing, or something was
            changed and never accepted.
    """
    for seed in _SEEDS:
        lines = (project / "seeds" / f"{seed}.csv").read_text("utf-8").splitlines()
        if not any(lines[1:]):
            raise RulesRefusedError(
                f"deid: {seed}.csv has no rows: put the released file back"
            )
    try:
        wanted = generated_files(project)
    except RuleError as error:
        raise RulesRefusedError(
            f"{error}: say in anonymization_mapping.csv what happens to the column,"
            f" then run {_ACCEPT}"
        ) from None
    stale = [path.name for path, text in wanted.items() if _said(path) != text]
    if stale:
        raise RulesRefusedError(
            "deid: the mapping, the code lists or the catalogue was changed"
            f" ({', '.join(sorted(stale))} does not follow from them): after a wanted"
            f" change run {_ACCEPT}, otherwise put the released files back"
        )


def _said(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""
