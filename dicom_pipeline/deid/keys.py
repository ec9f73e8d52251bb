"""The de-identification key: made, loaded, checked, split into sub-keys."""

import hmac
import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

KEY_BYTES = 32
CHECK_BYTES = 8


class KeyUnavailableError(Exception):
    """The key cannot be had; the message never holds any part of it."""


class NoKeyError(KeyUnavailableError):
    """No key is configured."""

    def __init__(self) -> None:
        """Say which setting is missing."""
        super().__init__(
            "no de-identification key in this profile: set DICOM_PIPELINE_KEY_URI"
        )


class KeyFileOpenError(KeyUnavailableError):
    """Others than its owner may read the key file."""

    def __init__(self) -> None:
        """Say how to close it."""
        super().__init__("the key file is open to group or others: chmod 600 it")


class KeyFormatError(KeyUnavailableError):
    """What was found is no key."""

    def __init__(self) -> None:
        """Say what a key is."""
        super().__init__(f"a key is {KEY_BYTES} bytes, as hexadecimal digits")


class KeyUriError(KeyUnavailableError):
    """The address has a scheme that is not known."""

    def __init__(self) -> None:
        """Name the schemes."""
        super().__init__("a key URI is file:///path, env:NAME or awssm://NAME-OR-ARN")


def create_key_file(path: Path) -> None:
    """Write a new random key that only its owner can read.

    Raises:
        FileExistsError: There is a key already; it is never overwritten.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")


def load_key(uri: str) -> bytes:
    """Return the key that ``uri`` points to.

    Args:
        uri: ``file:///path`` or ``env:NAME``; either holds 64 hexadecimal digits.

    Raises:
        KeyUnavailableError: There is none, it is no key, or others may read it.
    """
    if not uri:
        raise NoKeyError
    address = urlsplit(uri)
    if address.scheme == "file":
        return key_of(_text_of(Path(unquote(address.path))))
    if address.scheme == "env":
        return key_of(os.environ.get(address.path, ""))
    raise KeyUriError


def check_value(key: bytes) -> str:
    """Return 16 hexadecimal digits that tell one key from another, not the key."""
    return hmac.digest(key, b"kcv", "sha256")[:CHECK_BYTES].hex()


def chain_check_value(keys: Sequence[bytes]) -> str:
    """Return 16 hexadecimal digits for keys that follow each other, oldest first.

    Another key, one left out or another order gives other digits; those of one key
    are its ``check_value``.
    """
    value = check_value(keys[0])
    for key in keys[1:]:
        value = hmac.digest(key, b"kcv" + bytes.fromhex(value), "sha256").hex()
        value = value[: 2 * CHECK_BYTES]
    return value


def sub_key(key: bytes, domain: str) -> bytes:
    """Return the key of one class of identifiers, 32 bytes."""
    return hmac.digest(key, f"dicom-deid/v1/{domain}".encode(), "sha256")


def _text_of(path: Path) -> str:
    try:
        with path.open(encoding="ascii") as file:
            mode = os.fstat(file.fileno()).st_mode
            if mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise KeyFileOpenError
            return file.read()
    except OSError:
        raise KeyUnavailableError("the key file cannot be read") from None
    except UnicodeDecodeError:
        raise KeyFormatError from None


def key_of(text: str) -> bytes:
    """Return the key that 64 hexadecimal digits spell.

    Raises:
        KeyFormatError: They spell none.
    """
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        raise KeyFormatError from None
    if len(key) != KEY_BYTES:
        raise KeyFormatError
    return key
