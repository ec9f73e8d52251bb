"""Key to the files of ``dentdeid synth``, which say themselves what was planted."""

from collections.abc import Iterator
from pathlib import Path

import pydicom
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset

from .answers import IDENTITY, Action, Answer, InstanceKey
from .outputs import text_of

PHI = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientAddress",
    "PatientTelephoneNumbers", "OtherPatientIDs", "InstitutionName",
    "InstitutionAddress", "ReferringPhysicianName", "PerformingPhysicianName",
    "OperatorsName", "StationName", "DeviceSerialNumber", "AccessionNumber",
    "StudyDescription", "ImageComments", "AdditionalPatientHistory", "FilterType",
)  # fmt: skip
DATES = (
    "InstanceCreationDate", "StudyDate", "SeriesDate", "AcquisitionDate",
    "ContentDate",
)  # fmt: skip
UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
KEPT = (
    "SOPClassUID", "Modality", "PatientSex", "BodyPartExamined", "KVP",
    "ExposureTime", "ImagerPixelSpacing", "PixelSpacing", "Rows", "Columns",
    "BitsAllocated", "BitsStored", "SamplesPerPixel", "PhotometricInterpretation",
)  # fmt: skip
_SIZE = "0,0,65535,65535"


def keys_of(folder: Path) -> Iterator[InstanceKey]:
    """Return the key of each file of a folder that ``dentdeid`` has written."""
    for file in sorted(folder.glob("*.dcm")):
        dataset = pydicom.dcmread(file)
        identity = {name: text_of(dataset[name].value) for name in IDENTITY}
        yield InstanceKey(identity, list(_answers(dataset)))


def _answers(dataset: Dataset) -> Iterator[Answer]:
    for keywords, category, actions in (
        (PHI, "header", (Action.TEXT_REMOVED,)),
        (DATES, "dates", (Action.DATE_SHIFTED,)),
        (UIDS, "uids", (Action.UID_CHANGED, Action.UID_CONSISTENT)),
        (KEPT, "kept", (Action.TEXT_RETAINED,)),
    ):
        for keyword in keywords:
            for action in actions:
                yield _answer(dataset, keyword, category, action)
    yield from _hidden(dataset)


def _answer(dataset: Dataset, keyword: str, category: str, action: Action) -> Answer:
    value = text_of(dataset[keyword].value)
    number = tag_for_keyword(keyword) or 0
    tag = f"({number >> 16:04x},{number & 0xFFFF:04x})"
    text = str(dataset.PatientName.family_name) if "Description" in keyword else value
    return Answer(tag, value, action, text, keyword, category)


def _hidden(dataset: Dataset) -> Iterator[Answer]:
    for low in (0x10, 0x11):
        value = text_of(dataset[0x0029, 0x1000 + low].value)
        tag = f'(0029,"SYNTHDENTAL_PRIV",{low:02x})'
        yield Answer(tag, value, Action.TEXT_REMOVED, value, "private", "private")
    request = dataset.RequestAttributesSequence[0]
    name = str(dataset.PatientName.family_name)
    for element in request:
        value = text_of(element.value)
        text = name if name in value else value
        tag = f"(0040,0275)[0000]({element.tag.group:04x},{element.tag.element:04x})"
        yield Answer(tag, value, Action.TEXT_REMOVED, text, "request", "nested")
    for tag in ("(6000,3000)", "(0088,0200)[0000](7fe0,0010)"):
        hidden = Action.PIXELS_HIDDEN
        yield Answer(tag, _SIZE, hidden, name, "drawn", "overlay+icon")
