"""No image is forgotten: each has its frames, or the reason why it has none."""

import dagster as dg

from dicom_pipeline.resources.jpegs import Jpegs


@dg.asset_check(
    asset=["stage", "compressed_images"],
    description="Every stored object has rows in the JPEG table, newest versions only.",
)
def every_image_has_frames_or_a_reason(
    jpegs: dg.ResourceParam[Jpegs],
) -> dg.AssetCheckResult:
    """Hold the ledger against the JPEG table, over all months."""
    owed, answered, without_reason = jpegs.answered()
    return dg.AssetCheckResult(
        passed=owed == answered and without_reason == 0,
        metadata={
            "objects": owed,
            "objects_answered": answered,
            "rows_without_jpeg_or_reason": without_reason,
        },
    )
