"""The tolerant reader: pydicom, for files that bend the standard."""

from typing import Any

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_partial, read_sequence
from pydicom.tag import BaseTag

from dicom_pipeline.dicom.prefix import Prefix
from dicom_pipeline.dicom.raw import (
    PIXELS,
    UNDEFINED,
    Cut,
    Element,
    Elements,
    NestedTooDeepError,
    Texts,
    Value,
)

ELEMENT_LIMIT = 1_000_000
"""Elements at top level at most; a whole-slide image has hundreds."""

_DIRECTORY_RECORDS = 0x00041220  # PS3.3 F.3.2.2: only a DICOMDIR has them


class TooManyElementsError(ValueError):
    """No header has so many elements; a deflated bomb has."""


class Stop:
    """Stops before pixel data, and at the records of a directory."""

    def __init__(self) -> None:
        """Start before the first element."""
        self.at_pixels = False
        self.in_directory = False
        self._elements_left = ELEMENT_LIMIT

    def __call__(self, tag: BaseTag, vr: str | None, length: int) -> bool:  # noqa: ARG002
        """Whether reading ends before this element."""
        number = int(tag)
        self.at_pixels = number in PIXELS
        self.in_directory = number == _DIRECTORY_RECORDS
        self._elements_left -= 1
        if not self._elements_left:
            raise TooManyElementsError
        return self.at_pixels or self.in_directory


def read(file: Prefix, stop: Stop) -> tuple[Elements, Elements]:
    """Read data set and file meta up to where ``stop`` says; raises anything."""
    parsed = read_partial(file, stop, force=True)  # type: ignore[arg-type]
    return elements_of(parsed), elements_of(parsed.file_meta)


def items(data: bytes, within: Elements, encodings: tuple[str, ...]) -> list[Elements]:
    """Cut a sequence of defined length into its items; raises anything."""
    sequence = read_sequence(
        Prefix(data, len(data)),  # type: ignore[arg-type]
        within.implicit,
        within.little_endian,
        len(data),
        list(encodings),
    )
    return [elements_of(item) for item in sequence]


def elements_of(dataset: Dataset) -> Elements:
    """Take the elements out of what pydicom has read; their bytes stay as they are."""
    # Group lengths are of the file's bytes, not of the patient; no one asks for them.
    read = [element for element in dataset.values() if element.tag & 0xFFFF]
    found = sorted(map(_element, read), key=_tag)
    raw = next((e for e in reversed(read) if isinstance(e, RawDataElement)), None)
    if raw is None:
        return Elements(found, implicit=False)
    return Elements(found, raw.is_implicit_VR, raw.is_little_endian)


def is_recursion(error: BaseException | None) -> bool:
    """Whether a RecursionError lies under ``error``; pydicom makes OSError of some."""
    while error is not None:
        if isinstance(error, RecursionError | NestedTooDeepError):
            return True
        error = error.__context__
    return False


def _tag(element: Element) -> int:
    return element[0]


def _element(element: RawDataElement | DataElement) -> Element:
    tag = int(element.tag)
    if isinstance(element, RawDataElement):
        data = element.value or b""
        short = len(data) < element.length != UNDEFINED
        return tag, element.VR, Cut(data) if short else data
    if element.VR == "SQ":
        return tag, "SQ", [elements_of(item) for item in element.value]
    return tag, element.VR, _looked_at(element.value)


def _looked_at(value: Any) -> Value:  # noqa: ANN401  whatever pydicom makes of it
    if isinstance(value, bytes) and value:
        return value
    texts = [value] if isinstance(value, str) else value or []
    return Texts(str(text) for text in texts)
