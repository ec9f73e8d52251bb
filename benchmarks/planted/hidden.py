"""Identities where tools forget to look."""

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from .answers import Action, Answer
from .pictures import lettered
from .plant import Plant
from .visits import Series, Visit

PREAMBLE = 128  # bytes; PS3.10 7.1
_OVERLAY = (16, 256)  # rows, columns


def nested(plant: Plant, visit: Visit, series: Series) -> None:
    """In items of sequences, down to the third level."""
    person = visit.person
    request = plant.item("RequestAttributesSequence")
    request.hide("AccessionNumber", visit.accession)
    request.hide("RequestedProcedureID", f"RP{person.code('request', visit.number)}")
    # The profile removes the whole sequence (E.1-1: X), so its words are not asked for.
    said = f"{series.words} {person.family}"
    request.hide("RequestedProcedureDescription", said, person.family)
    request.hide("ScheduledProcedureStepID", f"SPS{person.code('sps', visit.number)}")
    code = request.item("ScheduledProtocolCodeSequence")
    code.put("CodeValue", "LOCAL1")
    code.put("CodingSchemeDesignator", "99LOCAL")
    code.hide("CodeMeaning", f"Protocol of {person.staff[0]}", person.staff[0])
    _people(plant, visit)
    equipment = plant.item("ContributingEquipmentSequence")
    equipment.hide("InstitutionName", person.hospital)
    equipment.hide("DeviceSerialNumber", series.machine.serial(person))
    equipment.hide("StationName", f"GW{person.issuer}")


def _people(plant: Plant, visit: Visit) -> None:
    person = visit.person
    operator = plant.item("OperatorIdentificationSequence")
    operator.hide("InstitutionName", person.hospital)
    operator.hide("PersonAddress", f"Gasse 3, {person.city}", person.city)
    who = operator.item("PersonIdentificationCodeSequence")
    who.hide("CodeMeaning", person.staff[1])
    original = plant.item("OriginalAttributesSequence")
    original.hide("SourceOfPreviousValues", person.hospital)
    before = original.item("ModifiedAttributesSequence")
    before.hide("PatientName", f"{person.staff[3]}^{person.given}")
    before.hide("PatientID", f"OLD{person.code('other')}")
    older = before.item("OtherPatientIDsSequence")
    older.hide("PatientID", f"OLDEST{person.code('oldest')}")


def references(plant: Plant, visit: Visit, uids: tuple[str, ...], kind: str) -> None:
    """To other instances of the study, by UIDs that must join afterwards."""
    for uid in uids:
        item = plant.item("ReferencedImageSequence")
        item.put("ReferencedSOPClassUID", kind)
        item.uid("ReferencedSOPInstanceUID", uid, kept=True)
    step = plant.item("ReferencedPerformedProcedureStepSequence")
    step.put("ReferencedSOPClassUID", "1.2.840.10008.3.1.2.3.3")
    step.uid("ReferencedSOPInstanceUID", visit.uid("step"))


def private(plant: Plant, visit: Visit) -> None:
    """In private elements: plain, as bytes, and in an item; PS3.5 7.8."""
    person = visit.person
    plant.private(0x0009, "GRUENWALD PACS 1.0", 0x01, "LO", person.family)
    plant.private(0x0009, "GRUENWALD PACS 1.0", 0x02, "UN", person.patient_id.encode())
    plant.private(0x0029, "OKTAVIA SHADOW", 0x10, "LT", f"{person.given} {person.city}")
    inner = Dataset()
    block = plant.dataset.private_block(0x0029, "OKTAVIA SHADOW", create=True)
    block.add_new(0x20, "SQ", [inner])
    path = '(0029,"OKTAVIA SHADOW",20)[0000]'
    within = Plant(inner, plant.answers, path, "private")
    within.hide("PatientName", person.name, person.family)


def vendor_abuse(plant: Plant, visit: Visit) -> None:
    """Identities in attributes that PS3.15 leaves alone, as vendors have put them."""
    plant.hide("FilterType", visit.person.patient_id)
    plant.hide("PositionReferenceIndicator", visit.person.family)
    plant.hide(
        "AcquisitionProtocolDescription",
        f"for {visit.person.given}",
        visit.person.given,
    )
    family = visit.person.family
    plant.hide("ReasonForTheRequestedProcedure", f"{family} fell down", family)


def file_meta(plant: Plant, visit: Visit, series: Series) -> None:
    """In the file meta information; PS3.10 7.1."""
    dataset, person = plant.dataset, visit.person
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.TransferSyntaxUID = UID(ExplicitVRLittleEndian)
    dataset.file_meta = meta
    head = Plant(meta, plant.answers, category="file meta")
    head.uid("MediaStorageSOPInstanceUID", dataset.SOPInstanceUID)
    head.hide("SourceApplicationEntityTitle", series.machine.station(person)[:16])
    head.hide("SendingApplicationEntityTitle", f"AE{person.issuer}"[:16])
    head.put("PrivateInformationCreatorUID", person.uid("creator"))
    head.put("PrivateInformation", f"{person.name:<40}".encode())
    head.ask("PrivateInformation", Action.TEXT_REMOVED, person.family, person.name)


def preamble(plant: Plant, visit: Visit) -> None:
    """In the 128 bytes before the prefix, which mean nothing; PS3.10 7.1."""
    text = f"{visit.person.family} {visit.person.patient_id}"
    plant.dataset.preamble = text.encode().ljust(PREAMBLE, b"\0")
    for word in text.split():
        made = Answer("preamble", text, Action.TEXT_REMOVED, word, "", "preamble")
        plant.answers.append(made)


def overlay(plant: Plant, visit: Visit) -> None:
    """Drawn into an overlay plane; PS3.3 C.9.2."""
    rows, columns = _OVERLAY
    bits = np.packbits(lettered(visit.person.name, _OVERLAY), bitorder="little")
    dataset = plant.dataset
    for element, vr, value in (
        (0x0010, "US", rows),
        (0x0011, "US", columns),
        (0x0040, "CS", "G"),
        (0x0050, "SS", [1, 1]),
        (0x0100, "US", 1),
        (0x0102, "US", 0),
        (0x3000, "OW", bits.tobytes()),
        (0x4000, "LT", f"Drawn on {visit.person.family}"),
    ):
        dataset.add_new((0x6000, element), vr, value)
    name = visit.person.family
    box = f"0,0,{columns},{rows}"
    plant.answers += [
        Answer("(6000,3000)", box, Action.PIXELS_HIDDEN, name, "Overlay", "overlay"),
        Answer("(6000,4000)", name, Action.TEXT_REMOVED, name, "Overlay", "overlay"),
    ]


def icon(plant: Plant, visit: Visit) -> None:
    """Drawn into the icon; PS3.3 C.7.6.1.1.6."""
    picture = lettered(visit.person.family, (16, 64)).astype(np.uint8) * 255
    item = plant.item("IconImageSequence", "icon")
    item.put("SamplesPerPixel", 1)
    item.put("PhotometricInterpretation", "MONOCHROME2")
    item.put("Rows", picture.shape[0])
    item.put("Columns", picture.shape[1])
    item.put("BitsAllocated", 8)
    item.put("BitsStored", 8)
    item.put("HighBit", 7)
    item.put("PixelRepresentation", 0)
    item.put("PixelData", picture.tobytes())
    item.dataset["PixelData"].VR = "OB"
    box, name = "0,0,64,16", visit.person.family
    item.ask("PixelData", Action.PIXELS_HIDDEN, name, box)
