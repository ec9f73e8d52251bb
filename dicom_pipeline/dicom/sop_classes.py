"""Kinds of SOP classes by what their pixels may show (PS3.4 B.5, PS3.6 A)."""

_ROOT = "1.2.840.10008.5.1.4.1.1."


def _storage(*endings: str) -> frozenset[str]:
    return frozenset(_ROOT + ending for ending in endings)


SECONDARY_CAPTURE = _storage("7", "7.1", "7.2", "7.3", "7.4")
"""PS3.3 A.8: what a screen showed, words and all."""

VISIBLE_LIGHT = _storage(
    "77.1", "77.2", "77.1.1", "77.1.2", "77.1.3", "77.1.4", "77.1.5.1", "77.1.5.2",
    "77.1.5.4", "77.1.5.5", "77.1.5.6", "77.1.5.7", "77.1.6", "77.1.7", "77.1.8",
    "77.1.9",
)  # fmt: skip
"""PS3.3 A.32: photographs of people, or of slides with their labels."""

ULTRASOUND = _storage("3", "3.1", "6", "6.1")
"""PS3.3 A.6 and A.7: names stand around the fan."""

PROJECTION = _storage(
    "1", "1.1", "1.1.1", "1.2", "1.2.1", "1.3", "1.3.1", "5", "12.1", "12.1.1", "12.2",
    "12.2.1", "13.1.3", "20",
)  # fmt: skip
"""CR, DX, MG, intra-oral, XA, RF, tomosynthesis, NM: names may stand in a corner."""

CROSS_SECTIONAL = _storage(
    "2", "2.1", "2.2", "4", "4.1", "4.4", "128", "128.1", "130"
)  # fmt: skip
"""CT, MR, PET, enhanced and legacy converted too: slices come without words."""

DERIVED_NUMBERS = _storage("30", "66.4", "66.7", "481.2")
"""Parametric map, segmentation, label map, RT dose: a number per voxel, no drawing."""

VIDEO = _storage("77.1.1.1", "77.1.2.1", "77.1.4.1")
"""PS3.3 A.32.5 to A.32.7."""

_DOCUMENTS = (_ROOT + "88.", _ROOT + "104.", _ROOT + "11.", _ROOT + "9.")

NO_IMAGE = _storage(
    "4.2", "8", "9", "10", "11", "66", "66.1", "66.2", "66.3", "66.5", "66.6", "67",
    "68.1", "68.2", "77.1.5.3", "90.1", "91.1", "131", "481.3", "481.4", "481.5",
    "481.6", "481.7", "481.8", "481.9",
)  # fmt: skip
"""Raw data, registrations, RT plans and the like."""

VIDEO_SYNTAXES = frozenset(
    f"1.2.840.10008.1.2.4.{number}"
    for number in (*range(100, 109), *(f"{n}.1" for n in range(100, 107)))
)
"""MPEG-2, MPEG-4 and HEVC (PS3.5 A.4.5 to A.4.10)."""


def is_no_image(sop_class: str) -> bool:
    """Whether objects of a class are documents, states, waveforms or raw data."""
    return sop_class in NO_IMAGE or sop_class.startswith(_DOCUMENTS)
