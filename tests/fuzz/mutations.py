"""Changes to DICOM bytes that a fuzzer would take long to find by itself."""

import re
import struct
import zlib
from collections.abc import Callable
from random import Random

VRS = (
    *("AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "OB"),
    *("OD", "OF", "OL", "OV", "OW", "PN", "SH", "SL", "SQ", "SS", "ST", "SV", "TM"),
    *("UC", "UI", "UL", "UN", "UR", "US", "UT", "UV", "XX"),
)
LONG = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR"})
LONG |= {"UT", "UV"}
UNDEFINED = 0xFFFFFFFF
LENGTHS = (0, 1, 2, 3, 7, 8, 0xFF, 0xFFFE, 0xFFFF, 0x10000, 2**31, UNDEFINED - 1)
TAGS = (
    *(0x00020000, 0x00020001, 0x00020010, 0x00041220, 0x00080000, 0x00080005),
    *(0x00080016, 0x00080018, 0x00080020, 0x00081140, 0x00090010, 0x00091001),
    *(0x00100010, 0x00100020, 0x0020000D, 0x0020000E, 0x00280103, 0x00280106),
    *(0x52009229, 0x60003000, 0x7FE00008, 0x7FE00010, 0xFFFEE000, 0xFFFEE00D),
    *(0xFFFEE0DD, 0xFFFFFFFF, 0, 0xFFFCFFFC),
)
SYNTAXES = (
    *("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"),
    *("1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.5", "1.9"),
)
CHARSETS = (
    *("ISO_IR 100", "ISO_IR 192", "GB18030", "GBK", "ISO_IR 13", "ISO_IR 166"),
    *("\\ISO 2022 IR 87", "ISO 2022 IR 13\\ISO 2022 IR 87", "\\ISO 2022 IR 149"),
    *("\\ISO 2022 IR 58", "ISO 2022 IR 6\\ISO 2022 IR 159", "ISO_IR 192\\GBK"),
    *("idna", "hex", "UTF-8", "iso-ir-100", "\\\\\\", "punycode", "ISO 2022 IR 87"),
)
VALUES = (
    b"20240229", b"1994.11.05", b"20240101-", b"235960.999999", b"2024+1400", b"NaN",
    b"-inf", b"1e999", b"1_0", b"9" * 400, b"-0", b"0x1F", b"\\" * 40, b"^^^=^=^",
    b"\x1b$B;3ED\x1b(B", b"\x1b$)C\xb1\xe8", b"\x1b$)A\xce\xd2", b"\x1b", b"\x1b$",
    b"\xff\xfe", b"\xed\xa0\x80", b"\0" * 9, b" " * 9, b"1.2.3\0", b"099Y", b"+.",
    b"\xd9\xa2\xd9\xa0", b"\xef\xbc\x92", b"a" * 1500,
)  # fmt: skip
_HEAD = re.compile(rb"[\x00-\xff]{4}(?:" + "|".join(VRS).encode() + rb")")


def mutated(data: bytes, random: Random, limit: int = 1 << 16) -> bytes:
    """Change ``data`` in one to four places, as ``random`` says.

    Args:
        data: Any bytes, DICOM or not.
        random: Source of every choice.
        limit: Bytes of the result at most.
    """
    for _ in range(random.choice((1, 1, 1, 2, 2, 4))):
        data = random.choice(_CHANGES)(data, random)
    return data[:limit]


def element(tag: int, vr: str, value: bytes, length: int | None = None) -> bytes:
    """One explicit little endian element (PS3.5 7.1.2), its length a lie if told."""
    claimed = len(value) if length is None else length
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    if vr in LONG:
        return head + struct.pack("<HL", 0, claimed & 0xFFFFFFFF) + value
    return head + struct.pack("<H", claimed & 0xFFFF) + value


def _places(data: bytes) -> list[int]:
    """Offsets where an explicit element seems to begin."""
    return [found.start() for found in _HEAD.finditer(data)] or [0]


def _put(data: bytes, place: int, patch: bytes) -> bytes:
    return data[:place] + patch + data[place + len(patch) :]


def _vr(data: bytes, random: Random) -> bytes:
    return _put(data, random.choice(_places(data)) + 4, random.choice(VRS).encode())


def _tag(data: bytes, random: Random) -> bytes:
    tag = random.choice(TAGS)
    patch = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
    return _put(data, random.choice(_places(data)), patch)


def _length(data: bytes, random: Random) -> bytes:
    """A short or a long length, where the element keeps it."""
    place = random.choice(_places(data))
    length = random.choice((*LENGTHS, random.randrange(64), len(data)))
    if data[place + 4 : place + 6].decode("latin-1") in LONG:
        return _put(data, place + 8, struct.pack("<L", length))
    return _put(data, place + 6, struct.pack("<H", length & 0xFFFF))


def _value(data: bytes, random: Random) -> bytes:
    return _put(data, random.choice(_places(data)) + 8, random.choice(VALUES))


def _any_element(random: Random) -> bytes:
    tag = random.choice((*TAGS, random.randrange(1 << 32)))
    value = random.choice((*VALUES, random.randbytes(random.randrange(40)), b""))
    length = random.choice((None, None, None, *LENGTHS, UNDEFINED))
    return element(tag, random.choice(VRS), value, length)


def _insert(data: bytes, random: Random) -> bytes:
    place = random.choice(_places(data))
    return data[:place] + _any_element(random) + data[place:]


def _nest(data: bytes, random: Random) -> bytes:
    """Sequences in sequences, with lengths or without, closed or not."""
    levels, inner = random.choice((1, 2, 3, 9, 63, 64, 65, 200)), _any_element(random)
    for _ in range(levels):
        if random.random() < 0.5:
            inner = struct.pack("<HHL", 0xFFFE, 0xE000, len(inner)) + inner
            inner = element(0x00081140, "SQ", inner)
        else:
            inner = struct.pack("<HHL", 0xFFFE, 0xE000, UNDEFINED) + inner
            inner += struct.pack("<HHL", 0xFFFE, 0xE00D, 0) * (random.random() < 0.9)
            inner = element(0x00081140, random.choice(("SQ", "UN")), inner, UNDEFINED)
            inner += struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
    place = random.choice(_places(data))
    return data[:place] + inner + data[place:]


def _charset(data: bytes, random: Random) -> bytes:
    place = random.choice(_places(data))
    terms = element(0x00080005, "CS", random.choice(CHARSETS).encode())
    name = element(0x00100010, "PN", random.choice(VALUES))
    return data[:place] + terms + name + data[place:]


def _syntax(data: bytes, random: Random) -> bytes:
    """Another transfer syntax over the same bytes."""
    place = data.find(b"\x02\x00\x10\x00UI")
    if place < 0:
        return data
    end = place + 8 + int.from_bytes(data[place + 6 : place + 8], "little")
    uid = random.choice(SYNTAXES).encode()
    return data[:place] + element(0x00020010, "UI", uid + b"\0") + data[end:]


def _deflate(data: bytes, random: Random) -> bytes:
    """The data set deflated, with a bomb or a torn end at times."""
    place = data.find(b"\x02\x00\x10\x00UI")
    end = place + 8 + int.from_bytes(data[place + 6 : place + 8], "little")
    body = data[end:] + bytes(5_000_000 * (random.random() < 0.01))
    packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(body) + packer.flush()
    if random.random() < 0.2:
        packed = packed[: random.randrange(len(packed))]
    meta = element(0x00020010, "UI", b"1.2.840.10008.1.2.1.99")
    return data[: max(place, 0)] + meta + packed


def _cut(data: bytes, random: Random) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _repeat(data: bytes, random: Random) -> bytes:
    """A stretch of elements again, or moved, or taken out."""
    places = _places(data)
    start, end = sorted((random.choice(places), random.choice(places)))
    target = random.choice(places)
    return data[:target] + data[start:end] + data[random.choice((target, end)) :]


def _bytes(data: bytes, random: Random) -> bytes:
    patch = random.randbytes(random.choice((1, 1, 2, 4)))
    return _put(data, random.randrange(len(data) + 1), patch)


Change = Callable[[bytes, Random], bytes]
_CHANGES: tuple[Change, ...] = (
    *(_vr, _tag, _length, _length, _value, _value, _insert, _nest, _charset, _syntax),
    *(_deflate, _cut, _repeat, _bytes, _bytes),
)
