"""What fuzzing starts from: real headers of pydicom's wheel, without their pixels."""

import struct
from pathlib import Path

from pydicom.data import get_charset_files, get_testdata_files

from dicom_pipeline.dicom.header import Header, extract
from tests.fuzz.mutations import UNDEFINED, element

_LARGEST = 16 * 1024
_AFTER = 64  # bytes of pixel data that stay


def seeds() -> list[bytes]:
    """Each file up to its pixels, and one of our own; small ones only."""
    paths = {Path(p) for p in (*get_testdata_files(), *get_charset_files())}
    headers = (_header(path) for path in sorted(paths) if path.is_file())
    return [_own(), *(data for data in headers if 0 < len(data) <= _LARGEST)]


def _header(path: Path) -> bytes:
    data = path.read_bytes()
    outcome = extract(data, len(data))
    end = len(data)
    if isinstance(outcome, Header):
        end = outcome.header_bytes + _AFTER
    return data[:end]


def _own() -> bytes:
    """Every VR once, and the UIDs that the wheel's charset files have."""
    item = element(0x00080018, "UI", b"1.2.3\0") + element(0x00081150, "UI", b"1.2\0")
    item = struct.pack("<HHL", 0xFFFE, 0xE000, len(item)) + item
    end = struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
    return b"".join(
        (
            bytes(128) + b"DICM",
            element(0x00020010, "UI", b"1.2.840.10008.1.2.1\0"),
            element(0x00080005, "CS", b"\\ISO 2022 IR 87"),
            element(0x00080016, "UI", b"1.2.840.10008.5.1.4.1.1.2\0"),
            element(0x00080018, "UI", b"1.2.3.4\0"),
            element(0x00080020, "DA", b"20240131"),
            element(0x0008002A, "DT", b"20240131101500.5+0100 "),
            element(0x00080030, "TM", b"101500.25 "),
            element(0x00080060, "CS", b"CT"),
            element(0x00081140, "SQ", item),
            element(0x00081199, "SQ", item + end, UNDEFINED),
            element(0x00090010, "LO", b"SIEMENS CT VA0  COAD"),
            element(0x00091011, "UN", b"\x01\x02"),
            element(0x00100010, "PN", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^"),
            element(0x00100020, "LO", b"0042"),
            element(0x00101010, "AS", b"042Y"),
            element(0x00101030, "DS", b"72.5"),
            element(0x0020000D, "UI", b"1.2\0"),
            element(0x0020000E, "UI", b"1.2.3\0"),
            element(0x00200013, "IS", b"12"),
            element(0x00280009, "AT", b"\x18\x00\x63\x10"),
            element(0x00280010, "US", b"\x02\x00"),
            element(0x00280106, "SS", b"\xff\xff"),
            element(0x00189087, "FD", struct.pack("<d", 0.5)),
            element(0x0040A30A, "UT", b"text"),
            element(0x7FE00010, "OW", bytes(8)),
        )
    )
