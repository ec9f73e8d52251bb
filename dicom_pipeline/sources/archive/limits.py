"""How much an archive may hold: what keeps a bomb from filling a disk."""

from dataclasses import dataclass, field
from typing import Final

RATIO: Final = "archive_ratio"
TOO_LARGE: Final = "archive_too_large"
TOO_MANY: Final = "archive_too_many_members"
TOO_DEEP: Final = "archive_nested_too_deep"
DIRECTORY_TOO_LARGE: Final = "archive_directory_too_large"
DAMAGED: Final = "archive_damaged"
COMPRESSION: Final = "archive_compression_unknown"
ENCRYPTED: Final = "member_encrypted"
MEMBER_DAMAGED: Final = "member_damaged"
LINK: Final = "link"


@dataclass(frozen=True)
class Limits:
    """The limits; each stands for an archive with all that is nested in it.

    Attributes:
        ratio: Bytes of members per byte of the outermost archive.
        ratio_from: Bytes up to which the ratio is not asked: a blank image of a
            screen shrinks a thousandfold.
        bytes: Bytes of all members.
        members: Members, folders and links counted.
        depth: Archives in archives; 1 is one that holds none.
        directory_bytes: What a ZIP may make us hold in memory at once.
    """

    ratio: int = 200
    ratio_from: int = 1024**3
    bytes: int = 1024**4
    members: int = 500_000
    depth: int = 3
    directory_bytes: int = 128 * 1024**2


LIMITS: Final = Limits()


class LimitError(Exception):
    """A limit is passed; the rest of the archive is not read."""

    def __init__(self, code: str) -> None:
        """Keep the code."""
        super().__init__(code)
        self.code = code


@dataclass
class Budget:
    """What is left of the limits for one outermost archive."""

    limits: Limits
    archive_bytes: int
    _members: int = field(default=0, init=False)
    _bytes: int = field(default=0, init=False)

    def spend(self, size: int) -> None:
        """Count one member before it is read.

        Raises:
            LimitError: A limit is passed.
        """
        self._members += 1
        if self._members > self.limits.members:
            raise LimitError(TOO_MANY)
        self.spend_bytes(size)

    def spend_bytes(self, size: int) -> None:
        """Count bytes of a member whose size nothing has told before.

        Raises:
            LimitError: A limit is passed.
        """
        limits = self.limits
        self._bytes += size
        if self._bytes > limits.bytes:
            raise LimitError(TOO_LARGE)
        allowed = max(limits.ratio_from, limits.ratio * self.archive_bytes)
        if self._bytes > allowed:
            raise LimitError(RATIO)
