"""What every source is: items that can be opened, each with the key it gets.

A source knows where bytes come from and how they are named; ``push`` knows how they
are sent. Keys may name a person, so what leaves both is counts and codes.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from dicom_pipeline.resources.bucket import Bucket

UNREADABLE: Final = "unreadable"
UNREADABLE_FOLDER: Final = "unreadable_folder"
NOT_A_FILE: Final = "not_a_file"
KEY_TOO_LONG: Final = "key_too_long"
INCOMPLETE: Final = "incomplete"
"""The bytes ended before the size that was said."""
FORBIDDEN: Final = "forbidden"
"""No permission, or a signed address that has expired."""
GONE: Final = "gone"
CHANGED: Final = "changed_meanwhile"
"""It became another version while it was read; the next push gets that one."""
UNAVAILABLE: Final = "unavailable"
"""The server does not answer, or is busy, after every attempt."""
UNTRUSTED: Final = "certificate_not_trusted"
REFUSED: Final = "refused_by_source"
"""The server takes the question for a wrong one."""

LONGEST_KEY: Final = 1024  # bytes of UTF-8, S3's limit


class SourceError(RuntimeError):
    """The place that files come from fails, or cannot be understood.

    The message says what to do and quotes no key, no address and no value.
    """


class ItemError(Exception):
    """One item cannot be had; the others go on.

    Attributes:
        code: Why, as a word that is counted.
        passing: Whether another attempt may succeed.
        after_seconds: How long the other side wants to be left alone before it.
    """

    def __init__(
        self, code: str, *, passing: bool = False, after_seconds: float = 0.0
    ) -> None:
        """Keep the code; there is nothing else that may be said."""
        super().__init__(code)
        self.code, self.passing, self.after_seconds = code, passing, after_seconds


def _nothing() -> None:
    """Release nothing: most items hold nothing."""


@dataclass(frozen=True)
class Item:
    """One thing to be sent.

    Attributes:
        key: Where it goes in the provider bucket; may name a person.
        open: Gives its bytes from the beginning, as often as it is asked; raises
            ``ItemError`` or ``OSError``, and so does reading.
        bytes: Size where it is known without reading. Fewer bytes are a failure.
        etag: ETag that the provider bucket would give it, where that is known
            without reading.
        version: Any fact that changes when the bytes do (ETag of a web server,
            last change), kept with the object as a hash; where it is the same again
            the bytes are not read.
        metadata: Facts that are kept with the object (S3 user metadata: ASCII).
        path: Where the bytes lie on this machine already.
        copier: Has a store copy it, where it lies in one.
        may_be_archive: Whether to look if it is a ZIP or TAR, and open it.
        expand: Opens it as an archive in another way than the usual one.
        release: Called once, when the item is done with.
    """

    key: str = field(repr=False)
    open: Callable[[], AbstractContextManager[BinaryIO]] = field(repr=False)
    bytes: int | None = None
    etag: str = field(default="", repr=False)
    version: str = field(default="", repr=False)
    metadata: Mapping[str, str] = field(default_factory=dict, repr=False)
    path: Path | None = field(default=None, repr=False)
    copier: "Copier | None" = field(default=None, repr=False)
    may_be_archive: bool = True
    expand: "Callable[[Item], Iterator[Found]] | None" = field(default=None, repr=False)
    release: Callable[[], None] = field(default=_nothing, repr=False)


class Copier(Protocol):
    """Copies one item within its store, without its bytes passing through here."""

    def can(self, bucket: Bucket) -> bool:
        """Whether the bucket is of the same store."""

    def peek(self) -> bytes:
        """Return the first bytes of the item, enough to tell an archive.

        Raises:
            ItemError: They cannot be had.
        """

    def copy(self, bucket: Bucket, key: str, metadata: Mapping[str, str]) -> bool:
        """Put it at a key; ``False`` where the store does not let us.

        Raises:
            ItemError: It is gone, or has changed.
        """


@dataclass(frozen=True)
class Failed:
    """Something that should have become an item and did not; the push is not ok."""

    code: str


@dataclass(frozen=True)
class Skipped:
    """Something that holds no bytes of its own (a link in an archive); harmless."""

    code: str


Found = Item | Failed | Skipped
"""What a source yields."""


@dataclass(frozen=True)
class Expected:
    """What a source holds, as far as it can tell before it is read.

    Attributes:
        files: Files, or objects.
        bytes: Their size.
        series: Series, where the source knows.
    """

    files: int
    bytes: int
    series: int | None = None


class Source(Protocol):
    """A place that items come from."""

    @property
    def prefix(self) -> str:
        """What all its keys begin with; what is there below it is not sent again."""

    def expected(self) -> Expected | None:
        """Count files and bytes for a progress bar; ``None`` where that costs much."""

    def items(self) -> Iterator[Found]:
        """Yield what there is, in an order that repeats.

        Raises:
            SourceError: The place fails; items that were yielded are sent.
        """


@dataclass(frozen=True)
class Below:
    """Another source, its keys below the part of the bucket that is listed."""

    source: Source
    below: str = field(repr=False)

    @property
    def prefix(self) -> str:
        """The prefix, then that of the source."""
        return self.below + self.source.prefix

    def expected(self) -> Expected | None:
        """What the source expects."""
        return self.source.expected()

    def items(self) -> Iterator[Found]:
        """Yield what the source has, under longer keys."""
        for found in self.source.items():
            if isinstance(found, Item):
                yield replace(found, key=self.below + found.key)
            else:
                yield found


def spelled(name: str) -> str:
    r"""Spell a name as a key can hold it.

    A byte that is not UTF-8 becomes ``\xff``, and so does a control character, which
    the XML of a listing cannot carry.
    """
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    code = ord(character)
    unsafe = code < ord(" ") or character in "\x7f\ufffe\uffff"
    return f"\\x{code:02x}" if unsafe else character


def keyed(item: Item) -> Found:
    """Return the item, or its failure where no store would take its key."""
    too_long = len(item.key.encode("utf-8", "replace")) > LONGEST_KEY
    if not too_long:
        return item
    with contextlib.suppress(OSError):
        item.release()
    return Failed(KEY_TOO_LONG)
