"""Columns of ``headers``: the whole header of each instance, read once."""

import pyarrow as pa

from dicom_pipeline.catalog.lineage import OBJECT
from dicom_pipeline.catalog.table import (
    BOOLEAN,
    DATE,
    INSTANT,
    INTEGER,
    TEXT,
    TEXTS,
    Column,
    Reading,
    Table,
    own,
)

BULK = pa.list_(
    pa.struct(
        [
            ("path", pa.string()),
            ("vr", pa.string()),
            ("length", pa.int64()),
            ("sha256", pa.string()),
        ]
    )
)
READ_ISSUES = pa.list_(
    pa.struct([("path", pa.string()), ("code", pa.string()), ("text", pa.string())])
)

HEADERS = Table(
    name="headers",
    grain="One SOP instance as one file holds it, the whole header beside its core.",
    source="PS3.18 Annex F DICOM JSON Model; PS3.10 7.1 File Meta Information",
    key=("sop_instance_uid", "fingerprint"),
    columns=(
        Column("sop_instance_uid", "SOPInstanceUID", TEXT),
        Column("series_instance_uid", "SeriesInstanceUID", TEXT),
        Column("study_instance_uid", "StudyInstanceUID", TEXT),
        Column("sop_class_uid", "SOPClassUID", TEXT),
        Column("transfer_syntax_uid", "TransferSyntaxUID", TEXT),
        Column("modality", "Modality", TEXT),
        Column("study_date", "StudyDate", DATE),
        Column("instance_number", "InstanceNumber", INTEGER),
        Column("rows", "Rows", INTEGER),
        Column("columns", "Columns", INTEGER),
        Column("number_of_frames", "NumberOfFrames", INTEGER),
        Column("has_pixel_data", "PixelData", BOOLEAN, Reading.PRESENCE),
        own("header", TEXT, "Data set without bulk, DICOM JSON Model (PS3.18 F)."),
        own("file_meta", TEXT, "File Meta Information, DICOM JSON Model."),
        own("private_creators", TEXTS, "Private creators at top level, PS3.5 7.8.1."),
        own("element_count", INTEGER, "Elements at every depth."),
        own("bulk", BULK, "Values left out of the header for their size."),
        own("issues", READ_ISSUES, "Elements that could not be read, as sent."),
        own("provider", TEXT, "Name of the provider."),
        *OBJECT,
        own("fingerprint", TEXT, "The store's checksum or ETag of the file, hex."),
        own("modified_at", INSTANT, "When the provider's store received the file."),
        own("reader_version", TEXT, "Version of the header reader."),
        own("batch_id", TEXT, "The batch of arrivals that the row belongs to."),
    ),
)
