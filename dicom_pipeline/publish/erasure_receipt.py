"""The receipt of an erasure: what was done, when, with which key; of nobody by name."""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dicom_pipeline.layout import STATE_PREFIX
from dicom_pipeline.resources.bucket import Bucket

Facts = dict[str, Any]

RECEIPTS_PREFIX = f"{STATE_PREFIX}erasures/"


def write_receipt(facts: Facts, raw: Bucket, file: Path) -> Facts:
    """Add our version and a digest; keep it in a file and in the raw zone."""
    said = {**facts, "version": version("dicom-pipeline")}
    said["sha256"] = receipt_digest(said)
    body = json.dumps(said, indent=2).encode()
    raw.write(f"{RECEIPTS_PREFIX}{file.name}", body)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.write_bytes(body)
    return said


def receipt_digest(receipt: Facts) -> str:
    """SHA-256 of a receipt without its own ``sha256``: sorted keys, no spaces."""
    rest = {name: value for name, value in receipt.items() if name != "sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
