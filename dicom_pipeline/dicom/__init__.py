"""The meaning: what a DICOM header says. No I/O, no Dagster, no bucket."""
