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
_CREATORS = range(0x10, 0x100)  # reserve blocks of a private group, PS3.5 7.8.1


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
        *("creators", "depth", "encodings", "path", "signed", "walk"),
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
        self.within = Elements([], implicit=False)

    def json(self, dataset: Elements) -> Json:
        self._learn(dataset)
        elements: Json = {}
        for tag, vr, value in dataset.elements:
            if tag & 0xFFFF:  # no group length: of the file's bytes, not of the patient
                key = key_of(tag)
                elements[key] = self._element(tag, vr, value, key)
        self.walk.element_count += len(elements)
        return elements

    def _learn(self, dataset: Elements) -> None:
        """Read what other elements depend on before them."""
        self.within = dataset
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
        vr = self._vr(tag, vr, value)
        if isinstance(value, Cut):
            self._shortened(key, value)
        if not value:
            return {"vr": vr}
        try:
            element = self._readable(vr, value, key)
        except UnreadableValueError as error:
            self._issue(key, error.code, value)
            return {"vr": "UN", **self._binary("UN", value, key)}
        if tag & 0xFFFF in _CREATORS and vrs.is_private(tag):
            self.creators[tag] = str((element.get("Value") or [""])[0])
        return element

    def _vr(self, tag: int, vr: str | None, data: bytes) -> str:
        """VR as written, or else as the dictionaries say."""
        if vr is None or vr == vrs.UNKNOWN:
            creator = self.creators.get(vrs.creator_tag(tag), "")
            vr = vrs.written_vr(vr, tag, len(data), creator)
        if len(vr) > 2:  # noqa: PLR2004  a choice such as "US or SS"
            vr = vrs.decided_vr(vr, signed=self.signed)
        return vr

    def _readable(self, vr: str, data: bytes, key: str) -> Json:
        if vr == "SQ":
            return {"vr": vr, **self._sequence(self._items(data), key)}
        if vr in BINARY:
            return {"vr": vr, **self._binary(vr, data, key)}
        little = self.within.little_endian
        element, code = element_of(vr, data, self.encodings, little)
        if code:
            self._issue(key, code, data)
        return element

    def _items(self, data: bytes) -> list[Elements]:
        """Cut a sequence of defined length into its items."""
        if self.depth >= DEPTH_LIMIT:
            raise NestedTooDeepError
        if self.within.little_endian:
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
