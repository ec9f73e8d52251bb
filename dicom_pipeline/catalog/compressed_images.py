"""Columns of ``compressed_images``: one row per JPEG, or per object without one."""

from dicom_pipeline.catalog.table import FLOAT, INTEGER, TEXT, TEXTS, Table, own

COMPRESSED_IMAGES = Table(
    name="compressed_images",
    grain="One frame of one image, or the reason why an object has none.",
    source="the compressor; already pseudonymous, it lies in the stage bucket",
    key=("sop_instance_uid", "frame"),
    columns=(
        own("sop_instance_uid", TEXT, "Pseudonym of the SOP Instance UID."),
        own("frame", INTEGER, "Frame number from 1; null where there is no frame."),
        own("jpeg_key", TEXT, "Key in the stage bucket."),
        own("bytes", INTEGER, "Size of the JPEG, bytes."),
        own("sha256", TEXT, "SHA-256 of the JPEG."),
        own("width", INTEGER, "Pixels per row."),
        own("height", INTEGER, "Rows."),
        own("status", TEXT, "ok, skipped, withheld or error."),
        own("reason", TEXT, "Why there is no JPEG; typed, without values."),
        own("window_center", FLOAT, "Centre that was used, modality units."),
        own("window_width", FLOAT, "Width that was used, modality units."),
        own("transfer_syntax_uid", TEXT, "How the pixels were encoded."),
        own("warnings", TEXTS, "Codes of what the renderer noticed."),
        own("pixel_decision", TEXT, "pass, mask, quarantine or reject."),
        own("pixel_reason", TEXT, "Rule of the pixel policy that decided."),
        own("compressor_version", TEXT, "Version and options of the compressor."),
        own("render_id", TEXT, "Keyed hash of file, masks, options and version."),
        own("deid_profile", TEXT, "Privacy profile that named the JPEG."),
        own("deid_rules_sha256", TEXT, "SHA-256 of the rule that named it."),
        own("deid_key_version", INTEGER, "Version of the key that named it."),
        own("batch_token", TEXT, "Keyed hash of the partition."),
    ),
)
