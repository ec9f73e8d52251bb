"""Columns of what people and text recognition say of pixels: raw zone only."""

import pyarrow as pa

from dicom_pipeline.catalog.table import INSTANT, INTEGER, TEXT, Table, own

BOXES = pa.list_(pa.list_(pa.int64(), 4))
"""Rectangles: x, y, width, height; pixels of a frame."""

PIXEL_REVIEWS = Table(
    name="pixel_reviews",
    grain="One verdict of one person on the pixels of one version of an instance.",
    source="the command review; append only",
    key=("sop_instance_uid", "number"),
    columns=(
        own("sop_instance_uid", TEXT, "Which instance."),
        own("fingerprint", TEXT, "Which version of it was looked at."),
        own("month", TEXT, "Partition of that version."),
        own("number", INTEGER, "1, and one more with each verdict on the instance."),
        own("verdict", TEXT, "released or refused."),
        own("masks", BOXES, "What is painted black in a released image."),
        own("why", TEXT, "Typed reason."),
        own("note", TEXT, "In the reviewer's words; may name a person."),
        own("reviewer", TEXT, "Who has looked, as they call themselves."),
        own("withheld_for", TEXT, "What the policy had said."),
        own("policy_version", TEXT, "Of the pixel policy at that time."),
        own("reviewed_at", INSTANT, "When."),
        own("batch_id", TEXT, "Digest of the verdict, its number included."),
    ),
)

PIXEL_TEXTS = Table(
    name="pixel_texts",
    grain="What text recognition made of one version of an instance; no text.",
    source="text recognition; append only",
    key=("sop_instance_uid", "fingerprint", "text_reader"),
    columns=(
        own("sop_instance_uid", TEXT, "Which instance."),
        own("fingerprint", TEXT, "Which version of it was read."),
        own("text_reader", TEXT, "Version of the reader and of its rules."),
        own("outcome", TEXT, "none, own, other or unread."),
        own("boxes", BOXES, "Where lines stand that are not harmless."),
        own("batch_id", TEXT, "Digest of what was read together."),
    ),
)

PIXEL_TABLES = (PIXEL_REVIEWS, PIXEL_TEXTS)
"""What is kept of images by SOP Instance UID; an erasure takes them along."""
