"""What reading a header can end in: the header, a wish, a refusal, a shrug."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from dicom_pipeline.dicom.reasons import IgnoredReason, QuarantineReason

Json = dict[str, Any]
"""A data set in the DICOM JSON Model (PS3.18 F.2): tag to element."""


class HasTexts(Protocol):
    """A header, or as much of it as somebody needs."""

    def text(self, tag: str) -> str:
        """First value of a top-level element as text; empty where there is none."""


class HasUids:
    """Names what a file is filed by (PS3.3 C.12.1, C.7.2.1, C.7.3.1)."""

    __slots__ = ()

    def text(self, tag: str) -> str:
        """First value of a top-level element as text; empty where there is none."""
        raise NotImplementedError

    @property
    def sop_instance_uid(self) -> str:
        """(0008,0018), VR UI, VM 1."""
        return self.text("00080018")

    @property
    def study_instance_uid(self) -> str:
        """(0020,000D), VR UI, VM 1."""
        return self.text("0020000D")

    @property
    def series_instance_uid(self) -> str:
        """(0020,000E), VR UI, VM 1."""
        return self.text("0020000E")


@dataclass(frozen=True, slots=True)
class Bulk:
    """A value that the header only refers to.

    Attributes:
        path: JSON Pointer (RFC 6901) of the element in the header.
        vr: Value Representation.
        length: Bytes, padding included.
        sha256: Of the bytes as stored, hex; ``None`` where they were not read.
    """

    path: str
    vr: str
    length: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class ReadIssue:
    """An element that could not be read as the standard says.

    Attributes:
        path: JSON Pointer (RFC 6901) of the element in the header.
        code: What is wrong; one of a few words.
        text: The value as sent, shortened. Personal: raw zone only.
    """

    path: str
    code: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Header(HasUids):
    """One header, read to its end.

    Attributes:
        dataset: Elements before the pixel data, without group lengths.
        file_meta: File Meta Information; empty where the file has none.
        private_creators: At top level, in tag order (PS3.5 7.8.1).
        private_element_count: Private elements at top level.
        element_count: Elements of the data set at every depth.
        header_bytes: Offset of the pixel data element, or the file's size.
        has_pixel_data: Whether an element of pixel data follows.
        bulk: Values left out for their size, in tag order.
        issues: Elements that could not be read, in tag order.
    """

    dataset: Json = field(repr=False)
    file_meta: Json = field(repr=False)
    private_creators: tuple[str, ...] = field(repr=False)
    private_element_count: int
    element_count: int
    header_bytes: int
    has_pixel_data: bool
    bulk: tuple[Bulk, ...] = ()
    issues: tuple[ReadIssue, ...] = ()

    @property
    def sop_class_uid(self) -> str:
        """(0008,0016), VR UI, VM 1."""
        return self.text("00080016")

    @property
    def modality(self) -> str:
        """(0008,0060), VR CS, VM 1; empty where absent."""
        return self.text("00080060")

    @property
    def transfer_syntax_uid(self) -> str:
        """(0002,0010), VR UI, VM 1; empty where the file does not say."""
        return first_text(self.file_meta, "00020010")

    def text(self, tag: str) -> str:
        """First value of a top-level element as text; empty where there is none."""
        return first_text(self.dataset, tag)


@dataclass(frozen=True, slots=True)
class NeedMore:
    """The prefix ends before the header does.

    Attributes:
        wanted: Bytes from the start of the object to call again with; more than are
            needed for the next element, so that few ranges are.
    """

    wanted: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The object cannot become a row.

    Attributes:
        reason: Why.
        header: What was read to its end all the same: it lacks a name.
    """

    reason: QuarantineReason
    header: Header | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Ignored:
    """The object is no instance and need not become a row."""

    reason: IgnoredReason


def first_text(dataset: Json, tag: str) -> str:
    """First value of an element of the JSON model; empty where there is none."""
    values = dataset.get(tag, {}).get("Value") or [None]
    value = values[0]
    if isinstance(value, dict):
        value = value.get("Alphabetic")
    return "" if value is None else str(value)
