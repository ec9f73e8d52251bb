"""Columns of ``header_schemas``: which elements the headers of one batch have."""

from dicom_pipeline.catalog.table import INTEGER, TEXT, Table, own

HEADER_SCHEMAS = Table(
    name="header_schemas",
    grain="One element at one place of the headers of one batch, with one VR.",
    source="PS3.5 6.2 Value Representation, 6.4 Value Multiplicity, 7.8 Private",
    key=("path", "vr", "batch_id"),
    columns=(
        own(
            "path", TEXT, "Elements from the outermost, '/' between; '' is the header."
        ),
        own("vr", TEXT, "Value Representation as read; '' for the header itself."),
        own("vm_max", INTEGER, "Most values in one element; of a sequence, items."),
        own("elements", INTEGER, "Times the element was there, empty or not."),
        own("filled", INTEGER, "Times it had a value."),
        own("value_count", INTEGER, "Values in all; of a sequence, items."),
        own("batch_id", TEXT, "The batch of arrivals whose headers these are."),
    ),
)
