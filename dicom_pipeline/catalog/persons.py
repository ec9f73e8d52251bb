"""Columns of ``persons`` and ``person_history``: patients who are one person."""

from dicom_pipeline.catalog.table import INSTANT, TEXT, Table, own

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
    grain="One patient who became, or is no longer, the same person as another.",
    source="the grouping over Patient IDs",
    key=("patient_identity", "changed_at"),
    columns=(
        own("changed_at", INSTANT, "When the grouping saw it."),
        own("patient_identity", TEXT, "As in patients."),
        own("person_before", TEXT, "Identity that gave the person's key until then."),
        own("person_after", TEXT, "Identity that gives it since."),
        own("reason", TEXT, "Codes of what joined or parted."),
    ),
)
