"""ZIP, TAR and compressed files: their members become items, nothing is extracted."""

from dicom_pipeline.sources.archive.kinds import HEAD_BYTES, kind_of
from dicom_pipeline.sources.archive.limits import LIMITS, Limits
from dicom_pipeline.sources.archive.members import members_of

__all__ = ["HEAD_BYTES", "LIMITS", "Limits", "kind_of", "members_of"]
