"""An independent reading of headers: pydicom's own JSON, element by element."""

import base64
import hashlib
import warnings
from io import BytesIO
from typing import Any

import pydicom
from pydicom.dataset import Dataset

Json = dict[str, Any]

PIXELS = {0x7FE00008, 0x7FE00009, 0x7FE00010}


def parsed(data: bytes) -> Dataset:
    """Read a whole file with pydicom, up to its pixel data."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(BytesIO(data), stop_before_pixels=True, force=True)


def dicom_json(dataset: Dataset) -> Json:
    """Return ``dataset`` in the DICOM JSON Model as ``to_json_dict`` spells it.

    An element that pydicom cannot convert is left out.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        spelled: Json = dataset.to_json_dict(suppress_invalid_tags=True)
    return spelled


def differences(ours: Json, theirs: Json, bulk: dict[str, str], path: str = "") -> list:
    """Compare two data sets of the JSON model, but for the differences on purpose.

    Those are: group lengths are left out; padding is stripped; a binary value above
    1 KiB is a reference with its SHA-256; numbers are equal however spelled; a name
    has no empty component groups; bytes without a meaning are UN; what pydicom leaves
    out because it or an item of it is invalid, ours keeps.

    Args:
        ours: As the header reader spells it.
        theirs: As pydicom does.
        bulk: SHA-256 by path of the values that ours refers to.
        path: Where in the header both are.

    Returns:
        ``(path, ours, theirs)`` of each difference.
    """
    theirs = {tag: item for tag, item in theirs.items() if not tag.endswith("0000")}
    found = [(f"{path}/{tag}", "absent", "") for tag in theirs.keys() - ours.keys()]
    for tag in ours.keys() & theirs.keys():
        found += _of_element(ours[tag], theirs[tag], bulk, f"{path}/{tag}")
    return found


def _of_element(ours: Json, theirs: Json, bulk: dict[str, str], path: str) -> list:
    if ours["vr"] != theirs["vr"] and ours["vr"] != "UN":
        return [(path, ours["vr"], theirs["vr"])]
    if "InlineBinary" in theirs:
        return _of_bytes(ours, theirs, bulk, path)
    mine, other = ours.get("Value", []), theirs.get("Value", [])
    if ours["vr"] == "SQ":
        if len(mine) != len(other):
            return [(path, len(mine), len(other))]
        found = []
        for index, pair in enumerate(zip(mine, other, strict=True)):
            found += differences(*pair, bulk, f"{path}/Value/{index}")
        return found
    mine, other = _meaning(mine), _meaning(other)
    return [] if mine == other else [(path, mine, other)]


def _of_bytes(ours: Json, theirs: Json, bulk: dict[str, str], path: str) -> list:
    data = base64.b64decode(theirs["InlineBinary"])
    if "InlineBinary" in ours:
        same = base64.b64decode(ours["InlineBinary"]) == data
    else:
        same = bulk.get(path) == hashlib.sha256(data).hexdigest()
    return [] if same else [(path, "other bytes", len(data))]


def _meaning(values: list[Any]) -> list[Any]:
    plain = [_plain(value) for value in values]
    return plain if any(item != "" for item in plain) else []


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        names = {group: _plain(text) for group, text in value.items()}
        return {group: text for group, text in names.items() if text != ""} or ""
    if value is None:
        return ""
    try:
        return float(value)
    except ValueError:
        return str(value).strip(" \0")
