"""Columns of ``persons`` and ``person_history``: patients who are one person."""

from dicom_pipeline.catalog.table import INSTANT, INTEGER, TEXT, Table, own

PERSONS = Table(
    name="persons",
    grain="One patient who is the same person as another; others are not listed.",
    source="the grouping over Patient IDs, PS3.3 C.7.1.1",
    key=("patient_identity",),
    columns=(
        own("patient_identity", TEXT, "As in patients."),
        own(
            "person_identity",
            TEXT,
            "The member of the group whose files came first, himself among them.",
        ),
        own("evidence", TEXT, "Codes of what joins the patient to the others."),
    ),
)

PERSON_HISTORY = Table(
    name="person_history",
    grain="One patient whose person key changed, once for each change.",
    source="the grouping over Patient IDs",
    key=("patient_key", "changed_at"),
    columns=(
        own("changed_at", INSTANT, "When the grouping saw it."),
        own("patient_key", TEXT, "Keyed surrogate of the patient."),
        own("person_key_before", TEXT, "Key of the person until then."),
        own("person_key", TEXT, "Key of the person since."),
        own("reason", TEXT, "Code of what joined or parted."),
        own("deid_key_version", INTEGER, "Version of the key that made the keys."),
    ),
)
