"""DICOM files in S3 become de-identified tables and right-looking JPEGs."""
