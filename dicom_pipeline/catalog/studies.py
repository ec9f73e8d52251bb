"""Columns of ``studies``."""

from dicom_pipeline.catalog.lineage import DESCRIBED_BY, PATIENT_LINK
from dicom_pipeline.catalog.table import (
    DATE,
    INTEGER,
    TEXT,
    TEXTS,
    TIME,
    Column,
    Reading,
    Table,
)

STUDIES = Table(
    name="studies",
    grain="One study, as the newest instance of one batch describes it.",
    source="PS3.3 C.7.2.1 General Study; C.3.4 Visit; C.4.12 Requested Procedure",
    key=("study_instance_uid",),
    columns=(
        *PATIENT_LINK,
        *DESCRIBED_BY,
        Column("study_instance_uid", "StudyInstanceUID", TEXT),
        Column("study_id", "StudyID", TEXT),
        Column("accession_number", "AccessionNumber", TEXT),
        Column(
            "issuer_of_accession_number_sequence",
            "IssuerOfAccessionNumberSequence",
            TEXT,
        ),
        Column("study_date", "StudyDate", DATE),
        Column("study_time", "StudyTime", TIME),
        Column("timezone_offset_from_utc", "TimezoneOffsetFromUTC", TEXT),
        Column("referring_physician_name", "ReferringPhysicianName", TEXT),
        Column("referring_physician_address", "ReferringPhysicianAddress", TEXT),
        Column(
            "referring_physician_telephone_numbers",
            "ReferringPhysicianTelephoneNumbers",
            TEXT,
        ),
        Column(
            "referring_physician_identification_sequence",
            "ReferringPhysicianIdentificationSequence",
            TEXT,
        ),
        Column("consulting_physician_name", "ConsultingPhysicianName", TEXT),
        Column(
            "consulting_physician_identification_sequence",
            "ConsultingPhysicianIdentificationSequence",
            TEXT,
        ),
        Column("physicians_of_record", "PhysiciansOfRecord", TEXT),
        Column(
            "physicians_of_record_identification_sequence",
            "PhysiciansOfRecordIdentificationSequence",
            TEXT,
        ),
        Column(
            "name_of_physicians_reading_study", "NameOfPhysiciansReadingStudy", TEXT
        ),
        Column(
            "physicians_reading_study_identification_sequence",
            "PhysiciansReadingStudyIdentificationSequence",
            TEXT,
        ),
        Column("requesting_physician", "RequestingPhysician", TEXT),
        Column(
            "requesting_physician_identification_sequence",
            "RequestingPhysicianIdentificationSequence",
            TEXT,
        ),
        Column("requesting_service", "RequestingService", TEXT),
        Column("study_description", "StudyDescription", TEXT),
        Column(
            "procedure_code_sequence", "ProcedureCodeSequence", TEXTS, Reading.CODES
        ),
        Column("reason_for_study", "ReasonForStudy", TEXT),
        Column(
            "reason_for_the_requested_procedure", "ReasonForTheRequestedProcedure", TEXT
        ),
        Column("study_comments", "StudyComments", TEXT),
        Column("admission_id", "AdmissionID", TEXT),
        Column("admitting_date", "AdmittingDate", DATE),
        Column("admitting_time", "AdmittingTime", TIME),
        Column(
            "admitting_diagnoses_description", "AdmittingDiagnosesDescription", TEXT
        ),
        Column(
            "admitting_diagnoses_code_sequence", "AdmittingDiagnosesCodeSequence", TEXT
        ),
        Column("current_patient_location", "CurrentPatientLocation", TEXT),
        Column("patient_institution_residence", "PatientInstitutionResidence", TEXT),
        Column("service_episode_id", "ServiceEpisodeID", TEXT),
        Column("service_episode_description", "ServiceEpisodeDescription", TEXT),
        Column("visit_comments", "VisitComments", TEXT),
        Column(
            "discharge_diagnosis_description", "DischargeDiagnosisDescription", TEXT
        ),
        Column("requested_procedure_id", "RequestedProcedureID", TEXT),
        Column("requested_procedure_comments", "RequestedProcedureComments", TEXT),
        Column(
            "placer_order_number_imaging_service_request",
            "PlacerOrderNumberImagingServiceRequest",
            TEXT,
        ),
        Column(
            "filler_order_number_imaging_service_request",
            "FillerOrderNumberImagingServiceRequest",
            TEXT,
        ),
        Column("order_entered_by", "OrderEnteredBy", TEXT),
        Column("referenced_study_sequence", "ReferencedStudySequence", TEXT),
        Column(
            "requested_procedure_description", "RequestedProcedureDescription", TEXT
        ),
        Column("modalities_in_study", "ModalitiesInStudy", TEXTS),
        Column("number_of_study_related_series", "NumberOfStudyRelatedSeries", INTEGER),
        Column(
            "number_of_study_related_instances",
            "NumberOfStudyRelatedInstances",
            INTEGER,
        ),
    ),
)
