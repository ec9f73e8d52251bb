"""Columns of the two ledgers: what was seen, and what became of it."""

from dicom_pipeline.catalog.table import INSTANT, INTEGER, TEXT, Table, own

_SEEN = (
    own("arrival_id", TEXT, "Keyed hash of source, key and fingerprint."),
    own("source", TEXT, "Bucket it was found in: provider or raw."),
    own("source_key", TEXT, "Key as the provider spelled it; may name a person."),
    own("fingerprint", TEXT, "The store's checksum or ETag of the file, hex."),
    own("bytes", INTEGER, "Size of the file, bytes."),
    own("modified_at", INSTANT, "When the store received the file."),
)

ARRIVALS = Table(
    name="arrivals",
    grain="One version of one file that a listing has shown.",
    source="S3 ListObjectsV2",
    key=("arrival_id",),
    columns=(*_SEEN, own("batch_id", TEXT, "The batch it was handed out in.")),
)

OBJECTS = Table(
    name="objects",
    grain="One arrival and what became of it; written last.",
    source="the ledger",
    key=("arrival_id",),
    columns=(
        *_SEEN,
        own("outcome", TEXT, "loaded, identical, new_version, quarantined, ignored."),
        own("reason", TEXT, "Typed reason of a quarantined or ignored file."),
        own("raw_key", TEXT, "Where the file lies in the raw bucket."),
        own("month", TEXT, "Partition: YYYY-MM, or unknown."),
        own("month_source", TEXT, "Keyword of the date that the month came from."),
        own("sop_instance_uid", TEXT, "SOP Instance UID, where it could be read."),
        own("header_bytes", INTEGER, "Bytes before the pixel data."),
        own("requests", INTEGER, "Ranged reads that the header took."),
        own("reader_version", TEXT, "Version of the header reader."),
        own("batch_id", TEXT, "The batch it was handed out in."),
    ),
)
