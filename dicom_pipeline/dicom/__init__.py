"""What a DICOM header means: reading, values, rows, policy. No I/O, no Dagster."""
