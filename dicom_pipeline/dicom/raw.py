"""Elements as they lie in a file, before anybody has asked what they mean."""

from dataclasses import dataclass

DEPTH_LIMIT = 64
"""Sequences inside sequences that are followed; enhanced objects need fewer than 10."""

UNDEFINED = 0xFFFFFFFF
"""Length of a value that ends where its delimiter is (PS3.5 7.1)."""

PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
"""Elements that hold pixels: PS3.3 C.7.6.3, C.7.6.24."""


class Cut(bytes):
    """A value that is shorter than its length says."""

    __slots__ = ()


class Texts(tuple[str, ...]):
    """Values that pydicom itself has looked at, and so decoded."""

    __slots__ = ()


Value = bytes | Texts | list["Elements"]
"""Bytes as stored; or the items of a sequence that were found on the way."""

Element = tuple[int, str | None, Value]
"""Tag, Value Representation as written (``None`` where implicit), value."""


@dataclass(frozen=True, slots=True)
class Elements:
    """One data set or item.

    Attributes:
        elements: In tag order, each tag once.
        implicit: Whether sequences within are of implicit VR.
        little_endian: Byte order of binary numbers.
    """

    elements: list[Element]
    implicit: bool
    little_endian: bool = True

    def bytes_of(self, tag: int) -> bytes | None:
        """The value of ``tag`` as stored; ``None`` where it is absent or no bytes."""
        for number, _, value in self.elements:
            if number >= tag:
                return _stored(value) if number == tag else None
        return None


def _stored(value: Value) -> bytes | None:
    if isinstance(value, Texts):
        return "\\".join(value).encode("latin-1", "replace")
    return value if isinstance(value, bytes) else None


class NestedTooDeepError(ValueError):
    """Sequences go deeper than the limit."""

    def __init__(self) -> None:
        """Say the limit, nothing of the file."""
        super().__init__(f"sequences are nested deeper than {DEPTH_LIMIT}")
