"""Names of a patient that another of his files bears, where they are imaging words."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from dicom_pipeline.catalog.patients import PATIENTS
from dicom_pipeline.deid.terms import imaging_terms
from dicom_pipeline.resources.ledger import Ledger
from dicom_pipeline.resources.tables import RawTables

NAMED: Final = (
    "patient_id",
    "patient_name",
    "other_patient_ids",
    "other_patient_names",
    "patient_birth_name",
    "patient_mother_birth_name",
    "responsible_person",
    "name_to_use",
)
"""Columns whose words the tables keep out of descriptions."""


def named_terms(tables: RawTables, ledger: Ledger) -> Mapping[str, tuple[str, ...]]:
    """Return words of names and ids that a description could repeat, by identity.

    Only those that are words of the lexicon: the others never pass. So few patients
    have any, and an archive of a million takes little room.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for month in ledger.batches_by_month():
        for batch in sorted(tables.batches(PATIENTS, month)):
            rows = tables.read(PATIENTS, month, batch)
            identities = rows["patient_identity"].to_pylist()
            for column in NAMED:
                texts = rows[column].to_pylist()
                for identity, text in zip(identities, texts, strict=True):
                    if text and (terms := imaging_terms(text)):
                        found[identity].add(terms)
    return {identity: tuple(sorted(terms)) for identity, terms in found.items()}
