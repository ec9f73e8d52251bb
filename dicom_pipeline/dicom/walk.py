"""One pass over the raw elements of a data set: JSON text's dict, counts, issues."""

import base64
import hashlib
from functools import lru_cache

from dicom_pipeline.dicom import scan, tolerant
from dicom_pipeline.dicom import vr as vrs
from dicom_pipeline.dicom.charset import DEFAULT, encodings_of
from dicom_pipeline.dicom.elements import (
    BINARY,
    INLINE_LIMIT,
    UnreadableValueError,
    element_of,
)
from dicom_pipeline.dicom.outcome import Bulk, Json, ReadIssue
from dicom_pipeline.dicom.raw import (
    DEPTH_LIMIT,
    Cut,
    Elements,
    NestedTooDeepError,
    Texts,
    Value,
)

_CHARACTER_SET = 0x00080005
_PIXEL_REPRESENTATION = 0x00280103
_TEXT_KEPT = 256
_NOTHING = Elements([], implicit=False)


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

    def json(self, dataset: Elements) -> Json:
        """Return ``dataset`` in the DICOM JSON Model, in tag order.

        Raises:
            NestedTooDeepError: Beyond ``DEPTH_LIMIT``.
        """
        return _Level(self, "", 0, DEFAULT, signed=False).json(dataset)


class _Level:
    """What the elements of one item have in common."""

    __slots__ = (
        *("creators", "depth", "encodings", "little", "path", "signed", "walk"),
        "within",
    )

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
        self.within, self.little = _NOTHING, True

    def json(self, dataset: Elements) -> Json:
        self._learn(dataset)
        elements: Json = {}
        for tag, vr, value in dataset.elements:
            if tag & 0xFFFF:  # no group length: of the file's bytes, not of the patient
                key = key_of(tag)
                if type(value) is bytes:
                    elements[key] = self._read(tag, vr, value, key)
                else:
                    elements[key] = self._element(tag, vr, value, key)
        self.walk.element_count += len(elements)
        return elements

    def _learn(self, dataset: Elements) -> None:
        """Read what other elements depend on before them."""
        self.within, self.little = dataset, dataset.little_endian
        terms = dataset.bytes_of(_CHARACTER_SET)
        if terms:
            self.encodings, defined = encodings_of(terms)
            if not defined:
                self._issue("00080005", "charset", terms)
        signed = dataset.bytes_of(_PIXEL_REPRESENTATION)
        if signed is not None:
            self.signed = any(signed)

    def _element(self, tag: int, vr: str | None, value: Value, key: str) -> Json:
        if isinstance(value, list):
            return {"vr": "SQ", **self._sequence(value, key)}
        if isinstance(value, Texts):
            texts = [text or None for text in value]
            return {"vr": vr, "Value": texts} if any(value) else {"vr": vr}
        if isinstance(value, Cut):
            self._shortened(key, value)
        return self._read(tag, vr, value, key)

    def _read(self, tag: int, vr: str | None, data: bytes, key: str) -> Json:
        if vr is None or vr == vrs.UNKNOWN:
            vr = self._looked_up(tag, vr, len(data))
        if not data:
            return {"vr": vr}
        try:
            if vr in BINARY:
                return {"vr": vr, **self._binary(vr, data, key)}
            if vr == "SQ":
                return {"vr": vr, **self._sequence(self._items(data), key)}
            element, code = element_of(vr, data, self.encodings, self.little)
        except UnreadableValueError as error:
            self._issue(key, error.code, data)
            return {"vr": "UN", **self._binary("UN", data, key)}
        if code:
            self._issue(key, code, data)
        if not tag & 0xFF00 and vrs.is_private(tag):  # reserves a block, PS3.5 7.8.1
            self.creators[tag] = str((element.get("Value") or [""])[0])
        return element

    def _looked_up(self, tag: int, vr: str | None, length: int) -> str:
        """VR that the dictionaries and the data set know, where the file does not."""
        creator = self.creators.get(vrs.creator_tag(tag), "")
        found = vrs.written_vr(vr, tag, length, creator)
        return found if len(found) == 2 else vrs.decided_vr(found, signed=self.signed)  # noqa: PLR2004

    def _items(self, data: bytes) -> list[Elements]:
        """Cut a sequence of defined length into its items."""
        if self.depth >= DEPTH_LIMIT:
            raise NestedTooDeepError
        if self.little:
            try:
                return scan.items(data, implicit=self.within.implicit)
            except scan.IrregularError:
                pass
        try:
            return tolerant.items(data, self.within, self.encodings)
        except Exception as error:  # noqa: BLE001  pydicom raises many kinds
            if tolerant.is_recursion(error):
                raise NestedTooDeepError from None
            raise UnreadableValueError("bad_sequence") from None

    def _sequence(self, items: list[Elements], key: str) -> Json:
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


@lru_cache(maxsize=16_384)
def key_of(tag: int) -> str:
    """``ggggeeee``, the name of an element in the DICOM JSON Model."""
    return f"{tag:08X}"
