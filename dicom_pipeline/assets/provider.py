"""Provider layer: what others upload. Watched, never made here."""

import dagster as dg

PROVIDER_FILES = dg.AssetSpec(
    key=["provider", "files"],
    group_name="provider",
    description="Files as the provider's bucket holds them; read-only for us.",
    kinds={"s3", "dicom"},
)
