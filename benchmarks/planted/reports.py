"""A structured report that speaks of the patient in every kind of content item."""

from pydicom.dataset import Dataset

from .plant import Plant
from .visits import Visit


def content(plant: Plant, visit: Visit, image: str) -> None:
    """Fill an SR document: PS3.3 C.17.2, C.17.3.

    Args:
        plant: The document.
        visit: Its study.
        image: SOP Instance UID of the image that it speaks of.
    """
    person = visit.person
    plant.put("CompletionFlag", "COMPLETE")
    plant.put("VerificationFlag", "VERIFIED")
    observer = plant.item("VerifyingObserverSequence")
    observer.hide("VerifyingObserverName", person.staff[2])
    observer.hide("VerifyingOrganization", person.hospital)
    plant.put("ValueType", "CONTAINER")
    plant.put("ContinuityOfContent", "SEPARATE")
    _concept(plant, "18748-4", "LN", "Diagnostic imaging report")
    _findings(plant, visit, image)
    _evidence(plant, visit, image)


def _findings(plant: Plant, visit: Visit, image: str) -> None:
    person = visit.person
    text = _item(plant, "TEXT", "121071", "Finding")
    said = f"{person.family}, aged {person.age(visit.day)}, has a small nodule."
    text.hide("TextValue", said, person.family)
    name = _item(plant, "PNAME", "121008", "Person Observer Name")
    name.hide("PersonName", person.staff[2])
    when = _item(plant, "DATETIME", "111526", "DateTime Started")
    when.hide("DateTime", f"{visit.at:%Y%m%d%H%M%S}")
    who = _item(plant, "UIDREF", "121012", "Device Observer UID")
    who.uid("UID", person.uid("observer"))
    picture = _item(plant, "IMAGE", "121191", "Referenced Segment")
    reference = picture.item("ReferencedSOPSequence")
    reference.put("ReferencedSOPClassUID", "1.2.840.10008.5.1.4.1.1.2")
    reference.uid("ReferencedSOPInstanceUID", image)


def _evidence(plant: Plant, visit: Visit, image: str) -> None:
    study = plant.item("CurrentRequestedProcedureEvidenceSequence")
    study.uid("StudyInstanceUID", visit.uid())
    series = study.item("ReferencedSeriesSequence")
    series.uid("SeriesInstanceUID", visit.uid(1))
    evidence = series.item("ReferencedSOPSequence")
    evidence.put("ReferencedSOPClassUID", "1.2.840.10008.5.1.4.1.1.2")
    evidence.uid("ReferencedSOPInstanceUID", image, kept=True)


def _item(plant: Plant, kind: str, code: str, meaning: str) -> Plant:
    item = plant.item("ContentSequence")
    item.put("RelationshipType", "CONTAINS")
    item.put("ValueType", kind)
    _concept(item, code, "DCM", meaning)
    return item


def _concept(plant: Plant, value: str, scheme: str, meaning: str) -> None:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator = value, scheme
    code.CodeMeaning = meaning
    plant.put("ConceptNameCodeSequence", [code])
