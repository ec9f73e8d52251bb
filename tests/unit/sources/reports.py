"""Inventory reports as the S3 User Guide describes them."""

import gzip
import hashlib
import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote_plus

import pyarrow as pa
import pyarrow.parquet as pq

from dicom_pipeline.resources.bucket import Bucket

AT = datetime(2016, 11, 6, 21, 32, tzinfo=UTC)
VERSIONED = (
    "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag,"
    " StorageClass, IsMultipartUploaded"
)
CURRENT = "Bucket, Key, Size, LastModifiedDate, ETag, StorageClass"
PARQUET = (
    "message s3.inventory { required binary bucket (UTF8); required binary key (UTF8);"
    " optional binary version_id (UTF8); optional boolean is_latest; optional boolean"
    " is_delete_marker; optional int64 size; optional int64 last_modified_date"
    " (TIMESTAMP_MILLIS); optional binary e_tag (UTF8); optional binary storage_class"
    " (UTF8); }"
)
FOLDER = "inventory/provider/daily/2016-11-06T21-32Z/"
MANIFEST = f"{FOLDER}manifest.json"


@dataclass(frozen=True)
class Version:
    """One line of a report."""

    key: str
    e_tag: str = "d41d8cd98f00b204e9800998ecf8427e"
    size: int | None = 7
    is_latest: bool = True
    is_delete_marker: bool = False


def csv_file(schema: str, versions: list[Version]) -> bytes:
    """Return a gzipped CSV file: no header line, all quoted, keys as in a form."""
    values = [
        {
            "Bucket": "provider",
            "Key": quote_plus(each.key),
            "VersionId": "3HL4kqtJlcpXrof3vjVBH40Nr8X8gdRQBpUMLUo",
            "IsLatest": str(each.is_latest).lower(),
            "IsDeleteMarker": str(each.is_delete_marker).lower(),
            "Size": "" if each.size is None else str(each.size),
            "LastModifiedDate": "2016-11-06T21:32:00.000Z",
            "ETag": each.e_tag,
            "StorageClass": "STANDARD",
            "IsMultipartUploaded": "false",
        }
        for each in versions
    ]
    names = schema.split(", ")
    lines = [",".join(f'"{row[name.strip()]}"' for name in names) for row in values]
    return gzip.compress("".join(f"{line}\n" for line in lines).encode())


def parquet_file(versions: list[Version]) -> bytes:
    """Return a Parquet file: keys as they are."""
    rows = [
        {
            "bucket": "provider",
            "key": each.key,
            "version_id": "null",
            "is_latest": each.is_latest,
            "is_delete_marker": each.is_delete_marker,
            "size": each.size,
            "last_modified_date": AT.replace(tzinfo=None),
            "e_tag": each.e_tag,
            "storage_class": "STANDARD",
        }
        for each in versions
    ]
    sink = io.BytesIO()
    times = pa.timestamp("ms")
    table = pa.Table.from_pylist(rows)
    place = table.column_names.index("last_modified_date")
    column = table["last_modified_date"].cast(times)
    pq.write_table(table.set_column(place, "last_modified_date", column), sink)
    return sink.getvalue()


def publish(bucket: Bucket, file_format: str, schema: str, files: list[bytes]) -> dict:
    """Put a report where S3 would; return what its manifest says."""
    told = {
        "sourceBucket": "provider",
        "destinationBucket": "arn:aws:s3:::reports",
        "version": "2016-11-30",
        "creationTimestamp": "1514944800000",
        "fileFormat": file_format,
        "fileSchema": schema,
        "files": [],
    }
    for number, body in enumerate(files):
        key = f"inventory/provider/daily/data/{number}.{file_format.lower()}"
        bucket.write(key, body)
        digest = hashlib.md5(body).hexdigest()
        told["files"].append({"key": key, "size": len(body), "MD5checksum": digest})
    announce(bucket, told)
    return told


def announce(bucket: Bucket, told: dict) -> None:
    """Put the manifest and its checksum."""
    body = json.dumps(told, indent=4).encode()
    bucket.write(MANIFEST, body)
    checksum = hashlib.md5(body).hexdigest().encode()
    bucket.write(f"{FOLDER}manifest.checksum", checksum)
