"""Grey sequential Huffman JPEGs of 8 and 12 bits, read plainly: ISO 10918-1.

The inverse DCT is the standard's own sum (A.3.3) in float64, so its values are not
rounded; what a decoder in whole numbers may differ by is its rounding, and no more.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_SIDE = 8
_RST = range(0xD0, 0xD8)
_FRAMES = (0xC0, 0xC1)
_DHT, _EOI, _SOS, _DQT, _DRI = 0xC4, 0xD9, 0xDA, 0xDB, 0xDD


@dataclass
class _Stream:
    """Tables and numbers of the markers, and the coded data behind them."""

    quantization: dict[int, NDArray[np.float64]] = field(default_factory=dict)
    codes: dict[int, dict[tuple[int, int], int]] = field(default_factory=dict)
    frame: bytes = b""
    scan: bytes = b""
    restart: int = 0
    data: bytes = b""


def exact(stream: bytes) -> NDArray[np.float64]:
    """Samples of a grey frame, not rounded, cut at the ends of its precision.

    Raises:
        ValueError: The frame is another kind of JPEG.
    """
    read = _markers(stream)
    precision, rows, columns, components = struct.unpack(">BHHB", read.frame[:6])
    if components != 1:
        raise ValueError("only grey is read")
    across, down = -(-columns // _SIDE), -(-rows // _SIDE)
    table = read.quantization[read.frame[8]]
    blocks = np.array(list(_blocks(read, across * down)), np.float64) * table
    squares = np.zeros((across * down, _SIDE * _SIDE))
    squares[:, _zigzag()] = blocks
    basis = _cosines()
    squares = squares.reshape(-1, _SIDE, _SIDE)
    values = np.einsum("ux,nuv,vy->nxy", basis, squares, basis)
    plane = values.reshape(down, across, _SIDE, _SIDE).swapaxes(1, 2)
    plane = plane.reshape(down * _SIDE, across * _SIDE)[:rows, :columns]
    return (plane + 2 ** (precision - 1)).clip(0, 2**precision - 1)


def _markers(stream: bytes) -> _Stream:
    read, at = _Stream(), 2
    while (code := stream[at + 1]) != _EOI:
        (length,) = struct.unpack(">H", stream[at + 2 : at + 4])
        body, at = stream[at + 4 : at + 2 + length], at + 2 + length
        if code in _FRAMES:
            read.frame = body
        elif 0xC2 <= code <= 0xCF and code != _DHT:
            raise ValueError("only sequential Huffman frames are read")
        elif code == _DHT:
            _huffman(body, read.codes)
        elif code == _DQT:
            _quantization(body, read.quantization)
        elif code == _DRI:
            (read.restart,) = struct.unpack(">H", body)
        elif code == _SOS:
            read.scan, read.data = body, stream[at:]
            break
    return read


def _quantization(body: bytes, tables: dict[int, NDArray[np.float64]]) -> None:
    while body:
        kind, wide = body[0] & 15, body[0] >> 4
        size = 64 * (1 + wide)
        values = np.frombuffer(body[1 : 1 + size], ">u2" if wide else "u1")
        tables[kind], body = values.astype(np.float64), body[1 + size :]


def _huffman(body: bytes, tables: dict[int, dict[tuple[int, int], int]]) -> None:
    """Symbols by length and code, C.2."""
    while body:
        kind, counts = body[0], body[1:17]
        symbols, code = iter(body[17 : 17 + sum(counts)]), 0
        table = tables[kind] = {}
        for length, count in enumerate(counts, 1):
            for _ in range(count):
                table[length, code] = next(symbols)
                code += 1
            code <<= 1
        body = body[17 + sum(counts) :]


def _bits(data: bytes) -> Iterator[int | None]:
    """Bits of the scan without stuffed bytes; ``None`` is a restart."""
    at = 0
    while at < len(data):
        byte, at = data[at], at + 1
        if byte == 0xFF:
            marker, at = data[at], at + 1
            if marker in _RST:
                yield None
                continue
            if marker:
                return
        for place in range(7, -1, -1):
            yield byte >> place & 1


def _blocks(read: _Stream, count: int) -> Iterator[list[int]]:
    """Quantized coefficients of each block in zigzag order, F.2.2."""
    bits, tables = _bits(read.data), read.scan[2]
    direct, alternating = read.codes[tables >> 4], read.codes[16 + (tables & 15)]
    before = 0
    for number in range(count):
        if read.restart and number and number % read.restart == 0:
            while next(bits) is not None:
                pass
            before = 0
        block = [0] * 64
        before += _value(bits, _symbol(bits, direct))
        block[0], at = before, 1
        while at < 64:
            symbol = _symbol(bits, alternating)
            run, size = symbol >> 4, symbol & 15
            if size == 0 and run != 15:
                break
            at += run
            if size:
                block[at] = _value(bits, size)
            at += 1
        yield block


def _symbol(bits: Iterator[int | None], table: dict[tuple[int, int], int]) -> int:
    code = length = 0
    while True:
        code, length = code << 1 | next(bits), length + 1
        if (length, code) in table:
            return table[length, code]


def _value(bits: Iterator[int | None], size: int) -> int:
    """A number of ``size`` bits, negative where its first bit is 0: F.2.2.1."""
    value = 0
    for _ in range(size):
        value = value << 1 | next(bits)
    return value if not size or value >> (size - 1) else value - 2**size + 1


def _zigzag() -> list[int]:
    """Place in the block of each coefficient, A.3.6."""

    def order(at: int) -> tuple[int, int]:
        row, column = divmod(at, _SIDE)
        odd = (row + column) % 2
        return row + column, row if odd else column

    return sorted(range(_SIDE * _SIDE), key=order)


def _cosines() -> NDArray[np.float64]:
    """``C(u) / 2 * cos((2x + 1) u pi / 16)``, A.3.3."""
    u, x = np.mgrid[:_SIDE, :_SIDE]
    basis = np.cos((2 * x + 1) * u * np.pi / 16) / 2
    basis[0] /= np.sqrt(2)
    return basis
