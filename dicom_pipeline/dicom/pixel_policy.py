"""May the pixels of an instance be seen? Decided from its header, before any image.

Not here: what the pixels themselves show (``burned_in``), and what people say who have
looked. Until one of them speaks, a header that says nothing is not believed.
"""

from collections.abc import Callable

from dicom_pipeline.dicom import sop_classes as sop
from dicom_pipeline.dicom.device_boxes import device_boxes
from dicom_pipeline.dicom.outcome import Json, first_text
from dicom_pipeline.dicom.pixel_decision import Decision, PixelDecision, PixelReason
from dicom_pipeline.dicom.ultrasound import Box, number, regions, values

__all__ = [
    "POLICY_VERSION",
    "Box",
    "Decision",
    "PixelDecision",
    "PixelReason",
    "decide",
]


POLICY_VERSION = "2"
"""Changes whenever the same header may get another decision; voids every release."""


Rule = Callable[[Json], PixelDecision | None]


def decide(dataset: Json, transfer_syntax_uid: str | None = None) -> PixelDecision:
    """Apply the rules in their order; the first that has an opinion decides.

    Args:
        dataset: Header in the DICOM JSON Model.
        transfer_syntax_uid: (0002,0010) of the file meta; video is known by it.

    Returns:
        The decision. Whatever no rule knows is set aside, not shown.
    """
    if transfer_syntax_uid in sop.VIDEO_SYNTAXES:
        return _reject(PixelReason.VIDEO)
    for rule in _RULES:
        decision = rule(dataset)
        if decision is not None:
            return decision
    return _set_aside(PixelReason.UNKNOWN_CLASS)


def _reject(reason: PixelReason) -> PixelDecision:
    return PixelDecision(Decision.REJECT, reason)


def _set_aside(reason: PixelReason) -> PixelDecision:
    return PixelDecision(Decision.QUARANTINE, reason)


def _masked_or_aside(dataset: Json, reason: PixelReason) -> PixelDecision:
    """Mask what is known of the device; without that, set aside.

    Of ultrasound, nothing outside of its regions is shown, whatever the device.
    """
    known = device_boxes(dataset)
    if known is None:
        return _set_aside(reason)
    is_ultrasound = _sop_class(dataset) in sop.ULTRASOUND
    return PixelDecision(
        Decision.MASK,
        PixelReason.DEVICE_BOXES,
        keep=regions(dataset) if is_ultrasound else (),
        masks=known.boxes,
        rule=known.rules,
    )


def _sop_class(dataset: Json) -> str:
    return first_text(dataset, "00080016")


def _words(dataset: Json, tag: str) -> frozenset[str]:
    return frozenset(str(value).strip().upper() for value in values(dataset, tag))


def _nothing_to_render(dataset: Json) -> PixelDecision | None:
    sop_class = _sop_class(dataset)
    if sop.is_no_image(sop_class):
        return _reject(PixelReason.NO_IMAGE_CLASS)
    if sop_class in sop.VIDEO:
        return _reject(PixelReason.VIDEO)
    # PS3.3 C.7.6.3: Rows and Columns are type 1 in the Image Pixel Module.
    sized = first_text(dataset, "00280010") and first_text(dataset, "00280011")
    return None if sized else _reject(PixelReason.NO_PIXELS)


_KNOWN = sop.ULTRASOUND | sop.PROJECTION | sop.CROSS_SECTIONAL | sop.DERIVED_NUMBERS


def _by_class(dataset: Json) -> PixelDecision | None:
    sop_class = _sop_class(dataset)
    if sop_class in sop.SECONDARY_CAPTURE:  # PS3.3 A.8
        return _set_aside(PixelReason.SECONDARY_CAPTURE)
    if sop_class in sop.VISIBLE_LIGHT:  # PS3.3 A.32
        return _set_aside(PixelReason.VISIBLE_LIGHT)
    return None if sop_class in _KNOWN else _set_aside(PixelReason.UNKNOWN_CLASS)


_SCREENS = ("SCREEN", "SAVE", "REPORT", "DOSE")
_REPORTS = ("DOSE REPORT", "PATIENT PROTOCOL", "SUMMARY", "DOSE INFO", "DOSE RECORD")
_CAPTURE_TAGS = tuple(f"0018{element:04X}" for element in range(0x1010, 0x101C))


def _looks_captured(dataset: Json) -> PixelDecision | None:
    kinds = _words(dataset, "00080008")
    # PS3.3 C.7.6.1.1.2: value 2 SECONDARY is made after the examination; value 3 says
    # how, in words of the vendor.
    drawn = any(word in kind for kind in kinds for word in _SCREENS)
    if "SECONDARY" in kinds and drawn:
        return _masked_or_aside(dataset, PixelReason.SCREEN)
    # PS3.3 C.8.6.1: Conversion Type and the devices that captured or printed.
    if first_text(dataset, "00080064") or any(tag in dataset for tag in _CAPTURE_TAGS):
        return _masked_or_aside(dataset, PixelReason.CAPTURED)
    description = first_text(dataset, "0008103E").upper()
    if any(words in description for words in _REPORTS):
        return _masked_or_aside(dataset, PixelReason.REPORT_SERIES)
    if first_text(dataset, "00080060").upper() in {"OT", "DOC"}:
        return _masked_or_aside(dataset, PixelReason.DOCUMENT_MODALITY)
    return None


def _says_burned_in(dataset: Json) -> PixelDecision | None:
    # PS3.3 C.7.6.1 (0028,0301): YES is always believed.
    flagged = "YES" in _words(dataset, "00280301")
    return _masked_or_aside(dataset, PixelReason.BURNED_IN) if flagged else None


def _ultrasound(dataset: Json) -> PixelDecision | None:
    if _sop_class(dataset) not in sop.ULTRASOUND:
        return None
    keep = regions(dataset)
    if not keep:
        return _set_aside(PixelReason.ULTRASOUND_WITHOUT_REGIONS)
    return PixelDecision(Decision.MASK, PixelReason.ULTRASOUND_REGIONS, keep)


def _projection(dataset: Json) -> PixelDecision | None:
    if _sop_class(dataset) not in sop.PROJECTION:
        return None
    # PS3.3 C.7.6.1 (0028,0301). Text recognition confirms the NO where it is on; where
    # it is off, the reason says so.
    if "NO" in _words(dataset, "00280301"):
        return PixelDecision(Decision.PASS, PixelReason.FLAG_BELIEVED)
    return _set_aside(PixelReason.PROJECTION_UNFLAGGED)


def _cross_sectional(dataset: Json) -> PixelDecision | None:
    if _sop_class(dataset) not in sop.CROSS_SECTIONAL:
        return None
    # PS3.3 C.8.2.1.1.2, C.8.3.1.1.2: slices are MONOCHROME1 or MONOCHROME2.
    if number(dataset, "00280002") > 1:
        return _set_aside(PixelReason.COLOUR_SLICES)
    # PS3.3 C.7.6.1.1.2: value 1 says ORIGINAL pixels, value 2 PRIMARY, of the
    # examination itself.
    kinds = [str(kind).strip().upper() for kind in values(dataset, "00080008")]
    if kinds[:2] == ["ORIGINAL", "PRIMARY"] and "LOCALIZER" not in kinds:
        return PixelDecision(Decision.PASS, PixelReason.ORIGINAL_SLICES)
    return _set_aside(PixelReason.NOT_ORIGINAL)


def _derived_numbers(dataset: Json) -> PixelDecision | None:
    if _sop_class(dataset) not in sop.DERIVED_NUMBERS or _says_burned_in(dataset):
        return None
    # PS3.3 A.51, A.75, A.18: voxels are classes, measures or dose, whatever Modality
    # says (parametric maps of 2026-11's corpus say OT).
    return PixelDecision(Decision.PASS, PixelReason.NUMBER_PER_VOXEL)


_RULES: tuple[Rule, ...] = (
    _nothing_to_render,
    _by_class,
    _derived_numbers,
    _looks_captured,
    _says_burned_in,
    _ultrasound,
    _projection,
    _cross_sectional,
)
