"""Files that say who they are wherever a file can, and a finder of what they say.

Every planted value bears a mark of its kind, so that one pass over a text finds all of
them: letters `zqx`, the years 1931 and 2031, numbers from 73100000, one UID root.
"""

import datetime as dt
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from pydicom import config
from pydicom.datadict import (
    dictionary_has_tag,
    dictionary_VR,
    keyword_for_tag,
    tag_for_keyword,
)
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from dicom_pipeline.catalog import ENTITIES
from dicom_pipeline.deid import ps315

ROOT = "1.2.826.0.1.3680043.10.999"
CT = "1.2.840.10008.5.1.4.1.1.2"
OF_STUDY = {"StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"}
TEXT = {"AE", "CS", "LO", "LT", "SH", "ST", "UC", "UR", "UT"}
# What makes it a picture that is let through; all else is free to tell.
NEEDED = {
    *("SOPClassUID", "Modality", "ImageType", "PixelData", "TransferSyntaxUID"),
    *("SpecificCharacterSet", "BurnedInAnnotation", "ConversionType"),
    *("PatientIdentityRemoved", "LossyImageCompression"),
    *("SecondaryCaptureDeviceID", "SecondaryCaptureDeviceManufacturer"),
    # A dose in becquerels has as many digits as an identifier.
    "RadionuclideTotalDose",
    *("DateOfSecondaryCapture", "TimeOfSecondaryCapture", "HardcopyCreationDeviceID"),
}
COMMAND, META, PICTURE = 0x0000, 0x0002, 0x0028
_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_FORMS = (
    r"{y}[-/.]?[01]\d[-/.]?[0-3]\d(?:\d{{6}}(?:\.\d+)?)?",
    r"\d\d?[-/. ]\d\d?[-/. ]{y}",
    r"\d\d?\.? [a-z]{{3,9}} {y}",
    r"[a-z]{{3,9}} \d\d?,? {y}",
)
_FOUND = re.compile(
    "|".join(
        [
            r"(?P<text>zqx[a-z]+)",
            rf"(?P<uid>{re.escape(ROOT)}(?:\.\d+)+)",
            r"(?P<number>(?<![0-9a-z.])731\d{5}(?![0-9a-z]))",
            r"(?P<hash>(?<![0-9a-z])[0-9a-f]{16,128}(?![0-9a-z]))",
            *(
                f"(?P<day{y}{n}>(?<![0-9a-z.]){form.format(y=y)}(?![0-9a-z]))"
                for y in (1931, 2031)
                for n, form in enumerate(_FORMS)
            ),
        ]
    )
)


@dataclass
class Canaries:
    """What was planted.

    Attributes:
        texts: Words, as they are found: case and accents folded.
        uids: UIDs.
        numbers: Numbers, as digits.
        days: Days; in a text any form of any day of the two years counts.
    """

    texts: set[str] = field(default_factory=set)
    uids: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    days: set[dt.date] = field(default_factory=set)
    _next: Iterator[int] = field(default_factory=count)

    def word(self, accent: str = "") -> str:
        """A new word of letters; with an accent, it folds to ASCII."""
        number, letters = next(self._next), ""
        for _ in range(4):
            number, rest = divmod(number, 20)
            letters += "bcdfghjklmnprstvwxyz"[rest]
        self.texts.add(f"zqx{letters}{fold(accent)}")
        return f"Zqx{letters}{accent}"

    def octets(self) -> bytes:
        """A new word between spaces, as bytes of an even length."""
        return f" {self.word()} ".encode()

    def uid(self) -> str:
        """A new UID."""
        self.uids.add(made := f"{ROOT}.{next(self._next)}")
        return made

    def number(self) -> str:
        """A new number."""
        self.numbers.add(made := str(73_100_000 + next(self._next)))
        return made

    def day(self, year: int = 1931) -> dt.date:
        """A new day."""
        self.days.add(made := dt.date(year, 3, 1) + dt.timedelta(next(self._next) % 28))
        return made

    def hashes(self) -> dict[str, str]:
        """First 16 digits of what anyone can compute from a value: what it is of."""
        spelled = [*self.uids, *self.numbers]
        for word in self.texts:
            spelled += [word, word.upper(), word.capitalize()]
        for day in self.days:
            spelled += [f"{day:%Y%m%d}", f"{day}"]
        return {
            hashlib.new(name, value.encode()).hexdigest()[:16]: f"{name} of {value}"
            for name in ("md5", "sha1", "sha256")
            for value in spelled
        }

    def seen_in(self, texts: Iterable[tuple[str, str]]) -> dict[str, str]:
        """Everything of theirs that stands in a text, and in which place first."""
        hashes, found = self.hashes(), dict[str, str]()
        for place, text in texts:
            for match in _FOUND.finditer(fold(text)):
                value = match[0]
                if match.lastgroup == "hash":
                    value = hashes.get(value[:16], "")
                if value:
                    found.setdefault(value, place)
        return found


def fold(text: str) -> str:
    """Without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))


def tags() -> list[int]:
    """What E.1-1 calls identifying, and what the tables have columns for."""
    standard = {int(tag, 16) for tag in ps315.table() if _TAG.fullmatch(tag)}
    columns = {c.keyword for table in ENTITIES for c in table.columns if c.keyword}
    known = standard | {tag_for_keyword(keyword) or 0 for keyword in columns}
    return sorted(
        tag
        for tag in known
        if dictionary_has_tag(tag)
        and keyword_for_tag(tag) not in NEEDED
        and tag >> 16 not in {COMMAND, META, PICTURE}
    )


def planted_value(canaries: Canaries, keyword: str, vr: str) -> object:
    """A new value of a VR; None where the VR has no room for one."""
    if vr in TEXT:
        word = canaries.word()
        return word.upper() if vr == "CS" else word
    if vr in {"DA", "DT"}:
        return f"{canaries.day(2031 if keyword in OF_STUDY else 1931):%Y%m%d}"
    of_vr = {
        "PN": lambda: "^".join((canaries.word("é"), canaries.word(), canaries.word())),
        "UI": canaries.uid,
        "DS": canaries.number,
        "IS": canaries.number,
        "OB": canaries.octets,
        "UN": canaries.octets,
    }
    return of_vr[vr]() if vr in of_vr else None


def identified(canaries: Canaries) -> Dataset:
    """A header that tells in every attribute, and in an item of every sequence."""
    dataset = Dataset()
    for tag in tags():
        vr = dictionary_VR(tag).split(" ")[0]
        if vr == "SQ":
            value: object = Sequence([_item(canaries)])
        else:
            value = planted_value(canaries, keyword_for_tag(tag), vr)
        if value is not None:
            _put(dataset, tag, vr, value)
    return dataset


def _item(canaries: Canaries) -> Dataset:
    item = Dataset()
    for keyword in ("PatientName", "PatientID", "StudyDate", "CodeMeaning"):
        tag = tag_for_keyword(keyword)
        vr = dictionary_VR(tag)
        day = f"{canaries.day():%Y%m%d}"
        _put(item, tag, vr, day if vr == "DA" else planted_value(canaries, "", vr))
    _put(item, tag_for_keyword("ReferencedSOPInstanceUID"), "UI", canaries.uid())
    return item


def _put(dataset: Dataset, tag: int, vr: str, value: object) -> None:
    ignore = config.IGNORE
    dataset[tag] = DataElement(tag, vr, value, validation_mode=ignore)


def picture(canaries: Canaries) -> FileDataset:
    """A CT image that is let through, and tells wherever a file can."""
    dataset = identified(canaries)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID = CT
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.SourceApplicationEntityTitle = canaries.word()
    meta.PrivateInformationCreatorUID = canaries.uid()
    meta.PrivateInformation = f"{canaries.word()} ".encode()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.Modality, dataset.ImageType = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"]
    _put(dataset, tag_for_keyword("SeriesNumber"), "IS", "1")
    _private(dataset, canaries)
    _overlay(dataset, canaries)
    icon = _pixels(Dataset(), f"{canaries.word()} ".encode().ljust(64, b"."))
    dataset.IconImageSequence = Sequence([icon])
    _pixels(dataset, bytes(range(64)))
    _put(dataset, 0xFFFCFFFC, "OB", f"{canaries.word()} ".encode())
    return FileDataset("", dataset, file_meta=meta, preamble=_preamble(canaries))


def _preamble(canaries: Canaries) -> bytes:
    return canaries.word().encode().ljust(128, b" ")


def _private(dataset: Dataset, canaries: Canaries) -> None:
    block = dataset.private_block(0x0029, "CANARY MAKER", create=True)
    block.add_new(0x01, "LO", canaries.word())
    block.add_new(0x02, "SQ", Sequence([_item(canaries)]))
    block.add_new(0x03, "UN", f"{canaries.word()} ".encode())


def _overlay(dataset: Dataset, canaries: Canaries) -> None:
    for element, vr, value in (
        (0x0010, "US", 8),
        (0x0011, "US", 8),
        (0x0022, "LO", canaries.word()),
        (0x0040, "CS", "G"),
        (0x0050, "SS", [1, 1]),
        (0x0100, "US", 1),
        (0x0102, "US", 0),
        (0x1500, "LO", canaries.word()),
        (0x3000, "OW", f"{canaries.word()} ".encode()),
    ):
        _put(dataset, 0x60000000 | element, vr, value)


def _pixels(dataset: Dataset, body: bytes) -> Dataset:
    dataset.Rows = dataset.Columns = 8
    dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PhotometricInterpretation = 7, "MONOCHROME2"
    dataset.PixelData = body
    dataset["PixelData"].VR = "OB"
    return dataset


def write_canaries(folder: Path) -> Canaries:
    """Write a good file, one whose values are none, and one that is cut."""
    config.settings.writing_validation_mode = config.IGNORE
    canaries = Canaries()
    inside = folder / canaries.word() / canaries.word()
    inside.mkdir(parents=True)

    def name() -> Path:
        return inside / f"{canaries.word()}.dcm"

    good, bad, cut = name(), name(), name()
    picture(canaries).save_as(good, enforce_file_format=True)
    wrong = picture(canaries)
    for element in list(wrong):
        if element.VR in {"DA", "DT", "TM", "AS"}:
            _put(wrong, element.tag, element.VR, canaries.word())
        elif element.VR in {"DS", "IS"}:
            _put(wrong, element.tag, "LO", canaries.word())
    wrong.save_as(bad, enforce_file_format=True)
    whole = good.read_bytes()
    cut.write_bytes(whole[: len(whole) // 3])
    return canaries
