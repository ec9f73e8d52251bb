"""Attributes of the modules that every image has, each with what is asked of it."""

import datetime as dt

from .answers import Action
from .people import Person, uid_of
from .plant import Plant
from .visits import Machine, Series, Visit

_NINETY = 90


def patient(plant: Plant, visit: Visit) -> None:
    """PS3.3 C.7.1.1, C.7.2.2."""
    person = visit.person
    hide = plant.hide
    hide("PatientName", person.name, person.family, person.given)
    hide("PatientID", person.patient_id)
    plant.ask("PatientID", Action.PATID_CONSISTENT, person.patient_id)
    hide("IssuerOfPatientID", person.issuer)
    hide("PatientBirthDate", f"{person.born:%Y%m%d}")
    hide("PatientBirthTime", "041733")
    plant.keep("PatientSex", person.sex)
    plant.there("PatientSize", "1.74")
    plant.there("PatientWeight", "71.5")
    _age(plant, person.age(visit.day))
    _about_patient(plant, person)


def _about_patient(plant: Plant, person: Person) -> None:
    hide = plant.hide
    hide("OtherPatientIDs", f"OLD{person.code('other')}")
    hide("OtherPatientNames", f"{person.family}-{person.staff[3]}^{person.given}")
    hide("PatientBirthName", f"{person.staff[3]}^{person.given}")
    hide("PatientMotherBirthName", person.staff[2])
    hide("PatientAddress", f"{person.family}weg 7, {person.city}", person.city)
    hide("PatientTelephoneNumbers", f"+49{person.code('phone')}77")
    hide("RegionOfResidence", f"{person.city}er Land", person.city)
    hide("MedicalRecordLocator", f"MRL{person.code('locator')}")
    history = f"Sister of {person.family}, seen in {person.city}"
    hide("AdditionalPatientHistory", history, person.family, person.city)
    hide("PatientComments", f"Call {person.given} at home", person.given)
    hide("Occupation", f"of {person.city}", person.city)
    hide("ResponsiblePerson", person.staff[2])
    other = plant.item("OtherPatientIDsSequence")
    other.hide("PatientID", f"OLD{person.code('other')}")
    other.hide("IssuerOfPatientID", f"FORMER{person.issuer}")


def study(plant: Plant, visit: Visit, words: str) -> None:
    """PS3.3 C.7.2.1, C.4.11."""
    person = visit.person
    plant.uid("StudyInstanceUID", visit.uid(), kept=True)
    plant.date("StudyDate", visit.day)
    plant.there("StudyTime", f"{visit.at:%H%M%S}")
    plant.hide("AccessionNumber", visit.accession)
    plant.hide("StudyID", f"SID{person.code('study', visit.number)}")
    plant.describe("StudyDescription", words, person.family)
    plant.date("AdmittingDate", visit.day - dt.timedelta(days=3))
    plant.describe("RequestedProcedureDescription", words, person.given)
    code = plant.item("ProcedureCodeSequence")
    code.keep("CodeValue", "RPID16")
    code.keep("CodingSchemeDesignator", "RADLEX")
    _about_study(plant, visit)


def _about_study(plant: Plant, visit: Visit) -> None:
    person, hide = visit.person, plant.hide
    hide("AdmissionID", f"ADM{person.code('admission', visit.number)}")
    hide("ReferringPhysicianName", person.staff[0])
    address = f"{person.staff[0]} Praxis, {person.city}"
    hide("ReferringPhysicianAddress", address, person.staff[0], person.city)
    hide("ReferringPhysicianTelephoneNumbers", f"+49{person.code('practice')}11")
    hide("PhysiciansOfRecord", person.staff[1])
    hide("NameOfPhysiciansReadingStudy", person.staff[2])
    hide("RequestingPhysician", person.staff[0])
    hide("AdmittingDiagnosesDescription", f"Fell with {person.family}", person.family)
    hide("ReasonForStudy", f"Asked by {person.staff[0]}", person.staff[0])
    hide("RequestedProcedureComments", f"Bring {person.given} by bed", person.given)
    hide("CurrentPatientLocation", f"Ward {person.staff[1]}", person.staff[1])
    hide("IssueDateOfImagingServiceRequest", f"{visit.day:%Y%m%d}")


def of_series(plant: Plant, visit: Visit, series: Series) -> None:
    """PS3.3 C.7.3.1, C.7.4.1."""
    person = visit.person
    plant.keep("Modality", series.modality)
    plant.uid("SeriesInstanceUID", visit.uid(series.number), kept=True)
    plant.keep("SeriesNumber", series.number)
    plant.date("SeriesDate", visit.day)
    plant.there("SeriesTime", f"{visit.at + dt.timedelta(minutes=4):%H%M%S}")
    plant.describe("SeriesDescription", series.words, person.family)
    plant.describe("ProtocolName", series.words, person.hospital.split()[0])
    plant.keep("BodyPartExamined", series.body_part)
    plant.keep("PatientPosition", "HFS")
    plant.hide("OperatorsName", person.staff[1])
    plant.hide("PerformingPhysicianName", person.staff[2])
    plant.uid("FrameOfReferenceUID", visit.uid("frame"), kept=True)
    plant.date("PerformedProcedureStepStartDate", visit.day)
    plant.hide("PerformedProcedureStepID", f"PPS{person.code('step', visit.number)}")
    plant.hide(
        "CommentsOnThePerformedProcedureStep", f"{person.given} moved", person.given
    )
    words = "PerformedProcedureStepDescription"
    plant.describe(words, series.words, person.family)


def equipment(plant: Plant, person: Person, machine: Machine) -> None:
    """PS3.3 C.7.5.1."""
    # Who made it is asked for, not how they spell themselves this year.
    plant.keep("Manufacturer", machine.maker, machine.maker.split()[0])
    plant.keep("ManufacturerModelName", machine.model)
    plant.keep("SoftwareVersions", machine.software)
    plant.hide("DeviceSerialNumber", machine.serial(person))
    plant.hide("StationName", machine.station(person))
    plant.hide("InstitutionName", person.hospital, *person.hospital.split())
    plant.hide("InstitutionAddress", f"Klinikring 1, {person.city}", person.city)
    plant.hide(
        "InstitutionalDepartmentName", f"{person.staff[1]} Ward", person.staff[1]
    )
    plant.uid("DeviceUID", uid_of(person.issuer, machine.model))
    plant.hide("GantryID", f"GA{machine.serial(person)}")
    plant.hide("DateOfLastCalibration", "20220215")


def general_image(plant: Plant, visit: Visit, series: Series, number: int) -> None:
    """PS3.3 C.7.6.1, C.12.1."""
    person, at = visit.person, visit.at + dt.timedelta(seconds=7 * number + 300)
    plant.keep("SOPClassUID", series.sop_class)
    plant.uid("SOPInstanceUID", visit.uid(series.number, number), kept=True)
    plant.keep("InstanceNumber", number)
    plant.keep("AcquisitionNumber", 1)
    if series.kind:
        plant.keep("ImageType", list(series.kind))
    for keyword in ("AcquisitionDate", "ContentDate", "InstanceCreationDate"):
        plant.date(keyword, visit.day)
    for keyword in ("AcquisitionTime", "ContentTime"):
        plant.there(keyword, f"{at:%H%M%S}")
    plant.date("AcquisitionDateTime", at)
    plant.uid("InstanceCreatorUID", person.uid("creator"))
    plant.hide("ImageComments", f"Shown to {person.staff[0]}", person.staff[0])
    plant.describe("DerivationDescription", series.words, person.family)
    plant.hide("ContentCreatorName", person.staff[2])


def _age(plant: Plant, age: str) -> None:
    if int(age[:3]) < _NINETY:
        plant.keep("PatientAge", age)
    else:
        plant.hide("PatientAge", age)
