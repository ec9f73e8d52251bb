"""Headers change over the years: new elements, other VRs, more values than allowed."""

from collections.abc import Iterable

import dagster as dg

from dicom_pipeline.dicom.nested.news import News, words_of_path
from dicom_pipeline.resources.header_schemas import HeaderSchemas
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.tables import RawTables

_SHOWN = 50


@dg.asset_check(
    asset=["raw", "headers"],
    description="No element, VR or multiplicity that no earlier batch has had.",
)
def headers_are_as_before(
    ledger: dg.ResourceParam[Ledger], raw_tables: dg.ResourceParam[RawTables]
) -> dg.AssetCheckResult:
    """Make the schemas that are missing and compare the new with the known.

    The first batches of an installation have nothing to be compared with and pass.
    """
    schemas = HeaderSchemas(raw_tables, ledger)
    schemas.complete()
    drift = schemas.compare()
    return dg.AssetCheckResult(
        passed=drift.is_first or not drift.news.any,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "batches_compared": drift.batches,
            "headers_compared": drift.headers,
            "nothing_to_compare_with": drift.is_first,
            "new_elements": len(drift.news.paths),
            "new_vrs": len(drift.news.vrs),
            "more_values_than_allowed": len(drift.news.vms),
            **({} if drift.is_first else _words(drift.news)),
        },
    )


def _words(news: News) -> dict[str, int | list[str]]:
    """Say which; a creator that no dictionary has could be anything, and is counted."""
    vrs = [(words_of_path(path), vr) for path, vr in news.vrs]
    places = {*news.paths, *news.vms, *(path for path, _ in news.vrs)}
    return {
        "elements": _known(news.paths),
        "vrs": [f"{words} {vr}" for words, vr in vrs if words][:_SHOWN],
        "values": _known(news.vms),
        "by_unknown_creators": sum(words_of_path(path) is None for path in places),
    }


def _known(paths: Iterable[str]) -> list[str]:
    """Words of the first few, standard elements before those of a vendor."""
    words = (words_of_path(path) for path in sorted(paths, key=lambda p: "(" in p))
    return [each for each in words if each][:_SHOWN]
