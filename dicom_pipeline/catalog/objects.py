"""Columns of the two ledgers: what was seen, and what became of it.

Both grow by columns: one that a file was written without reads as null.
"""

from dicom_pipeline.catalog.table import INSTANT, INTEGER, TEXT, Table, own

NEWEST = ("modified_at", "fingerprint", "batch_id", "month")
"""The newest version of an instance is the last in this order, nulls first.

The one rule of which version feeds the tables. S3 tells times in whole seconds, so
ties are common; a fingerprint breaks them, and equal fingerprints are equal bytes.
"""

_SEEN = (
    own("arrival_id", TEXT, "Keyed hash of source, key and fingerprint."),
    own("source", TEXT, "Bucket it was found in: provider or raw."),
    own("source_key", TEXT, "Key as the provider spelled it; may name a person."),
    own("fingerprint", TEXT, "The store's checksum or ETag of the file, hex."),
    own("bytes", INTEGER, "Size of the file, bytes."),
    own("modified_at", INSTANT, "When the store received the file."),
)
_ATTEMPT = own("attempt", INTEGER, "1, and one more with each replay; null is 1.")
_BATCH = own("batch_id", TEXT, "The batch it was handed out in.")

ARRIVALS = Table(
    name="arrivals",
    grain="One version of one file that a listing has shown, and each replay of it.",
    source="S3 ListObjectsV2",
    key=("arrival_id", "batch_id"),
    columns=(
        *_SEEN,
        _ATTEMPT,
        own("held_key", TEXT, "Replay: where the file waits in the raw bucket."),
        own("held_fingerprint", TEXT, "Replay: the store's ETag of the waiting copy."),
        own("accepts", TEXT, "Replay: a conflict that an operator has overruled."),
        _BATCH,
    ),
)

OBJECTS = Table(
    name="objects",
    grain="One arrival and what became of it, per attempt; written last.",
    source="the ledger",
    key=("arrival_id", "batch_id"),
    columns=(
        *_SEEN,
        _ATTEMPT,
        own("outcome", TEXT, "loaded, identical, new_version, quarantined, ignored."),
        own("reason", TEXT, "Typed reason of a quarantined or ignored file."),
        own("raw_key", TEXT, "Where the file lies in the raw bucket."),
        own("month", TEXT, "Partition: YYYY-MM, or unknown."),
        own("month_source", TEXT, "Keyword of the date that the month came from."),
        own("sop_instance_uid", TEXT, "SOP Instance UID, where it could be read."),
        own("study_instance_uid", TEXT, "Study Instance UID, where it could be read."),
        own("series_instance_uid", TEXT, "Series Instance UID, likewise."),
        own("patient_identity", TEXT, "Whom it shows: issuer and Patient ID."),
        own("header_bytes", INTEGER, "Bytes before the pixel data."),
        own("requests", INTEGER, "Ranged reads that the header took."),
        own("reader_version", TEXT, "Version of the header reader."),
        _BATCH,
    ),
)
