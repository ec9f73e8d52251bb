"""The words: which columns each raw table has. Pure data, no reading, no writing."""

from dicom_pipeline.catalog.devices import DEVICES
from dicom_pipeline.catalog.images import IMAGES
from dicom_pipeline.catalog.patients import PATIENTS
from dicom_pipeline.catalog.persons import PERSONS
from dicom_pipeline.catalog.series import SERIES
from dicom_pipeline.catalog.studies import STUDIES
from dicom_pipeline.catalog.table import Table

ENTITIES: tuple[Table, ...] = (PATIENTS, STUDIES, SERIES, IMAGES, DEVICES)
"""Tables that are projections of headers."""

MAPPED: tuple[Table, ...] = (*ENTITIES, PERSONS)
"""Tables that cross the stage line: each of their columns has a rule."""

__all__ = [
    "DEVICES",
    "ENTITIES",
    "IMAGES",
    "MAPPED",
    "PATIENTS",
    "PERSONS",
    "SERIES",
    "STUDIES",
    "Table",
]
