"""Why an object is set aside: closed lists of words, never a value of a file."""

from enum import StrEnum


class QuarantineReason(StrEnum):
    """Why a file cannot become a row. The file is kept and can be replayed."""

    EMPTY = "empty"
    """The object has no bytes."""

    NOT_DICOM = "not_dicom"
    """Neither a preamble (PS3.10 7.1) nor a plausible first element."""

    TRUNCATED = "truncated"
    """The object ends inside its header."""

    UNREADABLE = "unreadable"
    """It looks like DICOM, but its elements do not follow one another."""

    BAD_DEFLATE = "bad_deflate"
    """Deflated transfer syntax (PS3.5 A.5) whose stream does not inflate."""

    NESTED_TOO_DEEP = "nested_too_deep"
    """Sequences inside sequences beyond the stated limit."""

    HEADER_TOO_LARGE = "header_too_large"
    """The header does not end within the largest range that is fetched."""

    MISSING_SOP_INSTANCE_UID = "missing_sop_instance_uid"
    """(0008,0018) is absent or empty; type 1 in PS3.3 C.12.1."""

    MISSING_STUDY_INSTANCE_UID = "missing_study_instance_uid"
    """(0020,000D) is absent or empty; type 1 in PS3.3 C.7.2.1."""

    MISSING_SERIES_INSTANCE_UID = "missing_series_instance_uid"
    """(0020,000E) is absent or empty; type 1 in PS3.3 C.7.3.1."""

    CRASH = "crash"
    """The worker that read it ended without an answer; told by the caller."""

    TIMEOUT = "timeout"
    """The worker that read it took too long; told by the caller."""

    INVALID_UID = "invalid_uid"
    """An identifying UID is more than one, or no key can be spelled with it."""

    CONFLICTING_SERIES = "conflicting_series"
    """Its SOP Instance UID is known in another series or study; told by the door."""

    CONFLICTING_PATIENT = "conflicting_patient"
    """Its SOP Instance UID is known in the same series of another patient; likewise."""


class IgnoredReason(StrEnum):
    """Why a file is no instance and is passed over, as it should be."""

    DICOMDIR = "dicomdir"
    """Media Storage Directory (PS3.3 F): an index of other files."""

    FOLDER_MARKER = "folder_marker"
    """An object of no bytes whose key ends in a slash; told by the caller."""

    VANISHED = "vanished"
    """Deleted between the listing and the reading; told by the caller."""

    SUPERSEDED = "superseded"
    """Replaced since it was listed; the newer file arrives by itself; likewise."""

    SYSTEM_FILE = "system_file"
    """Left by an operating system (.DS_Store, Thumbs.db); told by the caller."""

    ERASED = "erased"
    """Of a patient who was erased (docs/erasure.md); told by the caller."""
