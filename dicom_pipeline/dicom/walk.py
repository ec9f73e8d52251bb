"""One pass over the raw elements of a data set: JSON text's dict, counts, issues."""

import base64
import hashlib
from typing import Any

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_sequence

from dicom_pipeline.dicom import vr as vrs
from dicom_pipeline.dicom.charset import DEFAULT, encodings_of
from dicom_pipeline.dicom.elements import (
    BINARY,
    INLINE_LIMIT,
    UnreadableValueError,
    values_of,
)
from dicom_pipeline.dicom.outcome import Bulk, Json, ReadIssue
from dicom_pipeline.dicom.prefix import Prefix

DEPTH_LIMIT = 64
"""Sequences inside sequences that are followed; enhanced objects need fewer than 10."""

_CHARACTER_SET = 0x00080005
_PIXEL_REPRESENTATION = 0x00280103
_TEXT_KEPT = 256
_UNDEFINED = 0xFFFFFFFF


class NestedTooDeepError(ValueError):
    """Sequences go deeper than the limit."""

    def __init__(self) -> None:
        """Say the limit, nothing of the file."""
        super().__init__(f"sequences are nested deeper than {DEPTH_LIMIT}")


class Walk:
    """Turns one data set into the DICOM JSON Model and counts on the way.

    Attributes:
        bulk: Values left out for their size.
        issues: Elements that could not be read.
        element_count: Elements seen at every depth, group lengths left out.
        cut: Whether a top-level value is shorter than its length says.
    """

    def __init__(self) -> None:
        """Start with nothing seen."""
        self.bulk: list[Bulk] = []
        self.issues: list[ReadIssue] = []
        self.element_count = 0
        self.cut = False

    def json(self, dataset: Dataset) -> Json:
        """Return ``dataset`` in the DICOM JSON Model, in tag order.

        Raises:
            NestedTooDeepError: Beyond ``DEPTH_LIMIT``.
        """
        return _Level(self, "", 0, DEFAULT, signed=False).json(dataset)


class _Level:
    """What the elements of one item have in common."""

    __slots__ = ("creators", "depth", "encodings", "path", "signed", "walk")

    def __init__(
        self,
        walk: Walk,
        path: str,
        depth: int,
        encodings: tuple[str, ...],
        *,
        signed: bool,
    ) -> None:
        self.walk = walk
        self.path = path
        self.depth = depth
        self.encodings = encodings
        self.signed = signed
        self.creators: dict[int, str] = {}

    def json(self, dataset: Dataset) -> Json:
        self._learn(dataset)
        elements: Json = {}
        for tag, raw in sorted((int(raw.tag), raw) for raw in dataset.values()):
            if not tag & 0xFFFF:
                continue  # group length: of the file's bytes, not of the patient
            key = f"{tag:08X}"
            self.walk.element_count += 1
            if isinstance(raw, RawDataElement):
                elements[key] = self._element(raw, tag, key)
            elif raw.VR == "SQ":
                elements[key] = {"vr": "SQ", **self._sequence(raw.value, key)}
            else:
                elements[key] = self._looked_at(raw, key)
        return elements

    def _looked_at(self, element: DataElement, key: str) -> Json:
        """Write a text or bytes that pydicom itself has looked at, and so converted."""
        if isinstance(element.value, bytes) and element.value:
            return {"vr": "UN", **self._binary("UN", element.value, key)}
        value = element.value or []
        texts = [str(item) for item in ([value] if isinstance(value, str) else value)]
        return {"vr": element.VR, "Value": texts} if any(texts) else {"vr": element.VR}

    def _learn(self, dataset: Dataset) -> None:
        """Read what other elements depend on before them."""
        terms = _terms(dataset)
        if terms:
            self.encodings, defined = encodings_of(terms)
            if not defined:
                self._issue("00080005", "charset", terms)
        signed = _is_signed(dataset)
        if signed is not None:
            self.signed = signed

    def _element(self, raw: RawDataElement, tag: int, key: str) -> Json:
        data = raw.value or b""
        vr = raw.VR
        if vr is None or vr == "UN":
            creator = self.creators.get(vrs.creator_tag(tag), "")
            vr = vrs.written_vr(vr, tag, len(data), creator)
        if len(vr) > 2:  # noqa: PLR2004  a choice such as "US or SS"
            vr = vrs.decided_vr(vr, signed=self.signed)
        if len(data) < raw.length != _UNDEFINED:
            self._shortened(key, data)
        if not data:
            return {"vr": vr}
        try:
            element = self._readable(raw, vr, data, key)
        except UnreadableValueError as error:
            self._issue(key, error.code, data)
            return {"vr": "UN", **self._binary("UN", data, key)}
        if tag >> 16 & 1 and 0x10 <= tag & 0xFFFF <= 0xFF:  # noqa: PLR2004
            self.creators[tag] = str((element.get("Value") or [""])[0])
        return element

    def _readable(self, raw: RawDataElement, vr: str, data: bytes, key: str) -> Json:
        if vr == "SQ":
            return {"vr": vr, **self._sequence(self._items(raw, data), key)}
        if vr in BINARY:
            return {"vr": vr, **self._binary(vr, data, key)}
        little = raw.is_little_endian
        values, code = values_of(vr, data, self.encodings, little_endian=little)
        if code:
            self._issue(key, code, data)
        return {"vr": vr, "Value": values} if values else {"vr": vr}

    def _items(self, raw: RawDataElement, data: bytes) -> Any:  # noqa: ANN401
        """Cut a sequence of defined length into its items."""
        if self.depth >= DEPTH_LIMIT:
            raise NestedTooDeepError
        try:
            return read_sequence(
                Prefix(data, len(data)),  # type: ignore[arg-type]
                raw.is_implicit_VR,
                raw.is_little_endian,
                len(data),
                list(self.encodings),
            )
        except RecursionError:
            raise NestedTooDeepError from None
        except Exception as error:  # noqa: BLE001  pydicom raises many kinds
            if is_recursion(error):
                raise NestedTooDeepError from None
            raise UnreadableValueError("bad_sequence") from None

    def _sequence(self, items: Any, key: str) -> Json:  # noqa: ANN401
        if self.depth >= DEPTH_LIMIT:
            raise NestedTooDeepError
        read = [
            _Level(
                self.walk,
                f"{self.path}/{key}/Value/{index}",
                self.depth + 1,
                self.encodings,
                signed=self.signed,
            ).json(item)
            for index, item in enumerate(items)
        ]
        return {"Value": read} if read else {}

    def _binary(self, vr: str, data: bytes, key: str) -> Json:
        """Keep bytes as stored; words of big endian files (retired) are not swapped."""
        if len(data) <= INLINE_LIMIT:
            return {"InlineBinary": base64.b64encode(data).decode("ascii")}
        path = f"{self.path}/{key}"
        digest = hashlib.sha256(data).hexdigest()
        self.walk.bulk.append(Bulk(path, vr, len(data), digest))
        return {"BulkDataURI": f"#{path}"}

    def _shortened(self, key: str, data: bytes) -> None:
        if self.depth:
            self._issue(key, "short_value", data)
        else:
            self.walk.cut = True

    def _issue(self, key: str, code: str, data: bytes) -> None:
        text = data[:_TEXT_KEPT].decode("latin-1").rstrip(" \0")
        self.walk.issues.append(ReadIssue(f"{self.path}/{key}", code, text))


def is_recursion(error: BaseException | None) -> bool:
    """Whether a RecursionError lies under ``error``; pydicom makes OSError of some."""
    while error is not None:
        if isinstance(error, RecursionError):
            return True
        error = error.__context__
    return False


def _terms(dataset: Dataset) -> bytes:
    """(0008,0005) as stored; pydicom may have looked at it, and so changed it."""
    element = dataset.get_item(_CHARACTER_SET, keep_deferred=True)
    if element is None:
        return b""
    if isinstance(element, RawDataElement):
        return element.value or b""
    terms = element.value or ""
    return ("\\".join([terms] if isinstance(terms, str) else terms)).encode("latin-1")


def _is_signed(dataset: Dataset) -> bool | None:
    """Whether (0028,0103) Pixel Representation is 1; ``None`` where it is absent."""
    element = dataset.get_item(_PIXEL_REPRESENTATION, keep_deferred=True)
    return any(element.value or b"") if isinstance(element, RawDataElement) else None
