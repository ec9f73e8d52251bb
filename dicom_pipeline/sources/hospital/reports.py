"""Findings as text: structured reports without pixels."""

from collections.abc import Iterator
from dataclasses import replace

from pydicom.dataset import Dataset
from pydicom.uid import BasicTextSRStorage

from dicom_pipeline.sources.hospital.people import INSTITUTION
from dicom_pipeline.sources.hospital.screens import WORKSTATION
from dicom_pipeline.sources.hospital.study import Series, Visit, instance


def report(visit: Visit) -> Iterator[Dataset]:
    """A Basic Text SR that names the patient in its prose, as dictation does."""
    series = Series(900, "SR", BasicTextSRStorage, "Befund", WORKSTATION, "")
    series = replace(series, study_description="CT Thorax")
    dataset = instance(visit, series, 1)
    dataset.ValueType, dataset.ContinuityOfContent = "CONTAINER", "SEPARATE"
    dataset.CompletionFlag, dataset.VerificationFlag = "COMPLETE", "VERIFIED"
    dataset.ConceptNameCodeSequence = [_code("18748-4", "LN", "Diagnostic imaging")]
    dataset.PerformedProcedureCodeSequence = []
    dataset.ReferencedPerformedProcedureStepSequence = []
    dataset.VerifyingObserverSequence = [_observer(visit)]
    said = f"{visit.person.name.split('=', maxsplit=1)[0].replace('^', ' ')}: "
    dataset.ContentSequence = [
        _text("121071", "Finding", f"{said}Nodule in the right upper lobe, 12 mm."),
        _text("121077", "Conclusion", "Follow-up in three months."),
    ]
    yield dataset


def _observer(visit: Visit) -> Dataset:
    observer = Dataset()
    observer.VerifyingObserverName = visit.person.physician
    observer.VerifyingOrganization = INSTITUTION
    observer.VerificationDateTime = f"{visit.day:%Y%m%d}{visit.started:%H%M%S}"
    observer.VerifyingObserverIdentificationCodeSequence = []
    return observer


def _text(value: str, meaning: str, text: str) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType = "CONTAINS", "TEXT"
    item.ConceptNameCodeSequence = [_code(value, "DCM", meaning)]
    item.TextValue = text
    return item


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator = value, scheme
    code.CodeMeaning = meaning
    return code
