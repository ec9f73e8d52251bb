"""Columns that tables share: links to the parents, and where a row comes from."""

from dicom_pipeline.catalog.table import (
    INSTANT,
    INTEGER,
    ISSUES,
    TEXT,
    Column,
    own,
)

PATIENT_LINK = (
    own("provider", TEXT, "Name of the provider, the namespace of its patient ids."),
    own(
        "patient_identity",
        TEXT,
        "Issuer and normalised Patient ID; the study where the id is blank or a dummy.",
    ),
)
STUDY_LINK = (Column("study_instance_uid", "StudyInstanceUID", TEXT),)
SERIES_LINK = (Column("series_instance_uid", "SeriesInstanceUID", TEXT),)
DEVICE_LINK = (
    own("device_identity", TEXT, "Manufacturer, model and serial number, as one text."),
)
VERSION = (
    own("fingerprint", TEXT, "The store's checksum or ETag of the whole file, hex."),
    own("modified_at", INSTANT, "When the provider's store received the file."),
    own("batch_id", TEXT, "The batch of arrivals that the row was made from."),
    own("value_issues", ISSUES, "Values that do not fit their column, as sent."),
)
DESCRIBED_BY = (
    own("described_by_sop_instance_uid", TEXT, "The instance that the row quotes."),
    *VERSION,
)
OBJECT = (
    own("raw_key", TEXT, "Key of the file in the raw bucket."),
    own("bytes", INTEGER, "Size of the file, bytes."),
    own("header_bytes", INTEGER, "Bytes before the pixel data."),
    own("month_source", TEXT, "Keyword of the date that the month was taken from."),
    own("private_element_count", INTEGER, "Private elements at top level."),
)
