"""What may be done with the pixels of an instance, and which rule says so: words."""

from dataclasses import dataclass
from enum import StrEnum

from dicom_pipeline.dicom.ultrasound import Box


class Decision(StrEnum):
    """What may be done with the pixels."""

    PASS = "pass"  # noqa: S105  not a password
    """Rendered whole."""

    MASK = "mask"
    """Rendered where ``keep`` says, black elsewhere."""

    QUARANTINE = "quarantine"
    """Not rendered until someone has looked."""

    REJECT = "reject"
    """Nothing to render."""


class PixelReason(StrEnum):
    """Which rule decided."""

    NO_IMAGE_CLASS = "no_image_class"
    """Document, presentation state, waveform, raw data, plan (PS3.4 B.5)."""

    VIDEO = "video"
    """Video SOP class or transfer syntax (PS3.5 A.4.5 to A.4.10)."""

    NO_PIXELS = "no_pixels"
    """Rows and Columns are absent: type 1 where there are pixels (PS3.3 C.7.6.3)."""

    SECONDARY_CAPTURE = "secondary_capture"
    """Secondary Capture SOP class (PS3.3 A.8)."""

    VISIBLE_LIGHT = "visible_light"
    """Photograph of a person or slide (PS3.3 A.32)."""

    UNKNOWN_CLASS = "unknown_class"
    """No rule for the SOP class."""

    SCREEN = "screen"
    """Image Type says saved screen, report or dose sheet (PS3.3 C.7.6.1.1.2)."""

    CAPTURED = "captured"
    """Secondary capture attributes are present (PS3.3 C.8.6.1)."""

    REPORT_SERIES = "report_series"
    """Series Description speaks of a report or protocol page (PS3.3 C.7.3.1)."""

    DOCUMENT_MODALITY = "document_modality"
    """Modality OT or DOC (PS3.3 C.7.3.1.1.1)."""

    BURNED_IN = "burned_in"
    """Burned In Annotation is YES (PS3.3 C.7.6.1)."""

    ULTRASOUND_REGIONS = "ultrasound_regions"
    """Only the regions of ultrasound data are kept (PS3.3 C.8.5.5)."""

    ULTRASOUND_WITHOUT_REGIONS = "ultrasound_without_regions"
    """No usable region, or one that hides nothing (PS3.3 C.8.5.5)."""

    FLAG_BELIEVED = "flag_believed_without_ocr"
    """Projection with Burned In Annotation NO; no text recognition has confirmed it."""

    PROJECTION_UNFLAGGED = "projection_unflagged"
    """Projection that does not say NO; text recognition would have to."""

    ORIGINAL_SLICES = "original_slices"
    """ORIGINAL PRIMARY CT, MR or PET, not a localizer (PS3.3 C.7.6.1.1.2)."""

    NOT_ORIGINAL = "not_original"
    """CT, MR or PET that is derived, a localizer, or has no Image Type."""

    COLOUR_SLICES = "colour_slices"
    """CT, MR or PET in colour: a drawing, not a measurement (PS3.3 C.8.2.1.1.2)."""

    NUMBER_PER_VOXEL = "number_per_voxel"
    """Segmentation, parametric map or dose (PS3.3 A.51, A.75, A.18)."""

    DEVICE_BOXES = "device_boxes"
    """Words are known to stand in boxes of this device; the rule's name follows."""

    NO_TEXT_SEEN = "no_text_seen"
    """Text recognition saw none, or markers, numbers and units alone."""

    OWN_TEXT_MASKED = "own_text_masked"
    """All other text that was recognised is of the file's own identifiers: masked."""

    TEXT_SEEN = "text_seen"
    """Text recognition saw words that nobody has allowed."""

    TEXT_UNREAD = "text_unread"
    """Text recognition did not come to an answer: too large, too long, or failed."""

    RELEASED = "released"
    """A person has looked, and let it go, perhaps with masks."""

    REFUSED = "refused"
    """A person has looked, and keeps it."""


@dataclass(frozen=True, slots=True)
class PixelDecision:
    """What may be done with the pixels of one instance, and why.

    Attributes:
        decision: One of four.
        reason: The kind of rule that decided.
        keep: Where the decision is MASK: what alone is kept.
        masks: What is painted black.
        rule: Which of many rules of that kind; empty where there is but one.
    """

    decision: Decision
    reason: PixelReason
    keep: tuple[Box, ...] = ()
    masks: tuple[Box, ...] = ()
    rule: str = ""

    @property
    def code(self) -> str:
        """Reason and rule as a table shows them; never a value."""
        return f"{self.reason}:{self.rule}" if self.rule else self.reason.value
