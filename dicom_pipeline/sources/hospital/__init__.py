"""A small synthetic hospital: real DICOM files of people who never were.

Every name, number and picture is made up; the same seed makes the same bytes. The
demo, the tests and the leak scan use it: ``planted`` says what must not come through.
"""

from dicom_pipeline.sources.hospital.people import Person, Planted, planted
from dicom_pipeline.sources.hospital.write import write_hospital

__all__ = ["Person", "Planted", "planted", "write_hospital"]
