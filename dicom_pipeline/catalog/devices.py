"""Columns of ``devices``."""

from dicom_pipeline.catalog.lineage import DESCRIBED_BY, DEVICE_LINK
from dicom_pipeline.catalog.table import DATE, TEXT, Column, Table

DEVICES = Table(
    name="devices",
    grain="One device, as the newest instance of one batch describes it.",
    source="PS3.3 C.7.5.1 General Equipment Module; C.7.6.12 Device Module",
    key=("device_identity",),
    columns=(
        *DEVICE_LINK,
        *DESCRIBED_BY,
        Column("manufacturer", "Manufacturer", TEXT),
        Column("manufacturer_model_name", "ManufacturerModelName", TEXT),
        Column("device_serial_number", "DeviceSerialNumber", TEXT),
        Column("device_uid", "DeviceUID", TEXT),
        Column("udi_sequence", "UDISequence", TEXT),
        Column("device_id", "DeviceID", TEXT),
        Column("software_versions", "SoftwareVersions", TEXT),
        Column("station_name", "StationName", TEXT),
        Column("institution_name", "InstitutionName", TEXT),
        Column("institution_address", "InstitutionAddress", TEXT),
        Column("institutional_department_name", "InstitutionalDepartmentName", TEXT),
        Column("institution_code_sequence", "InstitutionCodeSequence", TEXT),
        Column("gantry_id", "GantryID", TEXT),
        Column("detector_id", "DetectorID", TEXT),
        Column("plate_id", "PlateID", TEXT),
        Column("cassette_id", "CassetteID", TEXT),
        Column("generator_id", "GeneratorID", TEXT),
        Column("device_description", "DeviceDescription", TEXT),
        Column("scheduled_station_ae_title", "ScheduledStationAETitle", TEXT),
        Column("station_ae_title", "StationAETitle", TEXT),
        Column("network_id", "NetworkID", TEXT),
        Column(
            "contributing_equipment_sequence", "ContributingEquipmentSequence", TEXT
        ),
        Column("secondary_capture_device_id", "SecondaryCaptureDeviceID", TEXT),
        Column("date_of_last_calibration", "DateOfLastCalibration", TEXT),
        Column("date_of_manufacture", "DateOfManufacture", DATE),
        Column("date_of_installation", "DateOfInstallation", DATE),
        Column(
            "date_of_last_detector_calibration", "DateOfLastDetectorCalibration", DATE
        ),
        Column("time_of_last_calibration", "TimeOfLastCalibration", TEXT),
        Column(
            "secondary_capture_device_manufacturer",
            "SecondaryCaptureDeviceManufacturer",
            TEXT,
        ),
    ),
)
